// A chart that can be read: lines that can be told apart and switched off, the year before beneath, values at the cursor.

import "./language.js";
import { default as uPlot } from "./uPlot.js";
import { bytes, day, daysBetween, el, number, shifted } from "./elements.js";
import { YEAR, mean } from "./numbers.js";

/** With more lines than that, each has a chart of its own. */
const TOGETHER = 6;
const HEIGHT = 320;
const SMALL = 130;
/** Days of the mean that is drawn: more where more days are shown. */
const [WEEK, MONTH] = [7, 28];
const SMOOTH = { "": "automatic", 1: "every day", 7: "mean of 7 days", 28: "mean of 28 days" };

/**
 * The figure of what was measured; `all` may reach a year further back than `first`, for the year before.
 *
 * `daily` says whether a number is of one day alone, so that a mean of days says more than each.
 */
export function chart(title, all, { first, every, daily, smooth = "" }) {
  const dates = shown(all.days, first, every);
  const span = Number(smooth) || (daily && !every ? (dates.length > 120 ? MONTH : WEEK) : 1);
  const names = all.names.filter((name) => all.days.some((iso) => all.values.get(iso)[name] !== undefined));
  const lines = names.map((name, place) => line(all, name, dates, every, span, place));
  const box = el("div.plots", { role: "img", "aria-label": spoken(title, dates, lines) });
  const told = el("p.cursor", { "aria-live": "off" }, " ");
  const groups = lines.length > TOGETHER ? lines.map((each) => [each]) : [lines];
  box.classList.toggle("multiples", groups.length > 1);
  const figure = el("figure.chart", { tabindex: 0, onkeydown: byKey }, groups.length > 1 ? null : legend(), box, told);
  const plots = [];
  const theme = new MutationObserver(() => plots.forEach((each) => each.redraw()));
  let resized;
  requestAnimationFrame(draw);
  return figure;

  function draw() {
    if (!figure.isConnected || !dates.length) return;
    for (const group of groups) plots.push(plot(group));
    tell(dates.length - 1);
    resized = new ResizeObserver(() => {
      if (!figure.isConnected) return stop();
      for (const each of plots) each.setSize({ width: widthOf(each.root.parentElement), height: each.height });
    });
    resized.observe(box);
    theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }

  function stop() {
    resized.disconnect();
    theme.disconnect();
  }

  function plot(group) {
    const single = groups.length > 1;
    const place = el("div", {}, single && el("h4", {}, group[0].name));
    box.append(place);
    const series = group.flatMap((each) => [
      { label: each.name, stroke: () => colour(single ? 0 : each.place), width: 2, points: { show: dates.length < 3 } },
      { label: `${each.name}, year before`, stroke: () => colour(single ? 0 : each.place), width: 1, dash: [4, 4], alpha: 0.6, points: { show: false } },
    ]);
    return new uPlot(
      {
        width: widthOf(place),
        height: single ? SMALL : HEIGHT,
        legend: { show: false },
        cursor: { y: false, drag: { setScale: false }, sync: { key: title } },
        scales: { y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.08 : 1] } },
        axes: [
          { stroke: ink, grid: { show: false }, ticks: { stroke: rule }, space: 70, values: onAxis },
          { stroke: ink, grid: { stroke: rule, width: 1 }, ticks: { show: false }, size: 62, ...scaleOf(group.map((each) => each.name)) },
        ],
        series: [{ value: (_, at) => at }, ...series],
        hooks: { setCursor: [(u) => tell(u.cursor.idx)] },
      },
      [dates.map(seconds), ...group.flatMap((each) => [each.now, each.before])],
      place,
    );
  }

  function legend() {
    return el(
      "ul.lines",
      {},
      lines.map((each) =>
        el(
          "li",
          {},
          el(
            `button.line-${each.place}`,
            { type: "button", "aria-pressed": "true", onclick: ({ currentTarget }) => toggle(currentTarget, each) },
            el("span.mark", { "aria-hidden": "true" }),
            each.name,
          ),
        ),
      ),
      lines.some((each) => each.before.some((value) => value !== null)) && el("li.hint", {}, "dashed: the year before"),
    );
  }

  function toggle(button, { place }) {
    const on = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(on));
    for (const shift of [1, 2]) plots[0]?.setSeries(2 * place + shift, { show: on });
  }

  /** What is at the cursor, in words. */
  function tell(place) {
    if (place === null || place === undefined) return;
    const parts = lines
      .filter((each) => each.now[place] !== null)
      .map((each) => `${each.name} ${worded(each.name, each.now[place])}${before(each, place)}`);
    told.textContent = `${when(dates[place], every, span)}: ${parts.join(" · ") || "nothing known"}`;
  }

  function before({ name, before }, place) {
    return before[place] === null ? "" : ` (year before ${worded(name, before[place])})`;
  }

  function byKey(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || event.target !== figure || !plots.length) return;
    event.preventDefault();
    told.setAttribute("aria-live", "polite");
    const at = Math.max(0, Math.min(dates.length - 1, (plots[0].cursor.idx ?? (step > 0 ? -1 : dates.length)) + step));
    for (const each of plots) each.setCursor({ left: each.valToPos(seconds(dates[at]), "x"), top: 0 });
    tell(at);
  }
}

/** A choice of the mean that is drawn. */
export function smoothing(chosen, change) {
  return el(
    "label",
    {},
    "Line",
    el(
      "select",
      { id: "smooth", name: "smooth", onchange: change },
      Object.entries(SMOOTH).map(([value, title]) => el("option", { value, selected: value === chosen }, title)),
    ),
  );
}

/** The days that are drawn: from `first` on, without a week or a month of which not all days are there. */
export function shown(days, first, every) {
  const from = days.filter((iso) => (!first || iso >= first) && !(every && iso === days[0]));
  const last = from.at(-1);
  return last && !ends(last, every) ? from.slice(0, -1) : from;
}

/** Whether a day is the last of its week or month. */
function ends(iso, every) {
  if (every === "week") return new Date(`${iso}T00:00:00Z`).getUTCDay() === 0;
  return every !== "month" || shifted(iso, 1).endsWith("-01");
}

function line(all, name, dates, every, span, place) {
  const at = (iso) => (span > 1 ? mean(all, name, shifted(iso, 1 - span), iso) : (all.values.get(iso)?.[name] ?? null));
  const months = every === "month" && new Map(all.days.map((iso) => [iso.slice(0, 7), iso]));
  const yearBefore = (iso) => (months ? months.get(`${iso.slice(0, 4) - 1}${iso.slice(4, 7)}`) : shifted(iso, -YEAR)) ?? "";
  const whole = all.days[0] && shifted(all.days[0], span - 1); // the first days have a mean of days of the week by chance
  const before = dates.map(yearBefore).map((iso) => (iso < whole ? null : at(iso)));
  return { name, place, now: dates.map(at), before };
}

const seconds = (iso) => Date.parse(`${iso}T00:00:00Z`) / 1000;
const widthOf = (element) => Math.max(240, element.clientWidth || 600);
const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const colour = (place) => css(`--line-${place % TOGETHER}`);
const ink = () => css("--soft");
const rule = () => css("--line");
const isBytes = (name) => name.includes("(Byte)");
const worded = (name, value) => (isBytes(name) ? bytes(value) : number(value, 1));

const SIZES = [0, 1, 2, 3, 4, 5].flatMap((power) => [1, 2, 5, 10, 20, 50, 100, 200, 500].map((each) => each * 1024 ** power));

/** How the axis of these columns goes up, and what it says: bytes in the units of every other size on the page. */
export function scaleOf(names) {
  const word = names.every(isBytes) ? bytes : short;
  return { ...(word === bytes && { incrs: SIZES }), values: (_, values) => values.map(word) };
}

function short(value) {
  const [size, unit] = [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, "k"]].find(([least]) => Math.abs(value) >= least) ?? [1, ""];
  return `${Number((value / (unit === "k" ? 1000 : size)).toPrecision(3))}${unit && ` ${unit}`}`;
}

function onAxis(u, values) {
  const far = values.length > 1 && values.at(-1) - values[0] > 200 * 86400;
  const form = new Intl.DateTimeFormat("en-GB", { ...(far ? { month: "short", year: "2-digit" } : { day: "numeric", month: "short" }), timeZone: "UTC" });
  return values.map((value) => form.format(new Date(value * 1000)));
}

function when(iso, every, span) {
  if (every) return `${every === "week" ? "Week" : "Month"} to ${day(iso)}`;
  return span > 1 ? `${span} days to ${day(iso)}` : day(iso);
}

function spoken(title, dates, lines) {
  if (!dates.length) return `${title}: no days`;
  const names = lines.map((each) => each.name).join(", ");
  return `Lines of ${names}, from ${day(dates[0])} to ${day(dates.at(-1))} (${daysBetween(dates[0], dates.at(-1)) + 1} days). The table below has the numbers.`;
}
