// How the archive stands: one headline, then the facts behind it, then each call.

import { API } from "./api.js";
import { Call } from "./calls.js";
import { strip, legend } from "./coverage.js";
import { counted, day, el, number, span, table, time } from "./elements.js";
import { to } from "./route.js";

const FEW = 4;
const SIGNS = { good: "✓", busy: "…", note: "i", warn: "!", bad: "✕" };
const WORDS = {
  healthy: ["good", "Running", "A pull ended well within the last two days."],
  starting: ["busy", "Starting", "The first run is yet to come."],
  stopped: ["bad", "Stopped", "No run came to its end while two were due."],
  unscheduled: ["bad", "Unscheduled", "The timer never fires: PULL_SCHEDULE is wrong."],
  stale: ["bad", "Failing", "No pull ended well for two days."],
  empty: ["warn", "Empty", "No pull ended well yet."],
  unreachable: ["bad", "Unreachable", "Storage does not answer the app, or refuses it."],
};
const OUTCOMES = ["published", "revised", "unchanged", "no_data", "deferred", "quarantined", "refused"];

/** The headline and what else there is to say, for what /status answered: above every page. */
export function headlines(status) {
  const [worst, ...others] = status.problems;
  const isWell = status.state === "healthy";
  return [
    isWell ? summary(status) : problemLine(worst),
    ...(isWell ? status.problems : others).map(banner),
    status.run ? null : gettingStarted(status),
  ];
}

/** The facts behind the headline, and each report. */
export function details(status, titleOf) {
  return [facts(status), flips(status), lastRun(status), overview(status, titleOf)];
}

/** The days that Microsoft restated, as /restatements tells them, each with a way to what changed. */
export function restated({ value }) {
  const [days, reports] = ["Refresh Date", "Report"].map((name) => new Set(value.map((row) => row[name])).size);
  const told = value.length
    ? `${counted(days, "day")} of ${counted(reports, "report")}, the newest first.`
    : "None. Whatever Microsoft corrects later is kept beside what it said first.";
  const rows = value.map((row) => [
    row["Refresh Date"],
    el("a", { href: to("reports", row.Call, { view: "changes" }), title: row.Call }, `${row.Title}, ${new Call(row.Call).argument}`),
    number(row.Revisions),
    time(row["Last Pulled At"]),
  ]);
  return el(
    "div",
    { id: "restated", tabindex: -1 },
    el("h3", {}, "Restated by Microsoft in the last 60 days"),
    el("p", {}, told),
    rows.length > 0 && table("Restated days", ["Day", "Report", "Revisions", "Last pulled"], rows, { shown: 10 }),
  );
}

/** How everything is taken home: what a page of one report at a time cannot do. */
export function takeHome(tenant) {
  const of = tenant && ` --tenant ${tenant}`;
  return el(
    "div",
    { id: "export", tabindex: -1 },
    el("h3", {}, "Take everything home"),
    el("p", {}, "All reports as Parquet or CSV into a folder, and again for what is new. docs/operations.md says more."),
    el("pre", { tabindex: 0 }, el("code", {}, ["--url https://ACCOUNT.blob.core.windows.net", "--format csv --personal"].map((options) => `python3 -m local export home ${options}${of}\n`).join(""))),
    el("p.hint", {}, "The first is of an archive in Azure, the second of one on this machine, with people. On Windows, write py for python3."),
  );
}

/** What comes first in a new archive, and what is to be done for it. */
function gettingStarted({ calls, nextRun, permission, permissions }) {
  const states = Object.entries(permissions ?? { "Reports.Read.All": permission });
  const granted = states.every(([, state]) => state === "granted");
  const steps = [
    [
      granted,
      "Permission",
      granted
        ? "Microsoft Graph lets the app read."
        : `The app needs ${states.map(([name]) => name).join(" and ")}. The first run tells whether it is granted; docs/deploy.md says how to grant it.`,
    ],
    [false, "First run", nextRun ? `It begins at ${time(nextRun)}.` : "The timer never fires."],
    [
      false,
      "First reports",
      `${counted(calls.length, "call")} selected. A run of all takes some minutes; what Microsoft keeps of the past follows in the next runs.`,
    ],
  ];
  return el(
    "section.card",
    { id: "getting-started", "aria-labelledby": "getting-started-title" },
    el("h3", { id: "getting-started-title" }, "Getting started"),
    el(
      "ol.steps",
      {},
      steps.map(([done, title, text]) =>
        el(
          `li${done ? ".good" : ""}`,
          {},
          el("strong", {}, title),
          done && el("span.unseen", {}, " (done)"),
          el("p", {}, text),
        ),
      ),
    ),
    el("p.hint", {}, "To pull now, with a key of the function pull_now:"),
    el("pre", { tabindex: 0 }, el("code", {}, `curl -X POST -H "x-functions-key: KEY" "${location.origin}${API}/pull"`)),
  );
}

/** What the word of /health says, until the calls are counted; null for any other word. */
export function atFirst(word) {
  return Object.hasOwn(WORDS, word) ? headline(...WORDS[word], "How each call stands is being counted …") : null;
}

function summary({ calls }) {
  const archived = calls.filter((call) => call.refreshDate).length;
  return headline(
    "good",
    "Healthy",
    `${counted(archived, "call")} ${archived === 1 ? "is" : "are"} archived, up to ${day(newestOf(calls))}.`,
  );
}

const problemLine = ({ level, problem, text, advice }) => headline(level, titled(problem), text, advice);

/** A word for machines as a title. */
const titled = (word) => word[0].toUpperCase() + word.slice(1).replaceAll("_", " ");

function headline(level, word, text, advice) {
  return el(
    `div.headline.${level}`,
    {},
    el("span.sign", { "aria-hidden": "true" }, SIGNS[level]),
    el(
      "div",
      {},
      el("p.word", { id: "headline" }, word),
      el("p", {}, text),
      advice && el("p.advice", {}, advice),
    ),
  );
}

function banner({ level, problem, text, advice }) {
  return el(
    `div.banner.${level}`,
    {},
    el("span.sign", { "aria-hidden": "true" }, SIGNS[level]),
    el("p", {}, el("strong", {}, `${titled(problem)}. `), text, " ", el("span.advice", {}, advice)),
  );
}

function facts({ calls, run, at }) {
  const fresh = calls.filter((call) => call.state === "up_to_date").length;
  const since = calls
    .map((call) => call.since)
    .filter(Boolean)
    .sort()[0];
  const newest = newestOf(calls);
  const waiting = calls.some((call) => call.waiting) && !calls.some((call) => call.missing);
  return el(
    "dl.facts",
    {},
    fact("Up to date", `${number(fresh)} of ${number(calls.length)}`, "calls"),
    fact(
      "Newest",
      newest ? day(newest) : "none",
      newest ? (dayOf(at) > dayOf(newest) ? `${counted(dayOf(at) - dayOf(newest), "day")} ago` : "today") : "",
    ),
    fact("History", since ? counted(dayOf(at) - dayOf(since), "day") : "none", since ? `since ${day(since)}` : ""),
    waiting ? lacking("To come", calls, "waiting", "by themselves", "busy") : lacking("Missing", calls, "missing", "can still be had", "warn"),
    lacking("Lost", calls, "lost", "for good", "bad"),
    fact("Last run", run ? `${span(run.finished, at)} ago` : "none", run ? time(run.finished) : "wait for the timer"),
  );
}

/** Days that calls lack; a day counts once for each of them. */
function lacking(title, calls, name, note, level) {
  const some = calls.filter((call) => call[name]);
  const count = some.reduce((total, call) => total + call[name], 0);
  const unit = count === 1 ? "day" : "days";
  return some.length
    ? fact(title, number(count), `${unit} in ${counted(some.length, "call")}, ${note}`, level)
    : fact(title, "0", unit);
}

function fact(name, value, note, level) {
  return el(level ? `div.${level}` : "div", {}, el("dt", {}, name), el("dd", {}, value), el("dd.note", {}, note));
}

/** Where names became concealed or readable. */
function flips({ calls }) {
  const found = calls
    .flatMap((call) => call.flips.map((flip) => ({ ...flip, call: call.call })))
    .sort((one, other) => (one.refreshDate < other.refreshDate ? 1 : -1));
  if (!found.length) return null;
  return el(
    "details.banner.note",
    { id: "flips" },
    el(
      "summary",
      {},
      el("span.sign", { "aria-hidden": "true" }, SIGNS.note),
      el(
        "span",
        {},
        el("strong", {}, "Names changed. "),
        `On ${counted(new Set(found.map((flip) => flip.refreshDate)).size, "day")}, the last one ${day(found[0].refreshDate)}: `,
        `${found[0].from} before, ${found[0].to} since. People cannot be followed across such a day.`,
      ),
    ),
    el(
      "ul",
      {},
      found
        .slice(0, 100)
        .map((flip) => el("li", {}, `${flip.refreshDate}: ${flip.from} to ${flip.to} in `, el("code", {}, flip.call))),
    ),
  );
}

function lastRun({ calls, run }) {
  if (!run) return null;
  const asked = calls.filter((call) => call.outcome);
  const counts = OUTCOMES.map((outcome) => [outcome, asked.filter((call) => call.outcome === outcome).length]);
  return el(
    "p.outcomes",
    {},
    el("span", {}, "Last run: "),
    counts
      .filter(([, count]) => count)
      .map(([outcome, count]) =>
        el(
          `span.chip${["quarantined", "refused"].includes(outcome) ? ".bad" : ""}`,
          {},
          `${number(count)} ${outcome.replace("_", " ")}`,
        ),
      ),
    run.waitingDays > 0 && el("span.chip", {}, `${counted(run.waitingDays, "single day")} still to come`),
  );
}

/** A line for each report, those that need somebody first; what is well is folded. */
function overview({ calls, at }, titleOf) {
  const today = at.slice(0, 10);
  const reports = [...Map.groupBy(calls, (call) => call.report)].map(([name, own]) => ({ name, title: titleOf(name), own }));
  const worst = ({ own }) => Math.max(...own.map(gravity));
  reports.sort((one, other) => worst(other) - worst(one) || (one.title < other.title ? -1 : 1));
  const well = reports.filter((each) => worst(each) <= WELL);
  const body = el("tbody");
  const filter = el("input", {
    type: "search",
    id: "filter",
    oninput: show,
    placeholder: "such as Teams",
    "aria-controls": "overview",
  });
  const more = el("button", { type: "button", id: "show-all", onclick: () => ((all = true), show()) });
  const told = el("p.hint", { role: "status" });
  let all = reports.length <= FEW;
  const coverage = el(
    "table.overview",
    { id: "overview" },
    el("thead", {}, el("tr", {}, ["Report", "Newest", "State"].map((name) => el("th", { scope: "col" }, name)))),
    body,
  );
  show();
  return el(
    "div",
    {},
    el(
      "div.over",
      {},
      el("h3", {}, "Coverage of the last 90 days"),
      reports.length > FEW && el("label.filter", { for: "filter" }, "Filter ", filter),
    ),
    legend(Object.keys({ archived: 1, recoverable: 1, lost: 1, never: 1, waiting: 1 })),
    coverage,
    told,
    more,
  );

  function show() {
    const wanted = filter.value.trim().toLowerCase();
    const fitting = reports.filter(({ name, title }) => `${title} ${name}`.toLowerCase().includes(wanted));
    const shown = all || wanted ? fitting : fitting.filter((each) => !well.includes(each));
    body.replaceChildren(...shown.map((each) => line(each, today)));
    coverage.hidden = !shown.length;
    more.hidden = shown.length === fitting.length;
    more.textContent = `Show all ${counted(reports.length, "report")}${shown.length ? `: ${number(well.length)} ${well.length === 1 ? "is" : "are"} well` : ""}`;
    told.textContent = fitting.length ? (shown.length ? "" : "Every report is well.") : `No report has “${filter.value}” in its title.`;
  }
}

function line({ name, title, own }, today) {
  const [first] = [...own].sort((one, other) => gravity(other) - gravity(one));
  const states = [...new Map(own.map((call) => [JSON.stringify(badgesOf(call)), call])).values()];
  return el(
    "tr",
    {},
    el(
      "th",
      { scope: "row" },
      el("a", { href: to("reports", name) }, title),
      el("code", {}, name),
      own.length > 1
        ? el(
            "details",
            {},
            el("summary", {}, counted(own.length, "period")),
            own.map((call) => el("div.call", {}, el("a", { href: to("reports", call.call) }, periodOf(call)), strip(call, today), outcome(call))),
          )
        : outcome(first),
      strip(first, today),
    ),
    el("td.number", {}, newestOf(own) ?? "none"),
    el("td", {}, states.flatMap(badges)),
  );
}

function periodOf({ call }) {
  const found = new Call(call);
  return found.argument;
}

const outcome = (call) =>
  el("span.hint.outcome", {}, [call.outcome ? call.outcome.replace("_", " ") : "not asked", call.reason].filter(Boolean).join(", "));

const STATES = {
  failing: (call) => ["bad", call.outcome],
  no_data: () => ["past", "no data"],
  awaited: () => ["busy", "not yet"],
  missing: (call) => ["warn", `${number(call.missing)} missing`],
  late: () => ["warn", "late"],
  filling_up: (call) => ["busy", `${number(call.waiting)} to come`],
  up_to_date: () => ["good", "up to date"],
};

const badges = (call) => badgesOf(call).map(([level, text]) => el(`span.chip.${level}`, {}, text));

function badgesOf(call) {
  const known = [
    ["concealed", "mixed"].includes(call.names) && ["note", call.names],
    call.lost > 0 && ["past", `${number(call.lost)} lost`],
  ].filter(Boolean);
  return [STATES[call.state](call), ...known];
}

const GRAVITY = ["up_to_date", "no_data", "filling_up", "awaited", "late", "missing", "failing"];
/** Up to here nobody is needed. */
const WELL = GRAVITY.indexOf("awaited");

/** How much a call needs somebody. */
const gravity = (call) => GRAVITY.indexOf(call.state);

const newestOf = (calls) =>
  calls
    .map((call) => call.refreshDate)
    .filter(Boolean)
    .sort()
    .at(-1);
const dayOf = (iso) => Math.floor(Date.parse(iso.slice(0, 10)) / 86400000);
