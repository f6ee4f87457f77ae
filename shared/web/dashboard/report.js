// One report: which it is, which days there are of it, and a view of them. The address says what is shown.

import { json } from "./api.js";
import { calendar, legend, monthBefore, monthsBetween } from "./coverage.js";
import { counted, day, el, month, number, say, shifted } from "./elements.js";
import { offer } from "./elsewhere.js";
import { route, to } from "./route.js";
import { VIEWS, inOrder, snapshotOf, usualPair } from "./views.js";

/** Days that are shown at first of a personal report: each has a row for everybody. */
const FEW_DAYS = 7;
/** Days that are shown at first of daily numbers: with more, one week cannot be told from the next. */
const MANY_DAYS = 180;

const narrow = matchMedia("(max-width: 700px)");

/**
 * Returns what shows in `box` the call that a place names, until `life` ends; `calls` are all that there are,
 * `failed(failure, again)` shows what went wrong.
 */
export function explorer(box, calls, today, failed, life) {
  const byText = new Map(calls.map((call) => [call.text, call]));
  const state = { call: null, view: "series", snapshots: [], shown: null, range: {}, pair: [], lastMonth: "", asOf: "" };
  const page = { go, again: showPanel, failed };
  let running = new AbortController();

  const reportChoice = el(
    "select",
    { id: "report", onchange: () => go({ call: usual(reportChoice.value).text }) },
    grouped(calls),
  );
  const argumentChoice = el("select", { id: "argument", onchange: () => go({ call: argumentChoice.value }) });
  const problem = el("p", { id: "not-there", role: "alert" });
  const title = el("h3", { id: "report-title" });
  const about = el("p.hint");
  const days = el("div", { id: "days", tabindex: -1 });
  const tabs = Object.entries(VIEWS).map(([name, { title }]) =>
    el(
      "button",
      { type: "button", role: "tab", id: `tab-${name}`, "aria-controls": "panel", onclick: () => turnTo(name) },
      title,
    ),
  );
  const tablist = el(
    "div.tabs",
    { role: "tablist", "aria-label": "What to show of the report", onkeydown: byArrow },
    tabs,
  );
  const panel = el("div", { id: "panel", role: "tabpanel", tabindex: 0 });
  const elsewhere = el("div", { id: "elsewhere" });

  box.replaceChildren(
    title,
    about,
    el("div.choices", {}, el("label", {}, "Report", reportChoice), el("label", {}, "Period", argumentChoice)),
    problem,
    tablist,
    panel,
    days,
    elsewhere,
  );
  narrow.addEventListener("change", () => state.snapshots.length && showDays(), { signal: life });
  return follow;

  // -- where we are ----------------------------------------------------------------------------------------------------

  /** Go to another call or view; what was chosen for the report stays as long as it is the same. */
  function go({ call = state.call.text, ...change }) {
    const { smooth, every } = route();
    location.hash = to("reports", call, { view: state.view, smooth, every, ...change });
  }

  function turnTo(view) {
    const { refreshDate, revision } = state.shown;
    go(view === "day" ? { view, day: refreshDate, revision } : { view });
  }

  /** Show what the address says, and nothing else: the same address shows the same when somebody goes back to it. */
  async function follow(asked) {
    const wanted = byText.get(asked.id) ?? usual(asked.id) ?? favourite();
    const is = wanted?.text === asked.id || wanted?.report === asked.id;
    problem.textContent = is ? "" : `${asked.id} is no call of this archive.`;
    if (!wanted) {
      box.replaceChildren(el("p", {}, "No reports are selected. Set ", el("code", {}, "REPORTS"), " to choose some."));
      return;
    }
    state.view = Object.hasOwn(VIEWS, asked.view) ? asked.view : wanted.personal ? "day" : "series";
    if (wanted !== state.call || (asked.asOf ?? "") !== state.asOf) await open(wanted, asked.asOf ?? "");
    if (state.view === "day" && state.snapshots.length) choose(asked);
    if (state.snapshots.length) {
      state.range = rangeOf(asked);
      showDays();
      await showPanel();
    } else panel.setAttribute("aria-busy", "false");
  }

  /** The days of the series: those that are chosen for the whole page, else as many as can be read. */
  function rangeOf({ from, to: end, every = "", asOf, smooth = "" }) {
    const { call, snapshots } = state;
    const length = call.personal ? FEW_DAYS : call.kind === "counts" ? MANY_DAYS : 0;
    const usualFrom = length && !every && !end ? shifted(snapshots.at(-1).refreshDate, 1 - length) : "";
    const of = every && !call.personal ? call.aggregate : "";
    return { from: from || usualFrom, to: end ?? "", every, of, asOf: asOf ?? "", smooth };
  }

  /** Of the snapshots the one that is asked for, else the newest. */
  function choose({ day: iso, revision }) {
    const found = iso && snapshotOf(state.snapshots, iso, Number(revision));
    state.shown = found || state.snapshots.at(-1);
    if (iso) state.lastMonth = including(state.shown.refreshDate);
    if (iso && (!found || (revision && found.revision !== Number(revision))))
      problem.textContent = `There is no ${revision ? `revision ${revision} of ` : "snapshot of "}${iso}: this is what there is.`;
  }

  function favourite() {
    return usual("getOffice365ActiveUserCounts") ?? usual(calls.find((each) => each.newest)?.report) ?? calls[0];
  }

  /** Of a report the longest period that is archived. */
  function usual(report) {
    const own = calls.filter((each) => each.report === report);
    if (!own.length) return undefined;
    const archived = own.filter((each) => each.newest);
    return archived.findLast((each) => !each.single && !each.version) ?? archived[0] ?? own[0];
  }

  async function open(call, asOf) {
    Object.assign(state, { call, asOf, snapshots: [], shown: null });
    title.replaceChildren(call.title, el("code", {}, call.text));
    reportChoice.value = call.report;
    argumentChoice.replaceChildren(
      ...calls
        .filter((each) => each.report === call.report)
        .map((each) =>
          el("option", { value: each.text }, each.newest ? each.argument : `${each.argument} (nothing yet)`),
        ),
    );
    argumentChoice.value = call.text;
    about.textContent = call.question || (call.personal ? "A row for each person, site, group or team." : "");
    for (const each of [panel, elsewhere]) each.replaceChildren();
    for (const each of [days, panel]) wait(each);
    tablist.hidden = true;
    const signal = instead();
    try {
      const found = (await json(call.snapshots.path, { ...call.snapshots.query, asOf }, signal)).value;
      if (!signal.aborted) begin(found.sort(inOrder));
    } catch (failure) {
      if (signal.aborted) return;
      panel.replaceChildren();
      days.replaceChildren(
        failed(failure, () => {
          state.call = null;
          follow(route());
        }),
      );
    }
  }

  /** Begin with the newest of the snapshots that were found. */
  function begin(snapshots) {
    tablist.hidden = !snapshots.length;
    if (!snapshots.length) {
      panel.replaceChildren();
      days.replaceChildren(
        el(
          "p",
          {},
          "Nothing is archived of this call. If the app setting ",
          el("code", {}, "REPORTS"),
          " selects it, the next run asks for it.",
        ),
      );
      return;
    }
    const newest = snapshots.at(-1);
    const lastMonth = including(newest.refreshDate);
    Object.assign(state, { snapshots, shown: newest, lastMonth, pair: usualPair(snapshots) });
  }

  // -- days ------------------------------------------------------------------------------------------------------------

  /** How many months are shown at once. */
  function monthsAtOnce() {
    return narrow.matches ? 4 : 12;
  }

  /** The last month of those that are shown with that day. */
  function including(iso) {
    let last = today.slice(0, 7);
    while (iso.slice(0, 7) <= monthBefore(last, monthsAtOnce())) last = monthBefore(last, monthsAtOnce());
    return last;
  }

  function showDays() {
    const { call, snapshots, shown, lastMonth, view } = state;
    const revisions = new Map();
    for (const each of snapshots) revisions.set(each.refreshDate, (revisions.get(each.refreshDate) ?? 0) + 1);
    const first = snapshots[0].refreshDate;
    const months = Math.max(narrow.matches ? 2 : 3, Math.min(monthsAtOnce(), monthsBetween(first, lastMonth) + 1));
    const restated = [...revisions.values()].filter((count) => count > 1).length;
    const told =
      `${counted(revisions.size, "day")} archived since ${day(first)}` +
      `${restated ? `, ${number(restated)} of them restated` : ""}.`;
    const earlier = monthBefore(lastMonth, monthsAtOnce());
    const later = monthBefore(lastMonth, -monthsAtOnce());
    replace(
      days,
      el(
        "div.over",
        {},
        el("p", {}, told),
        el(
          "div.pages",
          {},
          turn("earlier", "Earlier", earlier, first.slice(0, 7) <= earlier),
          el("span", {}, `${month(monthBefore(lastMonth, months - 1))} to ${month(lastMonth)}`),
          turn("later", "Later", later, lastMonth < today.slice(0, 7)),
        ),
      ),
      calendar(call, revisions, lastMonth, months, today, view === "day" ? shown.refreshDate : null, (iso) =>
        go({ view: "day", day: iso }),
      ),
      legend(),
    );
    days.setAttribute("aria-busy", "false");
  }

  function turn(id, title, last, possible) {
    return el(
      "button",
      {
        type: "button",
        id,
        disabled: !possible,
        onclick: () => {
          state.lastMonth = last;
          showDays();
        },
      },
      title,
    );
  }

  // -- the view --------------------------------------------------------------------------------------------------------

  async function showPanel() {
    const view = VIEWS[state.view];
    for (const tab of tabs) {
      const selected = tab.id === `tab-${state.view}`;
      tab.setAttribute("aria-selected", String(selected));
      tab.tabIndex = selected ? 0 : -1;
    }
    panel.setAttribute("aria-labelledby", `tab-${state.view}`);
    const signal = instead();
    wait(panel);
    offer(elsewhere, view.resources(state));
    try {
      const content = await view.show(state, page, signal);
      if (!signal.aborted) replace(panel, ...content.filter(Boolean));
    } catch (failure) {
      if (!signal.aborted) replace(panel, failed(failure, showPanel));
    }
    if (signal.aborted) return;
    panel.setAttribute("aria-busy", "false");
    say(`${view.title} of ${state.call.title} is shown.`);
  }

  /** What ends what is about to be asked for when something else is wanted; ends what was asked for before. */
  function instead() {
    running.abort();
    running = new AbortController();
    return running.signal;
  }

  /** Other content; who was at something in the old one is at the same in the new one. */
  function replace(where, ...content) {
    const had = where.contains(document.activeElement) && where !== document.activeElement;
    const id = had && (document.activeElement.id || "picked");
    where.replaceChildren(...content);
    if (!had) return;
    document.getElementById(id)?.focus();
    if (!where.contains(document.activeElement)) where.focus();
  }

  function wait(where) {
    where.setAttribute("aria-busy", "true");
    if (!where.firstChild) where.replaceChildren(el("p.waiting", {}, "Asking the archive …"));
  }

  function byArrow(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
    next.focus();
    next.click();
  }
}

/** The reports as options, by family. */
function grouped(calls) {
  const groups = new Map();
  for (const { report, title, family } of calls) {
    const name = family || "Reports";
    if (!groups.has(name)) groups.set(name, new Map());
    groups.get(name).set(report, title);
  }
  return [...groups]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, reports]) =>
      el(
        "optgroup",
        { label: name },
        [...reports].sort(([, one], [, other]) => (one < other ? -1 : 1)).map(([name, title]) => el("option", { value: name }, title)),
      ),
    );
}
