// The same data elsewhere: what is on screen as text to paste. The key is a placeholder: the true one never leaves the tab.

import { ROOT, address } from "./api.js";

const PLACEHOLDER = "YOUR_KEY";

/** By name of the tool, what makes its text of resources `{name, path, query, file}`. */
export const SNIPPETS = {
  curl: (all) => all.map(curl).join("\n\n"),
  PowerShell: (all) => [`$headers = @{ 'x-functions-key' = '${PLACEHOLDER}' }`, ...all.map(powershell)].join("\n"),
  pandas: (all) =>
    ["import pandas as pd", `KEY = {"x-functions-key": "${PLACEHOLDER}"}`, ...all.map(pandas), ...together(all)].join(
      "\n",
    ),
  "Power Query": (all) =>
    all.map((each) => M(each, ["// When you are asked for credentials: Web API, and the key."])).join("\n\n"),
  Excel: (all) =>
    all
      .map((each) =>
        M(each, [
          "// Data > Get Data > From Other Sources > Blank Query > Advanced Editor: paste this in place of what is there.",
          "// When you are asked for credentials: Web API, and the key.",
        ]),
      )
      .join("\n\n"),
};

const url = ({ path, query }) => location.origin + ROOT + address(path, query);

const curl = (each) =>
  `curl --fail --compressed --header 'x-functions-key: ${PLACEHOLDER}' \\\n  --output '${each.file}.csv' \\\n  '${url(each)}'`;

const powershell = (each) =>
  `Invoke-WebRequest -Headers $headers -OutFile '${each.file}.csv' \`\n  -Uri '${url(each)}'\nImport-Csv '${each.file}.csv' -Encoding UTF8`;

const pandas = (each) => `${each.name} = pd.read_csv(\n    "${url(each)}",\n    storage_options=KEY,\n)`;

const together = (all) =>
  all.length === 2
    ? [`${all[0].name}.merge(${all[1].name}, how="outer", indicator=True).query("_merge != 'both'")`]
    : [];

/** One query; the base URL is the same for all of them, so that Power BI has one data source and one credential. */
function M({ path, query }, comments) {
  const [base, rest] = [path.replace(/\/reports\/.*/, "/reports"), path.replace(/.*\/reports\//, "")];
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const fields = given.map(([name, value]) => `${name} = "${value}"`).join(", ");
  return [
    ...comments,
    "let",
    `    Body = Web.Contents("${location.origin}${ROOT}${base}", [`,
    `        RelativePath = "${rest}",`,
    ...(fields ? [`        Query = [${fields}],`] : []),
    '        ApiKeyName = "code"',
    "    ]),",
    '    Rows = Csv.Document(Binary.Buffer(Body), [Delimiter = ",", Encoding = 65001, QuoteStyle = QuoteStyle.Csv]),',
    "    Result = Table.PromoteHeaders(Rows, [PromoteAllScalars = true])",
    "in",
    "    Result",
  ].join("\n");
}
