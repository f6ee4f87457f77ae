// What one wants to know first: four numbers that can be read from two metres, each with what it was a year before.

import { answers, best } from "./answers.js";
import { json, text } from "./api.js";
import { parse } from "./csv.js";
import { bytes, change, day, el, number, percent, shifted, united } from "./elements.js";
import { AHEAD, RECENT, YEAR, idle, measures, recent, shares, stored, valueAt } from "./numbers.js";
import { to } from "./route.js";

const STORAGE = ["getMailboxUsageStorage", "getOneDriveUsageStorage", "getSharePointSiteUsageStorage"];

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
  const { now, before } = recent(found, name);
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
  const least = now.withheld ? "≥\u00a0" : "";
  const costs = now.costs.map(([currency, cost]) => `${least}${money(cost, currency)} a month`);
  return tile({
    title: "Idle licences",
    value: now.idle === null ? (now.withheld ? "withheld" : "unknown") : `${least}${number(now.idle)}`,
    now: now.idle,
    before: now.withheld || before?.withheld ? null : (before?.idle ?? null),
    was: number,
    lacking: now.withheld || before?.withheld ? "not all is told: numbers of few people are withheld" : undefined,
    note: [`of ${number(now.assigned)} assigned, for 90 days`, ...costs].join(", "),
    href: to("licences"),
  });
}

async function counted(query) {
  const { value } = await json("/v1.0/licences", { ...query, format: "json" });
  return idle(value);
}

export function money(amount, currency) {
  try {
    return new Intl.NumberFormat("en", { style: "currency", currency, maximumFractionDigits: 0 }).format(amount);
  } catch {
    return united(number(amount), currency); // what somebody wrote into a list of prices
  }
}

async function copilot(calls, read) {
  const call = best(calls, "getMicrosoft365CopilotUserCountSummary", "D30");
  if (!call) return null;
  const content = await read(call);
  const found = shares(content, " Active Users", " Enabled Users");
  const [, now, before] = found?.lines.find(([name]) => name === "Any App") ?? [];
  if (!now?.all) return null;
  return tile({
    title: "Copilot adoption",
    value: percent(now.active / now.all),
    now: now.active / now.all,
    before: before?.all ? before.active / before.all : null,
    was: percent,
    points: true,
    note: `${number(now.active)} of ${number(now.all)} with a licence used it in ${call.argument}`,
    href: to("reports", call.text),
  });
}

async function storage(calls, read) {
  const found = STORAGE.map((report) => best(calls, report, "D180")).filter(Boolean);
  const all = (await Promise.all(found.map(read))).map(stored).filter(Boolean);
  if (!all.length) return null;
  const sum = (name) => all.reduce((total, { [name]: value }) => (value === null || total === null ? null : total + value), 0);
  const [now, before, ahead] = ["now", "before", "ahead"].map(sum);
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

function tile({ title, value, now, before, was, note, href, points = false, lacking = "no year to compare with yet" }) {
  return el(
    "a.tile",
    { href },
    el("span.title", {}, title),
    el("strong", {}, value),
    el("span.change", {}, before === null ? lacking : compared(now, before, was, points)),
    el("span.hint", {}, note),
  );
}

/** How a number stands to that of a year before; of shares in points. */
function compared(now, before, was, points) {
  const by = points ? `${now < before ? "−" : "+"}${number(Math.abs(now - before) * 100)} points` : change(now, before);
  return `${by && `${by}, from `}${was(before)} a year ago`;
}
