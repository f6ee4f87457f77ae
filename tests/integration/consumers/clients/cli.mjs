// Asks for a report with the CLI for Microsoft 365: {"base", "key", "command", "options"} on stdin, {"rows"} or {"error"}
// on stdout. The argument is the folder with the packages. The CLI has no setting for its base URL, nor for a header.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const load = (file) => import(pathToFileURL(join(process.argv[2], "@pnp", "cli-microsoft365", "dist", file)));
const { base, key, command, options } = JSON.parse(readFileSync(0, "utf-8"));

const { default: auth, Auth, CloudType } = await load("Auth.js");
const { default: request } = await load("request.js");
const { executeCommand } = await load("api.js");

const graph = "https://graph.microsoft.com";
const token = { accessToken: "anything", expiresOn: "2099-01-01T00:00:00Z" };
Auth.cloudEndpoints[CloudType.Public] = { [graph]: base };
auth.restoreAuth = async () => {};
Object.assign(auth.connection, { active: true, cloudType: CloudType.Public });
for (const resource of [graph, new URL(base).origin]) auth.connection.accessTokens[resource] = token;
request.req.defaults.headers.common["x-functions-key"] = key;

try {
    const { stdout } = await executeCommand(command, options);
    console.log(JSON.stringify({ rows: JSON.parse(stdout) }));
} catch (error) {
    console.log(JSON.stringify({ error: error.error?.message ?? error.message }));
}
