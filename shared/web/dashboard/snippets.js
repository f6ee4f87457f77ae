// The same data elsewhere: what is on screen as text to paste. The key is a placeholder: the true one never leaves the tab.

import { ROOT, address } from "./api.js";

const PLACEHOLDER = "YOUR_KEY";

/** By name of the tool, what makes its text of resources `{name, path, query, file}`. */
export const SNIPPETS = {
  curl: (all) => all.map(curl).join("\n\n"),
  PowerShell: (all) => ["$ErrorActionPreference = 'Stop'", `$headers = @{ 'x-functions-key' = '${PLACEHOLDER}' }`, ...all.map(powershell)].join("\n"),
  pandas: (all) =>
    ["import pandas as pd", `KEY = {"x-functions-key": "${PLACEHOLDER}"}`, ...all.map(pandas), ...together(all)].join(
      "\n",
    ),
  "Power Query": (all) => ["// When you are asked for credentials: Web API, and the key.", ...M(all)].join("\n"),
  Excel: (all) =>
    [
      "// Data > Get Data > From Other Sources > Blank Query > Advanced Editor: paste this in place of what is there.",
      "// When you are asked for credentials: Web API, and the key.",
      ...M(all),
    ].join("\n"),
};

/** What two snapshots may differ in without a change, so that it is not compared. */
const DAY = "Report Refresh Date";

const url = ({ path, query }) => location.origin + ROOT + address(path, query);

const curl = (each) =>
  `curl --fail --compressed --header 'x-functions-key: ${PLACEHOLDER}' \\\n  --output '${each.file}.csv' \\\n  '${url(each)}'`;

const powershell = (each) =>
  `Invoke-WebRequest -Headers $headers -OutFile '${each.file}.csv' \`\n  -Uri '${url(each)}'\nImport-Csv '${each.file}.csv' -Encoding UTF8`;

const pandas = (each, _, all) => {
  const text = all.length > 1 ? "    dtype=str,\n" : ""; // so that a column without values compares with one that has some
  return `${each.name} = pd.read_csv(\n    "${url(each)}",\n    storage_options=KEY,\n${text})`;
};

const together = (all) =>
  all.length === 2
    ? [
        `same = [name for name in before if name in after and name != "${DAY}"]`,
        `before.merge(after, on=same, how="outer", indicator=True).query("_merge != 'both'")`,
      ]
    : [];

/** Days as days, in a table that stands alone: what two are compared by stays text. */
const TYPED = [
  "    Names = Table.ColumnNames(Headed),",
  '    Blank = Table.ReplaceValue(Headed, "", null, Replacer.ReplaceValue, Names),',
  '    Dates = List.Transform(List.Select(Names, each Text.EndsWith(_, "Date")), each {_, type date}),',
  '    Result = Table.TransformColumnTypes(Blank, Dates, "en-US") // add {"NAME", Int64.Type} for numbers',
];

/** One query, as an editor takes no more: the table, or the rows in which two tables differ. */
function M(all) {
  if (all.length < 2) return all.flatMap((each) => tableOf(each, TYPED));
  return [
    "let",
    ...all.flatMap((each) => [
      `    ${each.name} =`,
      ...tableOf(each).map((line, place, { length }) => `        ${line}${place === length - 1 ? "," : ""}`),
    ]),
    "    Shared = List.Intersect({Table.ColumnNames(before), Table.ColumnNames(after)}),",
    `    Same = List.RemoveItems(Shared, {"${DAY}"}),`,
    "    Of = (one as table, other as table, name as text) as table =>",
    "        let",
    '            Own = Table.NestedJoin(one, Same, other, Same, "Other", JoinKind.LeftAnti)',
    "        in",
    '            Table.AddColumn(Table.RemoveColumns(Own, {"Other"}), "Of", each name, type text),',
    '    Result = Table.Combine({Of(before, after, "before"), Of(after, before, "after")})',
    "in",
    "    Result",
  ];
}

/** The lines of one table; the base URL is the same for all, so that Power BI has one data source and one credential. */
function tableOf({ path, query }, more = ["    Result = Headed"]) {
  const [base, rest] = [path.replace(/\/reports\/.*/, "/reports"), path.replace(/.*\/reports\//, "")];
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const fields = given.map(([name, value]) => `${name} = "${value}"`).join(", ");
  return [
    "let",
    `    Body = Web.Contents("${location.origin}${ROOT}${base}", [`,
    `        RelativePath = "${rest}",`,
    ...(fields ? [`        Query = [${fields}],`] : []),
    '        ApiKeyName = "code"',
    "    ]),",
    '    Rows = Csv.Document(Binary.Buffer(Body), [Delimiter = ",", Encoding = 65001, QuoteStyle = QuoteStyle.Csv]),',
    "    Headed = Table.PromoteHeaders(Rows, [PromoteAllScalars = true]),",
    ...more,
    "in",
    "    Result",
  ];
}
