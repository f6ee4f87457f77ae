// What changed between two tables, cell by cell.

import { column } from "./csv.js";
import { isNumeric } from "./elements.js";

const SAME_EVERYWHERE = ["Report Refresh Date", "Report Period"];

/**
 * How `after` differs from `before`, both as `parse` gives them.
 *
 * `keys` are the columns that say which row is which; empty if rows are told apart by their place alone. `cells` are
 * `{key, column, before, after}`; `added` and `removed` are rows.
 */
export function compare(before, after) {
  const shared = before.columns.filter((name) => after.columns.includes(name));
  const keys = keyColumns(before, after, shared);
  const [old, now] = [indexed(before, keys), indexed(after, keys)];
  const measured = shared.filter((name) => !keys.includes(name) && name !== SAME_EVERYWHERE[0]);
  const cells = [];
  for (const [key, row] of now) {
    const was = old.get(key);
    for (const name of was ? measured : []) {
      const [from, to] = [was[before.columns.indexOf(name)], row[after.columns.indexOf(name)]];
      if (from !== to) cells.push({ key: JSON.parse(key), column: name, before: from, after: to });
    }
  }
  return {
    keys,
    cells,
    added: [...now].filter(([key]) => !old.has(key)).map(([, row]) => row),
    removed: [...old].filter(([key]) => !now.has(key)).map(([, row]) => row),
    addedColumns: after.columns.filter((name) => !shared.includes(name)),
    removedColumns: before.columns.filter((name) => !shared.includes(name)),
  };
}

/** The fewest columns, and of those the first, that tell the rows apart in both: never measures, which change. */
function keyColumns(before, after, shared) {
  const candidates = shared.filter(
    (name) => !SAME_EVERYWHERE.includes(name) && names(before, name) && names(after, name),
  );
  const choices = [
    ...candidates.map((name) => [name]),
    ...candidates.flatMap((one, place) => candidates.slice(place + 1).map((other) => [one, other])),
    candidates,
  ];
  return choices.find((choice) => tellsApart(before, choice) && tellsApart(after, choice)) ?? [];
}

/** Whether a column says something of every row, and no number. */
function names(content, name) {
  const cells = column(content, name);
  return cells.every((cell) => cell !== "") && !isNumeric(cells);
}

function tellsApart(content, choice) {
  return choice.length > 0 && indexed(content, choice).size === content.rows.length;
}

/** The rows by what is in the key columns, or by their place. */
function indexed(content, keys) {
  const places = keys.map((name) => content.columns.indexOf(name));
  return new Map(
    content.rows.map((row, number) => [
      JSON.stringify(places.length ? places.map((place) => row[place]) : [`row ${number + 1}`]),
      row,
    ]),
  );
}
