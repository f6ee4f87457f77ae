// Pages of what the directory and the reports say together: who is idle, what licences there are, how departments do.

import { json } from "./api.js";
import { counted, day, el, number, percent, table } from "./elements.js";
import { choice, listing } from "./listing.js";
import { money } from "./overview.js";
import { to } from "./route.js";

const DAYS = [30, 60, 90, 180];
const KINDS = ["department", "country", "company"];
const FIRST = ["Display Name", "Days Idle", "Last Activity Date", "None Since", "Products", "Department", "Country"];
const LAST = ["Account State", "User Principal Name"];

/** Who holds a licence and did nothing; filtered and sorted here, and saved as it is shown. */
export async function people(box, place, go) {
  const days = DAYS.includes(Number(place.days)) ? Number(place.days) : 90;
  const answer = await json("/personal/v1.0/idle", { days, product: place.product, asOf: place.asOf, format: "json" });
  const costs = Object.keys(answer.value[0] ?? {}).filter((name) => name.startsWith("Cost A Month"));
  const columns = [...FIRST, ...costs, ...LAST];
  const rows = answer.value.map((row) => columns.map((name) => row[name] ?? ""));
  rows.sort((one, other) => other[columns.indexOf("Days Idle")] - one[columns.indexOf("Days Idle")]);
  const products = [...new Set(answer.value.flatMap((row) => (row.Products ?? "").split("+")))].filter(Boolean).sort();
  const list = listing("people", "People without activity", {
    ...{ columns, rows, file: `idle_${days}_days_${answer.refreshDate}`, hint: "name, department, …" },
    told: ({ length }) => `${counted(length, "account")} with a licence ${length === 1 ? "has" : "have"} done nothing for ${days} days.`,
  });
  box.replaceChildren(
    el(
      "div.choices",
      {},
      choice("Without activity for", "idle-days", DAYS.map((each) => [each, `${each} days`]), days, (value) => go({ days: value })),
      choice(
        "Product",
        "idle-product",
        [["", "all"], ...[...new Set([...(place.product ? [place.product] : []), ...products])].map((each) => [each, each])],
        place.product ?? "",
        (value) => go({ product: value }),
      ),
      list.filter,
    ),
    ...list.body,
    sources(answer),
  );
}

/** What is bought, assigned, used and idle of each product, and what that costs. */
export async function licences(box, place) {
  const answer = await json("/v1.0/licences", { asOf: place.asOf, format: "json" });
  const columns = ["Product", "Bought", "Assigned", "Free", "Active, 90 days", "Idle", "Idle a month", "Free a month"];
  const cost = (row, name) => (row[name] === null ? "" : money(row[name], row.Currency));
  const rows = [...answer.value]
    .sort((one, other) => (other["Cost Of Idle"] ?? 0) - (one["Cost Of Idle"] ?? 0) || (other.Idle ?? 0) - (one.Idle ?? 0))
    .map((row) => [
      el("a", { href: to("people", "", { product: row["Sku Part Number"] }), title: row["Sku Part Number"] }, row.Product),
      ...["Bought", "Assigned", "Free", "Active 90 Days", "Idle"].map((name) => (row[name] === null ? "" : number(row[name]))),
      cost(row, "Cost Of Idle"),
      cost(row, "Cost Of Free"),
    ]);
  box.replaceChildren(
    el("p", {}, `Licences on ${day(answer.refreshDate)}. Idle: held for 90 days, without activity in any service of the product.`),
    table("Licences", columns, rows),
    el("p.hint", {}, "Blank is unknown, or withheld because it is of few people. Costs come from prices.csv: docs/operations.md."),
    sources(answer),
  );
}

/** How many of those with a licence were active, by department, country or company. */
export async function departments(box, place, go) {
  const by = KINDS.includes(place.by) ? place.by : KINDS[0];
  const answer = await json("/v1.0/adoption", { by, asOf: place.asOf, format: "json" });
  const title = by[0].toUpperCase() + by.slice(1);
  const columns = [title, "With a licence", "Active, 90 days", "Share", "Year before"];
  const rows = answer.value.map((row) => {
    const change = row["Change To Year Before"];
    const share = row.Share;
    return [
      row[title] || "(none)",
      number(row.Licensed),
      row.Active === null ? "" : number(row.Active),
      share === null ? "" : percent(share),
      share === null || change === null ? "" : percent(share - change),
    ];
  });
  box.replaceChildren(
    el("div.choices", {}, choice("By", "by", KINDS.map((each) => [each, each]), by, (value) => go({ by: value }))),
    el("p", {}, `People with a licence, and how many of them were active within 90 days of ${day(answer.refreshDate)}.`),
    table(`Adoption by ${by}`, columns, rows),
    el("p.hint", {}, "Groups that are too small to be told stand together in (other)."),
    sources(answer),
  );
}

/** What the numbers are made of, and what they lack. */
function sources({ sources, notArchived }) {
  const lacking = notArchived?.length ? ` Not archived, so not known: ${notArchived.join(", ")}.` : "";
  const days = [...new Set(Object.values(sources ?? {}))].sort().map(day);
  return el("p.source", {}, `Made of reports of ${days.join(", ") || "no day"}.${lacking}`);
}
