// What one wants to know first: four numbers that can be read from two metres, each with what it was a year before.

import { answers, best, AHEAD, RECENT } from "./answers.js";
import { json, text } from "./api.js";
import { parse } from "./csv.js";
import { bytes, change, day, el, number, percent, shifted } from "./elements.js";
import { YEAR, growth, mean, measures, refreshPlace, valueAt, whole, yearBefore } from "./numbers.js";
import { to } from "./route.js";

const STORAGE = ["getMailboxUsageStorage", "getOneDriveUsageStorage", "getSharePointSiteUsageStorage"];
const USED = "Storage Used (Byte)";

/** Fills two boxes: the tiles, and the questions with their answers. `place` says until when, and as known when. */
export async function overview(tiles, cards, calls, { today, nextRun }, place, failed) {
  const asked = new Map();
  const end = place.to ? shifted(place.to, -1) : place.asOf || today;
  const from = shifted(end, -YEAR - RECENT - 14);
  const of = { from, to: place.to, asOf: place.asOf };
  const read = (call) => {
    if (!asked.has(call.text)) {
      asked.set(
        call.text,
        text(call.series.path, { ...call.series.query, ...of }).then((body) => ({ call, ...parse(body) })),
      );
    }
    return asked.get(call.text);
  };
  const found = [people, licences, copilot, storage].map(async (make) => {
    try {
      return await make(calls, read, { ...place, end });
    } catch (failure) {
      return failure.status === 404 ? null : failed(failure);
    }
  });
  tiles.replaceChildren(...(await Promise.all(found)).filter(Boolean));
  performance.mark("answers");
  await answers(cards, calls, read, { nextRun, asOf: place.asOf }, failed);
}

async function people(calls, read) {
  const call = best(calls, "getOffice365ActiveUserCounts", "D180");
  if (!call) return null;
  const found = measures(await read(call));
  const end = found.days.at(-1);
  const name = found.names.includes("Office 365") ? "Office 365" : found.names[0];
  if (!end) return null;
  const now = mean(found, name, shifted(end, 1 - RECENT), end);
  const before = mean(found, name, shifted(end, 1 - RECENT - YEAR), shifted(end, -YEAR));
  return tile({
    title: "Active people",
    value: number(now ?? valueAt(found, name, end)),
    now,
    before,
    was: number,
    note: `on an average day of the four weeks to ${day(end)}, weekends included`,
    href: to("reports", call.text),
  });
}

async function licences(calls, _, { end, to: until, asOf }) {
  const kept = calls.find((call) => call.report === "subscribedSkus" && call.newest);
  if (!kept) return null;
  const old = shifted(end, -YEAR);
  const now = await counted({ asOf, refreshDate: until && end });
  const before = kept.since && kept.since <= old ? await counted({ refreshDate: old }).catch(() => null) : null;
  return tile({
    title: "Idle licences",
    value: `${now.withheld ? "≥ " : ""}${number(now.idle)}`,
    now: now.idle,
    before: before?.idle ?? null,
    was: number,
    note: [`of ${number(now.assigned)} assigned, for 90 days`, ...now.costs.map((cost) => `${cost} a month`)].join(", "),
    href: to("licences"),
  });
}

/** The idle licences of a day, and what they cost. */
async function counted(query) {
  const { value } = await json("/v1.0/licences", { ...query, format: "json" });
  const sum = (name, rows = value) => rows.reduce((total, row) => total + (row[name] ?? 0), 0);
  const currencies = [...new Set(value.filter((row) => row["Cost Of Idle"]).map((row) => row.Currency))];
  return {
    idle: sum("Idle"),
    withheld: value.some((row) => row.Idle === null && row["Not Measured"] === null),
    assigned: sum("Assigned"),
    costs: currencies.map((currency) => money(sum("Cost Of Idle", value.filter((row) => row.Currency === currency)), currency)),
  };
}

export function money(amount, currency) {
  try {
    return new Intl.NumberFormat("en", { style: "currency", currency, maximumFractionDigits: 0 }).format(amount);
  } catch {
    return `${number(amount)} ${currency}`; // what somebody wrote into a list of prices
  }
}

async function copilot(calls, read) {
  const call = best(calls, "getMicrosoft365CopilotUserCountSummary", "D30");
  if (!call) return null;
  const content = await read(call);
  const rows = new Map(content.rows.map((row) => [row[refreshPlace(content)], row]));
  const end = [...rows.keys()].sort().at(-1);
  if (!end) return null;
  const at = (row, name) => Number(row[content.columns.indexOf(name)] || 0);
  const share = (row) => row && at(row, "Any App Active Users") / at(row, "Any App Enabled Users");
  const [now, before] = [share(rows.get(end)), share(rows.get(yearBefore([...rows.keys()], end)))];
  if (!Number.isFinite(now)) return null;
  return tile({
    title: "Copilot adoption",
    value: percent(now),
    now,
    before: before ?? null,
    was: percent,
    points: true,
    note: `${number(at(rows.get(end), "Any App Active Users"))} of ${number(at(rows.get(end), "Any App Enabled Users"))} with a licence used it in ${call.argument}`,
    href: to("reports", call.text),
  });
}

async function storage(calls, read) {
  const found = STORAGE.map((report) => best(calls, report, "D180")).filter(Boolean);
  const all = (await Promise.all(found.map(read))).map((content) => measures(whole(content))).filter(({ days }) => days.length);
  if (!all.length) return null;
  const sum = (of) => all.map(of).reduce((total, value) => (value === null || total === null ? null : total + value), 0);
  const last = (each) => each.days.at(-1);
  const now = sum((each) => valueAt(each, USED, last(each)));
  const before = sum((each) => valueAt(each, USED, shifted(last(each), -YEAR)));
  const ahead = sum((each) => growth(each, USED, shifted(last(each), -AHEAD), last(each)) * AHEAD);
  return tile({
    title: "Storage",
    value: bytes(now),
    now,
    before,
    was: bytes,
    note: `about ${bytes(Math.max(0, now + ahead))} in ${AHEAD} days, if it goes on so`,
    href: to("reports", found[0].text),
  });
}

function tile({ title, value, now, before, was, note, href, points = false }) {
  return el(
    "a.tile",
    { href },
    el("span.title", {}, title),
    el("strong", {}, value),
    el("span.change", {}, compared(now, before, was, points)),
    el("span.hint", {}, note),
  );
}

/** How a number stands to that of a year before; of shares in points. */
function compared(now, before, was, points) {
  if (before === null) return "no year to compare with yet";
  const by = points ? `${now < before ? "−" : "+"}${number(Math.abs(now - before) * 100)} points` : change(now, before);
  return `${by && `${by}, from `}${was(before)} a year ago`;
}
