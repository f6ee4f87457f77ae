// What is worked out of a table of the archive: its numbers by day, means, values of a day, growth.

import { daysBetween, shifted } from "./elements.js";

/** Days between now and a year before: whole weeks, so that weekends weigh the same. */
export const YEAR = 364;
/** Days that a mean is of. */
export const RECENT = 28;
/** Days of the outlook. */
export const AHEAD = 90;
const USED = "Storage Used (Byte)";
const NO_MEASURES = ["Report Refresh Date", "Report Date", "Report Period", "Site Type"];

/** The rows of all sites together, where a report has a row for each type of site too. */
export function whole(content) {
  const place = content.columns.indexOf("Site Type");
  const all = place < 0 ? [] : content.rows.filter((row) => row[place] === "All");
  return all.length ? { ...content, rows: all } : content;
}

/** The measures of a table, summed for each day; blank cells are no numbers. */
export function measures(content) {
  const days = content.columns.includes("Report Date") ? content.columns.indexOf("Report Date") : refreshPlace(content);
  const names = content.columns.filter((name) => !NO_MEASURES.includes(name));
  const values = new Map();
  for (const row of content.rows) {
    const known = values.get(row[days]) ?? {};
    for (const name of names) {
      const text = row[content.columns.indexOf(name)];
      if (text !== "" && Number.isFinite(Number(text))) known[name] = (known[name] ?? 0) + Number(text);
    }
    values.set(row[days], known);
  }
  return { names, values, days: [...values.keys()].sort() };
}

export function refreshPlace(content) {
  return content.columns.indexOf("Report Refresh Date");
}

/** null where fewer than half of the days are known. */
export function mean({ values }, name, first, last) {
  const length = daysBetween(first, last) + 1;
  const found = Array.from({ length }, (_, place) => values.get(shifted(first, place))?.[name]).filter(
    (value) => value !== undefined,
  );
  return found.length * 2 < length ? null : found.reduce((sum, value) => sum + value, 0) / found.length;
}

/** The value of a day, or of the nearest one within a week before it. */
export function valueAt({ values }, name, iso) {
  for (let back = 0; back < 7; back += 1) {
    const value = values.get(shifted(iso, -back))?.[name];
    if (value !== undefined) return value;
  }
  return null;
}

/** By how much it grows in a day: least squares. */
export function growth({ values, days }, name, first, last) {
  const points = days
    .filter((iso) => first <= iso && iso <= last && values.get(iso)[name] !== undefined)
    .map((iso) => [daysBetween(first, iso), values.get(iso)[name]]);
  const middle = (place) => points.reduce((sum, point) => sum + point[place], 0) / points.length;
  const [x, y] = [middle(0), middle(1)];
  const spread = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  return spread ? points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / spread : 0;
}

/** The mean of the last four weeks, and of the same four weeks a year before. */
export function recent(found, name) {
  const end = found.days.at(-1);
  return {
    now: mean(found, name, shifted(end, 1 - RECENT), end),
    before: mean(found, name, shifted(end, 1 - RECENT - YEAR), shifted(end, -YEAR)),
  };
}

/** The bytes in use on the last day, a year before, and those to come in 90 days if it goes on so; null without days. */
export function stored(content) {
  const found = measures(whole(content));
  const end = found.days.at(-1);
  if (!end) return null;
  return {
    found,
    now: valueAt(found, USED, end),
    before: valueAt(found, USED, shifted(end, -YEAR)),
    ahead: growth(found, USED, shifted(end, -AHEAD), end) * AHEAD,
  };
}

/**
 * What is active of what could be, on the last refresh date and a year before: `lines` of [name, now, before].
 *
 * The columns of the one end in `active`, those of the other in `other`: ` Inactive` is the rest, else it is all. A year
 * before is that day, or the nearest within a week before it.
 */
export function shares(content, active, other) {
  const place = refreshPlace(content);
  const rows = new Map(content.rows.map((row) => [row[place], row]));
  const end = [...rows.keys()].sort().at(-1);
  if (!end) return null;
  const old = Array.from({ length: 7 }, (_, back) => shifted(end, -YEAR - back)).find((iso) => rows.has(iso));
  const names = content.columns
    .filter((name) => name.endsWith(active) && content.columns.includes(name.slice(0, -active.length) + other))
    .map((name) => name.slice(0, -active.length));
  return { end, old, lines: names.map((name) => [name, share(rows.get(end), name), old ? share(rows.get(old), name) : null]) };

  function share(row, name) {
    const at = (column) => Number(row[content.columns.indexOf(column)] || 0);
    const [one, two] = [at(name + active), at(name + other)];
    return { active: one, all: other === " Inactive" ? one + two : two };
  }
}

/**
 * How many licences are idle and assigned, what the idle ones cost in each currency, and whether some are withheld.
 *
 * `idle` is null where nothing is told of any product.
 */
export function idle(rows) {
  const sum = (name, of = rows) => of.reduce((total, row) => total + (row[name] ?? 0), 0);
  const currencies = [...new Set(rows.filter((row) => row["Cost Of Idle"]).map((row) => row.Currency))];
  return {
    idle: rows.some((row) => row.Idle !== null) ? sum("Idle") : null,
    withheld: rows.some((row) => row.Idle === null && row["Not Measured"] === null),
    assigned: sum("Assigned"),
    costs: currencies.map((currency) => [currency, sum("Cost Of Idle", rows.filter((row) => row.Currency === currency))]),
  };
}
