// The questions that people ask of usage reports, as far as the archive has what answers them.

import { text } from "./api.js";
import { column, parse } from "./csv.js";
import { bytes, change, day, daysBetween, el, number, percent, shifted, svg, time } from "./elements.js";
import { AHEAD, mean, measures, recent, shares, stored } from "./numbers.js";
import { to } from "./route.js";

/** Days after which somebody counts as inactive for long. */
const LONG = 90;

const QUESTIONS = [
  { title: "Active users", reports: ["getOffice365ActiveUserCounts"], period: "D180", answer: averages },
  { title: "Licensed and active", reports: ["getOffice365ServicesUserCounts"], period: "D30", answer: licensed },
  {
    title: "Storage",
    reports: ["getMailboxUsageStorage", "getOneDriveUsageStorage", "getSharePointSiteUsageStorage"],
    period: "D180",
    answer: storage,
  },
  { title: "Teams", reports: ["getTeamsUserActivityUserCounts"], period: "D180", answer: averages },
  { title: "Copilot", reports: ["getMicrosoft365CopilotUserCountSummary"], period: "D30", answer: enabled },
];

/**
 * Fills `box` with a card for each question, one after the other; `failed` makes an element of what went wrong.
 *
 * `read` gives the series of a call, `nextRun` is when what is still to come will be there.
 */
export async function answers(box, calls, read, { nextRun, asOf }, failed) {
  const cards = QUESTIONS.map(({ title }) => el("article.card", { "aria-busy": "true" }, el("h3", {}, title)));
  box.replaceChildren(...cards);
  await Promise.all(QUESTIONS.map((question, place) => fill(cards[place], question)));

  async function fill(card, { title, reports, period, answer }) {
    const found = reports.map((report) => best(calls, report, period)).filter(Boolean);
    if (!found.length) {
      card.classList.add("absent");
      card.append(
        el("p", {}, ...absent(calls.filter((call) => reports.includes(call.report)), reports, nextRun)),
      );
    } else {
      try {
        const contents = await Promise.all(found.map(read));
        card.append(...(await answer(title, contents, calls, asOf)));
      } catch (failure) {
        card.append(failed(failure));
      }
      card.append(el("p.source", {}, "From ", ...found.flatMap(source)));
    }
    card.removeAttribute("aria-busy");
  }
}

/** Why there is no answer: not selected, selected and still to come, or nothing to be had. */
export function absent(selected, reports, nextRun) {
  const states = selected.map((call) => call.state);
  if (!states.some(Boolean)) return ["Not selected. To have it, add ", ...listed(reports), " to the app setting ", el("code", {}, "REPORTS"), "."];
  if (states.includes("failing")) return ["Selected, but the last run could not archive it: see above."];
  if (states.includes("awaited")) return [`Selected. It comes with the next run${nextRun ? `, at ${time(nextRun)}` : ""}.`];
  return ["Selected, but Microsoft has no data of it for this organisation."];
}

function source(call, place) {
  const link = el("a", { href: to("reports", call.text), title: call.text }, `${call.title} (${call.argument})`);
  return place ? [", ", link] : [link];
}

const listed = (names) => names.flatMap((name, place) => [place ? ", " : "", el("code", {}, name)]);

/** The archived call of a report with the wanted period, else with the longest. */
export function best(calls, report, period) {
  const archived = calls.filter((call) => call.report === report && call.newest && !call.version && call.period);
  return (
    archived.find((call) => call.period === period) ?? archived.sort((one, other) => daysOf(other) - daysOf(one))[0]
  );
}

/** 0 for all time, which grows with every day. */
function daysOf({ period }) {
  return Number(/\d+/.exec(period) ?? 0);
}

/** A line per measure: the average of the last four weeks, and of the same four weeks a year before. */
function averages(title, [content]) {
  const found = measures(content);
  const end = found.days.at(-1);
  if (!end) return [nothing()];
  const lines = found.names
    .map((name) => {
      const { now, before } = recent(found, name);
      return [name, now, before, weekly(found, name)];
    })
    .filter(([, now]) => now);
  return [
    compared(
      title,
      ["", "Now", "Year before", "Change"],
      lines
        .sort((one, other) => other[1] - one[1])
        .map(([name, now, before, trend]) => [
          name,
          number(now),
          before === null ? "" : number(before),
          change(now, before),
          trend,
        ]),
    ),
    el("p.hint", {}, `People on an average day of the four weeks to ${day(end)}${since(found, lines)}.`),
  ];
}

/** Who is active of those with a licence, and how many have not been for long. */
async function licensed(title, found, calls, asOf) {
  const long = calls.find((call) => call.report === found[0].call.report && call.newest && call.period === `D${LONG}`);
  const content = long && parse(await text(long.path, { ...long.chosen, asOf }));
  const [inactive, active] = ["Inactive", "Active"].map((name) =>
    Number(content && column(content, `Office 365 ${name}`)?.[0]),
  );
  return [
    ...shown(title, found, " Active", " Inactive"),
    inactive + active > 0 && el("p", {}, ...ofLong(inactive, inactive + active)),
  ].filter(Boolean);
}

function ofLong(inactive, all) {
  if (!inactive) return [`Everybody with a licence was active within ${LONG} days.`];
  const rest = ` of ${number(all)} with a licence (${percent(inactive / all)}) were not active for ${LONG} days, as Microsoft counts.`;
  return [el("strong", {}, number(inactive)), rest];
}

/** Who uses Copilot of those who may. */
function enabled(title, found) {
  return shown(title, found, " Active Users", " Enabled Users");
}

/** What is active of what could be. */
function shown(title, [content], active, other) {
  const found = shares(content, active, other);
  if (!found) return [nothing()];
  const { end, old } = found;
  const lines = found.lines
    .filter(([, now]) => now.all)
    .sort(([, one], [, two]) => two.all - one.all || two.active - one.active);
  const days = content.call.period.slice(1);
  return [
    el(
      "div.scroll",
      { tabindex: 0, role: "region", "aria-label": title },
      el(
        "table.bars",
        {},
        el(
          "thead",
          {},
          el(
            "tr",
            {},
            ["", "Active", "Of", "Share", ...(old ? ["Year before"] : [])]
              .map((name) => el(name ? "th.number" : "td", name ? { scope: "col" } : {}, name)),
          ),
        ),
        el(
          "tbody",
          {},
          lines.map(([name, now, was]) =>
            el(
              "tr",
              {},
              el("th", { scope: "row" }, name, bar(now.active / now.all)),
              el("td.number", {}, number(now.active)),
              el("td.number", {}, number(now.all)),
              el("td.number", {}, percent(now.active / now.all)),
              old && el("td.number", {}, was.all ? percent(was.active / was.all) : ""),
            ),
          ),
        ),
      ),
    ),
    el(
      "p.hint",
      {},
      `Active within ${days} days of ${day(end)}${old ? "" : "; the archive has no year yet to compare with"}.`,
    ),
  ];
}

function storage(title, contents) {
  const lines = contents
    .map((content) => {
      const used = stored(content);
      if (!used) return null;
      const { found, now, before, ahead } = used;
      const label =
        { getMailboxUsageStorage: "Exchange", getOneDriveUsageStorage: "OneDrive" }[content.call.report] ??
        "SharePoint";
      return [
        label,
        bytes(now),
        before === null ? "" : bytes(before),
        change(now, before),
        bytes(Math.max(0, now + ahead)),
        weekly(found, "Storage Used (Byte)"),
      ];
    })
    .filter(Boolean);
  if (!lines.length) return [nothing()];
  return [
    compared(title, ["", "Now", "Year before", "Change", `In ${AHEAD} days`], lines),
    el("p.hint", {}, `Used; the outlook is a straight line through the last ${AHEAD} days.`),
  ];
}

// -- pictures ---------------------------------------------------------------------------------------------------------

/** A line through the means of the weeks. */
function weekly(found, name) {
  const end = found.days.at(-1);
  const weeks = Math.floor((daysBetween(found.days[0], end) + 1) / 7); // whole ones
  const points = Array.from({ length: weeks }, (_, number) => {
    const last = shifted(end, -7 * (weeks - 1 - number));
    return mean(found, name, shifted(last, -6), last);
  });
  const known = points.filter((value) => value !== null);
  if (known.length < 2) return "";
  const [low, high] = [Math.min(...known), Math.max(...known)];
  const path = points
    .map((value, place) =>
      value === null
        ? null
        : `${(place * 100) / (weeks - 1)},${high > low ? 22 - (20 * (value - low)) / (high - low) : 12}`,
    )
    .filter(Boolean);
  return svg(
    "svg.trend",
    { viewBox: "0 0 100 24", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("polyline", { points: path.join(" "), "vector-effect": "non-scaling-stroke" }),
  );
}

function bar(part) {
  return svg(
    "svg.bar",
    { viewBox: "0 0 100 4", preserveAspectRatio: "none", "aria-hidden": "true" },
    svg("rect.all", { width: 100, height: 4 }),
    svg("rect.part", { width: 100 * Math.min(1, part), height: 4 }),
  );
}

/** Names, numbers and a trend. */
function compared(title, head, lines) {
  const columns = [...head, "Trend"];
  const useful = columns.map((_, place) => place === 0 || lines.some((line) => line[place] !== ""));
  return el(
    "div.scroll",
    { tabindex: 0, role: "region", "aria-label": title },
    el(
      "table.compared",
      {},
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          columns
            .filter((_, place) => useful[place])
            .map((name) => el(name ? "th.number" : "td", name ? { scope: "col" } : {}, name)),
        ),
      ),
      el(
        "tbody",
        {},
        lines.map((line) =>
          el(
            "tr",
            {},
            line
              .filter((_, place) => useful[place])
              .map((cell, place) => el(place ? "td.number" : "th", place ? {} : { scope: "row" }, cell)),
          ),
        ),
      ),
    ),
  );
}

function since(found, lines) {
  return lines.every(([, , before]) => before === null)
    ? `; a year to compare with is not there yet: the first day is ${day(found.days[0])}`
    : "";
}

const nothing = () => el("p", {}, "There are no rows yet.");
