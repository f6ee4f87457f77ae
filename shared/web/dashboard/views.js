// What can be shown of a call: its series, any day and revision of it, and what changed between two of them.

import { text } from "./api.js";
import { compare } from "./changes.js";
import { chart, smoothing } from "./chart.js";
import { parse } from "./csv.js";
import { bytes, counted, day, dayField, el, shifted, table, time } from "./elements.js";
import { downloads } from "./elsewhere.js";
import { YEAR, measures, whole } from "./numbers.js";

/**
 * By name: a title, the resources that are shown, and what makes the elements that show them.
 *
 * `state` has the call, all its snapshots, the one that is chosen (`shown`), the `range` of the series and the `pair`
 * to compare. `page` has `go(change)` to another place, `again()` to show what the state says now, `failed(failure)`.
 */
export const VIEWS = {
  series: { title: "Over time", resources: ofSeries, show: showSeries },
  day: { title: "Single day", resources: ofDay, show: showDay },
  changes: { title: "What changed", resources: ofChanges, show: showChanges },
};

/** Compares snapshots: the oldest first, and of a day the first revision first. */
export function inOrder(one, other) {
  if (one.refreshDate !== other.refreshDate) return one.refreshDate < other.refreshDate ? -1 : 1;
  return one.revision - other.revision;
}

/** The snapshot of a day with that revision, else with its last one. */
export function snapshotOf(snapshots, iso, revision) {
  const own = snapshots.filter((each) => each.refreshDate === iso);
  return own.find((each) => each.revision === revision) ?? own.at(-1);
}

// -- series ------------------------------------------------------------------------------------------------------------

function ofSeries({ call, range: { smooth: _, ...range } }) {
  return [{ ...call.series, name: "series", query: { ...call.series.query, ...range } }];
}

async function showSeries(state, page, signal) {
  const { call, range } = state;
  const [resource] = ofSeries(state);
  const { path, query } = resource;
  const isDrawn = !call.personal;
  const more = isDrawn && range.from ? { ...query, from: shifted(range.from, -YEAR - 31) } : query;
  const [content, longer] = await Promise.all([
    text(path, query, signal).then(parse),
    more === query ? null : text(path, more, signal).then(parse, () => null),
  ]);
  signal.throwIfAborted();
  const found = content.rows.length > 0;
  const daily = call.aggregate === "mean";
  return [
    seriesControls(state, page, daily),
    found && isDrawn && chart(call.title, measures(whole(longer ?? content)), { first: range.from, daily, ...range }),
    el(
      "div.over",
      {},
      el(
        "p",
        {},
        found ? `${counted(content.rows.length, "row")}, the newest first.` : "There are no rows in this range.",
      ),
      downloads(resource, page.failed, { picture: found && isDrawn }),
    ),
    found && table(`Series of ${call.text}`, ...dayFirst(content)),
  ];
}

/** The columns and the rows of a table with the day before all else, the newest row first. */
function dayFirst({ columns, rows }) {
  const place = columns.indexOf("Report Date");
  const moved = (cells) => (place < 0 ? cells : [cells[place], ...cells.toSpliced(place, 1)]);
  return [moved(columns), rows.map(moved).reverse()];
}

function seriesControls({ call, range }, page, daily) {
  const what = daily ? "mean of" : "last day of";
  const every = [
    ["", "every day"],
    ["week", call.personal ? "last day of a week" : `${what} a week`],
    ["month", call.personal ? "last day of a month" : `${what} a month`],
  ];
  const changed = ({ target }) => page.go({ [target.name]: target.value });
  return el(
    "form.choices",
    { onsubmit: (event) => event.preventDefault() },
    el(
      "label",
      {},
      "Rows",
      el(
        "select",
        { id: "every", name: "every", onchange: changed },
        every.map(([value, title]) => el("option", { value, selected: value === range.every }, title)),
      ),
    ),
    daily && !range.every && smoothing(range.smooth, changed),
  );
}

// -- one day -----------------------------------------------------------------------------------------------------------

function ofDay({ call, shown }) {
  return [{ ...call.snapshot(shown.refreshDate, shown.revision), name: "snapshot" }];
}

async function showDay(state, page, signal) {
  const { call, shown } = state;
  const [resource] = ofDay(state);
  const content = parse(await text(resource.path, resource.query, signal));
  return [
    dayControls(state, page),
    el("p", { id: "day-problem", role: "alert" }),
    details(shown),
    el(
      "div.over",
      {},
      el("p", {}, `${counted(content.rows.length, "row")}, as Microsoft Graph sent them.`),
      downloads(resource, page.failed),
    ),
    table(`${call.text} on ${day(shown.refreshDate)}`, content.columns, content.rows, { sorts: true }),
  ];
}

function dayControls({ snapshots, shown }, page) {
  const today = shown.refreshDate;
  const [first, last] = [snapshots[0].refreshDate, snapshots.at(-1).refreshDate];
  const revisions = snapshots.filter((each) => each.refreshDate === today);
  const before = (iso) => snapshots.findLast((each) => each.refreshDate < iso);
  const after = (iso) => snapshots.find((each) => each.refreshDate > iso);
  const go = (iso, revision) => page.go({ view: "day", day: iso, revision });
  return el(
    "div.choices",
    {},
    el("label", {}, "Day", dayField("day", today, chooseDay, { min: first, max: last })),
    el(
      "label",
      {},
      "Revision",
      el(
        "select",
        { id: "revision", onchange: ({ target }) => go(today, target.value) },
        revisions.map((each) =>
          el(
            "option",
            { value: each.revision, selected: each === shown },
            `${each.revision} of ${revisions.length}, pulled ${time(each.pulledAt)}`,
          ),
        ),
      ),
    ),
    el("div.pages", {}, step("previous", "Day before", before(today)), step("next", "Day after", after(today))),
  );

  function step(id, title, to) {
    return el("button", { type: "button", id, disabled: !to, onclick: () => go(to.refreshDate) }, title);
  }

  function chooseDay(value) {
    if (snapshotOf(snapshots, value)) go(value);
    else {
      const near = [before(value), after(value)]
        .filter(Boolean)
        .map((each) => day(each.refreshDate))
        .join(" and ");
      document.getElementById("day-problem").textContent = `There is no snapshot of that day. The nearest are ${near}.`;
    }
  }
}

function details({ pulledAt, size, names, flags, sha256 }) {
  return el(
    "dl.details",
    {},
    [
      ["Pulled", time(pulledAt)],
      ["Size", bytes(size)],
      names !== "none" && ["Names", names],
      flags && ["Flags", flags],
      ["SHA-256", el("code", {}, sha256)],
    ]
      .filter(Boolean)
      .map(([name, value]) => el("div", {}, el("dt", {}, name), el("dd", {}, value))),
  );
}

// -- changes -----------------------------------------------------------------------------------------------------------

function ofChanges({ call, pair }) {
  return ["before", "after"]
    .slice(0, pair.length)
    .map((name, place) => ({ ...call.snapshot(pair[place].refreshDate, pair[place].revision), name }));
}

/** The last two revisions of the newest day that was restated, else the last two days; or the only snapshot. */
export function usualPair(snapshots) {
  const restated = snapshots.findLast((each) => each.revision > 1);
  return restated ? [snapshots[snapshots.indexOf(restated) - 1], restated] : snapshots.slice(-2);
}

async function showChanges(state, page, signal) {
  if (state.pair.length < 2) return [el("p", {}, "There is one snapshot only: nothing to compare it with yet.")];
  const [before, after] = await Promise.all(
    ofChanges(state).map(({ path, query }) => text(path, query, signal).then(parse)),
  );
  const found = compare(before, after);
  const isOne = !found.keys.length && before.rows.length === 1 && after.rows.length === 1;
  const keys = found.keys.length ? found.keys : isOne ? [] : ["Row"];
  const columns = [...keys, "Column", "Before", "After", "Difference"];
  const cells = found.cells.map((each) => [...(isOne ? [] : each.key), each.column, each.before, each.after, difference(each)]);
  return [
    el("div.choices", {}, el("label", {}, "Before", choice("before", 0)), el("label", {}, "After", choice("after", 1))),
    el("p", { id: "changes" }, summary(found)),
    found.keys.length > 0 && el("p.hint", {}, `Rows are told apart by ${found.keys.join(" and ")}.`),
    cells.length > 0 && table("Changed cells", columns, cells),
    rows("added", after),
    rows("removed", before),
  ];

  function choice(id, place) {
    const options = state.snapshots.map((each, number) =>
      el(
        "option",
        { value: number, selected: each === state.pair[place] },
        `${each.refreshDate}, revision ${each.revision}`,
      ),
    );
    return el("select", { id, onchange }, options.reverse());

    function onchange({ target }) {
      state.pair[place] = state.snapshots[target.value];
      page.again();
    }
  }

  function rows(what, content) {
    return (
      found[what].length > 0 &&
      el(
        "details",
        {},
        el("summary", {}, `${counted(found[what].length, "row")} ${what}`),
        table(`Rows ${what}`, content.columns, found[what]),
      )
    );
  }
}

function summary({ cells, added, removed, addedColumns, removedColumns }) {
  const rows = new Set(cells.map((each) => JSON.stringify(each.key))).size;
  const parts = [
    cells.length && `${counted(cells.length, "cell")} in ${counted(rows, "row")} changed`,
    added.length && `${counted(added.length, "row")} added`,
    removed.length && `${counted(removed.length, "row")} removed`,
    addedColumns.length && `new: ${addedColumns.join(", ")}`,
    removedColumns.length && `gone: ${removedColumns.join(", ")}`,
  ].filter(Boolean);
  return parts.length ? `${parts.join("; ")}.` : "Nothing changed but perhaps the order of rows.";
}

function difference({ before, after }) {
  if (before === "" || after === "" || !Number.isFinite(Number(before)) || !Number.isFinite(Number(after))) return "";
  const by = Number(after) - Number(before);
  return `${by < 0 ? "−" : "+"}${Math.abs(by).toLocaleString("en")}`;
}
