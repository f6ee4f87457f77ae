// Asks Microsoft's own tools: {"blocks": {where: M}} or {"report": folder} on stdin, the answer on stdout.
// The argument is the folder with the packages.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const packages = process.argv[2];

async function blocks(texts) {
    const { DefaultSettings, TaskUtils } = createRequire(join(packages, "x"))("@microsoft/powerquery-parser");
    const answers = {};
    for (const [where, text] of Object.entries(texts)) {
        const task = await TaskUtils.tryLexParse(DefaultSettings, text);
        const parsed = TaskUtils.isParseStageOk(task);
        answers[where] = parsed ? names(task.nodeIdMapCollection) : { error: task.error.message };
    }
    return answers;
}

// The names that a piece of M uses without declaring them, and how many arguments each call has.
function names({ astNodeById, parentIdById }) {
    const nodes = [...astNodeById.values()];
    const isUse = (node) => astNodeById.get(parentIdById.get(node.id))?.kind === "IdentifierExpression";
    const identifiers = nodes.filter((node) => node.kind === "Identifier");
    const declared = new Set(identifiers.filter((node) => !isUse(node)).map((node) => node.literal));
    const used = new Set(identifiers.filter(isUse).map((node) => node.literal));
    const calls = nodes
        .filter((node) => node.kind === "RecursivePrimaryExpression" && node.head.kind === "IdentifierExpression")
        .map((node) => [node.head.identifier.literal, node.recursiveExpressions.elements[0]])
        .filter(([, first]) => first.kind === "InvokeExpression")
        .map(([name, first]) => [name, first.content.elements.length]);
    return { free: [...used.difference(declared)], calls };
}

// The library of the command-line tool: the tool itself wants Power BI Desktop.
async function report(reportDir) {
    const library = join(packages, "@microsoft", "powerbi-report-authoring-cli", "dist", "index.js");
    const { getMetadataProvider, runReportValidation } = await import(pathToFileURL(library));
    const defDir = join(reportDir, "definition");
    const provider = await getMetadataProvider();
    const { diagnostics } = await runReportValidation({ reportDir, defDir, provider, skipSchema: true });
    return Object.entries(diagnostics).flatMap(([code, { items }]) => items.map(({ message }) => `${code}: ${message}`));
}

const asked = JSON.parse(readFileSync(0, "utf-8"));
console.log(JSON.stringify(asked.blocks ? await blocks(asked.blocks) : await report(asked.report)));
