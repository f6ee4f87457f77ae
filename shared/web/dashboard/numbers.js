// What is worked out of a table of the archive: its numbers by day, means, values of a day, growth.

import { daysBetween, shifted } from "./elements.js";

/** Days between now and a year before: whole weeks, so that weekends weigh the same. */
export const YEAR = 364;
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

/** Of these days the nearest to a year before `end`, at most a week from it. */
export function yearBefore(days, end) {
  const wanted = shifted(end, -YEAR);
  const far = (iso) => Math.abs(daysBetween(iso, wanted));
  return days.filter((iso) => far(iso) <= 7).sort((one, other) => far(one) - far(other))[0];
}
