// Which days of a call are there: a strip for the overview, and a calendar to choose from.

import { counted, day, daysBetween, el, month, shifted, svg } from "./elements.js";

/** What each state means, in the order of the legend. */
export const STATES = {
  archived: "archived",
  restated: "restated: there are several revisions",
  recoverable: "missing, can still be had",
  lost: "lost",
  never: "never published by Microsoft",
  waiting: "not yet",
};

const FROM_STATUS = { recoverable: "recoverable", empty: "waiting", lost: "lost", never_published: "never" };

/** The state of a day of a call, by what /status knows; null before the first one that is archived. */
export function stateOf(call, iso) {
  const gap = call.gaps.find((each) => each.first <= iso && iso <= each.last);
  if (gap) return FROM_STATUS[gap.state];
  if (!call.since || iso < call.since) return null;
  return iso > call.refreshDate ? "waiting" : "archived";
}

/** A row of days up to `today`, as a picture that says in words what it shows. */
export function strip(call, today, days = 90) {
  const first = shifted(today, 1 - days);
  const runs = [];
  for (let number = 0; number < days; number += 1) {
    const state = stateOf(call, shifted(first, number));
    if (runs.at(-1)?.state === state) runs.at(-1).days += 1;
    else runs.push({ state, start: number, days: 1 });
  }
  const since = call.since ? `archived since ${day(call.since)}` : "nothing archived";
  const gaps = ["recoverable", "lost"].map((state) => [
    runs.filter((run) => run.state === state).reduce((sum, run) => sum + run.days, 0),
    state,
  ]);
  const words = gaps.filter(([count]) => count).map(([count, state]) => `${counted(count, "day")} ${STATES[state]}`);
  return svg(
    "svg.strip",
    { viewBox: `0 0 ${days} 10`, preserveAspectRatio: "none", role: "img", "aria-label": [since, ...words].join(", ") },
    runs
      .filter((run) => run.state)
      .map((run) => svg(`rect.${run.state}`, { x: run.start, y: 0, width: run.days, height: 10 })),
  );
}

export function legend(states = Object.keys(STATES)) {
  return el(
    "ul.legend",
    {},
    states.map((state) => el("li", {}, el(`span.day.${state}`, { "aria-hidden": "true" }), STATES[state])),
  );
}

/**
 * The months that end with `last` (YYYY-MM), as a calendar in which each archived day can be picked.
 *
 * `revisions` are the numbers of revisions by day.
 */
export function calendar(call, revisions, last, months, today, picked, pick) {
  const shown = Array.from({ length: months }, (_, number) => monthBefore(last, months - 1 - number));
  const box = el(
    "div.calendar",
    { role: "group", "aria-label": `Days of ${call.text}. Arrow keys go from day to day.` },
    shown.map((each) => oneMonth(each)),
  );
  const buttons = [...box.querySelectorAll("button")];
  const start = buttons.find((button) => button.value === picked) ?? buttons.at(-1);
  if (start) Object.assign(start, { tabIndex: 0, id: "picked" });
  box.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 }[event.key];
    const from = event.target.value;
    if (!step || !from) return;
    event.preventDefault();
    const wanted = shifted(from, step);
    const ahead = buttons.filter((button) => (step > 0 ? button.value >= wanted : button.value <= wanted));
    const to = step > 0 ? ahead[0] : ahead.at(-1);
    if (!to) return;
    buttons.forEach((button) => {
      button.tabIndex = -1;
    });
    to.tabIndex = 0;
    to.focus();
  });
  return box;

  function oneMonth(name) {
    const first = `${name}-01`;
    const blank = (new Date(`${first}T00:00:00Z`).getUTCDay() + 6) % 7;
    const length = daysBetween(first, `${monthBefore(name, -1)}-01`);
    const cells = [...Array(blank).fill(null), ...Array.from({ length }, (_, number) => shifted(first, number))];
    const weeks = Array.from({ length: Math.ceil(cells.length / 7) }, (_, number) =>
      cells.slice(7 * number, 7 * number + 7),
    );
    return el(
      "table.month",
      {},
      el("caption", {}, month(first)),
      el(
        "thead.unseen",
        {},
        el(
          "tr",
          {},
          ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].map((each) => el("th", { scope: "col" }, each)),
        ),
      ),
      el(
        "tbody",
        {},
        weeks.map((week) =>
          el(
            "tr",
            {},
            week.map((iso) => el("td", {}, iso && oneDay(iso))),
          ),
        ),
      ),
    );
  }

  function oneDay(iso) {
    const count = revisions.get(iso) ?? 0;
    const state = count > 1 ? "restated" : count ? "archived" : absent(iso);
    const date = Number(iso.slice(8));
    if (!state) return el("span.day", { "aria-hidden": "true" }, date);
    const words = count > 1 ? `${counted(count, "revision")}` : STATES[state];
    const label = `${day(iso)}: ${words}`;
    if (!count) return el(`span.day.${state}`, { title: label }, date, el("span.unseen", {}, `: ${words}`));
    return el(
      `button.day.${state}`,
      {
        type: "button",
        value: iso,
        tabindex: -1,
        title: label,
        "aria-label": label,
        "aria-pressed": String(iso === picked),
        onclick: () => pick(iso),
      },
      date,
    );
  }

  function absent(iso) {
    const [first, newest] = [[...revisions.keys()][0], [...revisions.keys()].at(-1)];
    const known = stateOf({ gaps: call.gaps, since: first, refreshDate: newest }, iso);
    return iso > today ? null : known === "archived" ? "never" : known;
  }
}

/** The month (YYYY-MM) so many months before one. */
export function monthBefore(name, months) {
  const [year, number] = name.split("-").map(Number);
  return new Date(Date.UTC(year, number - 1 - months, 1)).toISOString().slice(0, 7);
}

/** How many months `to` is after `from`; both are a day or a month. */
export function monthsBetween(from, to) {
  const count = (iso) => 12 * Number(iso.slice(0, 4)) + Number(iso.slice(5, 7));
  return count(to) - count(from);
}
