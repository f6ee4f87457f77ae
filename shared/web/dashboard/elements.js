// Elements and words. All text goes in as text: nothing that a tenant calls itself can become markup.

/** An element such as `el("button.primary", {type: "button", onclick: f}, "Open")`; null and false are left out. */
export function el(name, attributes = {}, ...children) {
  return filled(document.createElement(name.split(".")[0]), name, attributes, children);
}

/** The same in SVG. */
export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name.split(".")[0]), name, attributes, children);
}

function filled(element, name, attributes, children) {
  const classes = name.split(".").slice(1);
  if (classes.length) element.setAttribute("class", classes.join(" "));
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value !== null && value !== undefined && value !== false)
      element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** The text of a call that may go on in another line before its argument. */
export function breakable(text) {
  const at = text.indexOf("(");
  return at < 0 ? text : [text.slice(0, at), el("wbr"), text.slice(at)];
}

/**
 * A field for a day. `chosen` is called when one is picked, or has been typed: up to Enter, or until the field is left.
 *
 * Each key makes another day of it: whoever types 15 is at the 1st for a moment.
 */
export function dayField(id, value, chosen, attributes = {}) {
  let [last, typing] = [value, false];
  return el("input", {
    ...{ type: "date", id, name: id, value, ...attributes },
    onkeydown: (event) => {
      typing = !["Enter", " "].includes(event.key) && !event.altKey; // the others open the picker
      if (event.key === "Enter") take(event);
    },
    onpointerdown: () => {
      typing = false;
    },
    onchange: (event) => typing || take(event),
    onblur: take,
  });

  function take({ target }) {
    if (target.value === last) return;
    last = target.value;
    chosen(target.value);
  }
}

/** Tell those who hear the page. */
export function say(text) {
  document.getElementById("said").textContent = text;
}

const MORE = 500;

/**
 * A table in a box of its own that scrolls; cells are text or elements, columns with numbers stand to the right.
 *
 * If it `sorts`, each head is a button that orders the rows by its column.
 */
export function table(label, columns, given, { shown = 50, sorts = false } = {}) {
  let rows = given;
  const right = columns.map((_, place) => isNumeric(rows.map((row) => row[place])));
  const body = el("tbody");
  const box = el(
    "div.scroll",
    { tabindex: 0, role: "region", "aria-label": label },
    el(
      "table",
      {},
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          columns.map((name, place) => el(right[place] ? "th.number" : "th", { scope: "col" }, sorts ? head(name, place) : name)),
        ),
      ),
      body,
    ),
  );
  const more = el("button", { type: "button", onclick: () => append(MORE) });
  const all = el("div.table", {}, box, more);
  let next = 0;
  append(shown);
  return all;

  function head(name, place) {
    return el("button.sort", { type: "button", onclick: ({ currentTarget }) => sort(currentTarget.parentElement, place) }, name);
  }

  function sort(cell, place) {
    const down = cell.getAttribute("aria-sort") !== "descending" && (right[place] || cell.hasAttribute("aria-sort"));
    for (const each of cell.parentElement.children) each.removeAttribute("aria-sort");
    cell.setAttribute("aria-sort", down ? "descending" : "ascending");
    const value = (row) => (right[place] ? amount : String)(row[place] ?? "");
    rows = [...given].sort((one, other) => {
      const [a, b] = [value(one), value(other)];
      if (a !== a || b !== b) return (a !== a) - (b !== b); // what is not known stands last
      return (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1);
    });
    next = 0;
    body.replaceChildren();
    append(shown);
  }

  function append(many) {
    const rest = rows.slice(next, next + many);
    body.append(
      ...rest.map((row) =>
        el(
          "tr",
          {},
          row.map((cell, place) => el(right[place] ? "td.number" : "td", {}, cell)),
        ),
      ),
    );
    next += rest.length;
    more.hidden = next >= rows.length;
    const left = rows.length - next;
    more.textContent = `Show ${left > MORE ? `${MORE} of ${number(left)}` : number(left)} more`;
  }
}

/** With a currency before it, or a unit behind it. */
const NUMERIC = /^[-+−]?(?:[A-Z]{3}\s|\p{Sc})?\d[\d,.]*(\s?[%KMGTP]?B?)$/u;

/** The number in such a cell, whatever its unit; NaN if there is none. */
export function amount(cell) {
  const text = String(cell).replaceAll(",", "").replace("−", "-");
  return Number(/^-?/.exec(text)[0] + (/\d[\d.]*/.exec(text) ?? [NaN])[0]);
}

/** Whether these cells are numbers, as far as there is anything in them. */
export function isNumeric(cells) {
  const texts = cells.filter((cell) => cell !== "" && cell !== null && cell !== undefined);
  return (
    texts.length > 0 && texts.every((cell) => typeof cell === "number" || NUMERIC.test(cell))
  );
}

const NUMBER = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const TENTH = new Intl.NumberFormat("en", { maximumFractionDigits: 1, minimumFractionDigits: 1 });
const DAY = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });
const MONTH = new Intl.DateTimeFormat("en-GB", { month: "short", year: "numeric", timeZone: "UTC" });

/** With so many decimals at most. */
export function number(value, decimals = 0) {
  return decimals && !Number.isInteger(value) && Math.abs(value) < 100 ? TENTH.format(value) : NUMBER.format(value);
}

/** Such as `12 days`, `1 day`. */
export function counted(count, one, many = `${one}s`) {
  return `${number(count)} ${count === 1 ? one : many}`;
}

/** A number with its unit, which are never in two lines. */
export const united = (text, unit) => `${text}\u00a0${unit}`;

/** A cell as a file or a search has it: a number has a plain space before its unit, and what a tenant wrote is as it is. */
export const plain = (cell) => (NUMERIC.test(String(cell)) ? String(cell).replaceAll("\u00a0", " ") : String(cell));

/** In units of 1024, named as the admin centre names them. */
export function bytes(value) {
  const units = ["B", "KB", "MB", "GB", "TB", "PB"];
  const step = value ? Math.min(units.length - 1, Math.floor(Math.log2(Math.abs(value)) / 10)) : 0;
  return united(step ? TENTH.format(value / 1024 ** step) : number(value), units[step]);
}

export function percent(share) {
  return united(Math.abs(share) < 0.0995 && share !== 0 ? TENTH.format(share * 100) : number(share * 100), "%");
}

/** Such as `+4 %` or `−12 %`; empty without something to compare with. */
export function change(now, before) {
  if (!before) return "";
  const share = now / before - 1;
  return `${share < 0 ? "−" : "+"}${percent(Math.abs(share))}`;
}

/** A day such as 2026-11-18 as people write it. */
export const day = (iso) => DAY.format(new Date(`${iso}T00:00:00Z`));
export const month = (iso) => MONTH.format(new Date(`${iso.slice(0, 7)}-01T00:00:00Z`));

/** A time in UTC. */
export function time(iso) {
  const text = new Date(iso).toISOString();
  return `${day(text.slice(0, 10))}, ${text.slice(11, 16)} UTC`;
}

/** How long `from` is before `to`, such as `3 hours`. */
export function span(from, to) {
  const minutes = Math.max(0, Math.round((new Date(to) - new Date(from)) / 60000));
  if (minutes < 100) return counted(minutes, "minute");
  return minutes < 48 * 60 ? counted(Math.round(minutes / 60), "hour") : counted(Math.round(minutes / 1440), "day");
}

const DAY_LONG = 86400000;

/** The day so many days after (or before, if below 0) a day. */
export function shifted(iso, days) {
  return new Date(Date.parse(`${iso}T00:00:00Z`) + days * DAY_LONG).toISOString().slice(0, 10);
}

/** How many days `to` is after `from`. */
export function daysBetween(from, to) {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / DAY_LONG);
}
