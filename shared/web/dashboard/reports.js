// All reports by what people call them: a list by family, and a search that is open at any time (Ctrl-K).

import { el } from "./elements.js";
import { questions } from "./questions.js";
import { to } from "./route.js";

/** What the search shows at once. */
const AT_ONCE = 14;

/** One entry for each report of these calls: its title, its name, what it answers, and its calls. */
export function reportsOf(calls) {
  const found = new Map();
  for (const call of calls) {
    const { report: name, title, family, question } = call;
    if (!found.has(name)) found.set(name, { name, title, family: family || "Other", question, calls: [] });
    found.get(name).calls.push(call);
  }
  return [...found.values()].sort((one, other) => (one.family + one.title < other.family + other.title ? -1 : 1));
}

/** The reports, or questions, whose title, question, family or name has all of the words. */
export function matching(reports, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const score = ({ title }) => [words.join(" "), words[0] ?? ""].filter((start) => !title.toLowerCase().startsWith(start)).length;
  const said = ({ title, question, family, name }) => [title, question, family, name].filter(Boolean).join(" ").toLowerCase();
  return reports
    .filter((each) => words.every((word) => said(each).includes(word)))
    .sort((one, other) => score(one) - score(other));
}

/** A list of all reports, by family, with a filter. */
export function list(box, calls) {
  const reports = reportsOf(calls);
  const body = el("div");
  const filter = el("input", { type: "search", id: "report-filter", oninput: show, placeholder: "such as meetings or storage" });
  box.replaceChildren(el("div.choices", {}, el("label", {}, "Find a report", filter)), body);
  show();

  function show() {
    const found = matching(reports, filter.value);
    const families = [...new Set(found.map((each) => each.family))].sort();
    body.replaceChildren(
      ...families.map((family) =>
        el("section.family", {}, el("h3", {}, family), el("ul", {}, found.filter((each) => each.family === family).map(entry))),
      ),
      found.length ? "" : el("p", { role: "status" }, `No report has “${filter.value}” in its title or question.`),
    );
  }
}

function entry({ name, title, question, calls }) {
  const archived = calls.some((each) => each.newest);
  return el(
    `li${archived ? "" : ".absent"}`,
    {},
    el("a", { href: to("reports", name) }, title),
    el("code", {}, name),
    el("span.hint", {}, archived ? question : "Nothing is archived yet."),
  );
}

/** A search over questions and reports, in a dialog that Ctrl-K opens; it needs `calls()` at that moment. */
export function palette(calls, today, life) {
  const field = el("input", { type: "search", "aria-label": "Find an answer or a report", oninput: show, placeholder: "Ask, or find a report by its title", role: "combobox", "aria-expanded": "true", "aria-controls": "found" });
  const results = el("ul", { id: "found", role: "listbox", "aria-label": "Answers and reports" });
  const dialog = el("dialog", { id: "palette", "aria-label": "Find an answer or a report", onclick: (event) => event.target === dialog && dialog.close() }, field, results);
  let place = 0;
  document.body.append(dialog);
  dialog.addEventListener("keydown", byKey);
  addEventListener(
    "keydown",
    (event) => {
      if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      open();
    },
    { signal: life },
  );
  life.addEventListener("abort", () => dialog.remove());
  return open;

  function open() {
    if (dialog.open) return;
    field.value = "";
    show();
    dialog.showModal();
    field.focus();
  }

  function show() {
    place = 0;
    const reports = reportsOf(calls()).map((each) => ({ ...each, href: to("reports", each.name) }));
    const found = [...matching(questions(today), field.value), ...matching(reports, field.value)].slice(0, AT_ONCE);
    results.replaceChildren(
      ...found.map(({ name, title, question, href }, number) =>
        el("li", { role: "option", id: `found-${number}`, "aria-selected": "false", onclick: () => choose(href), "data-href": href }, el("strong", {}, title), el("span.hint", {}, question || name)),
      ),
    );
    mark();
  }

  function mark() {
    [...results.children].forEach((each, number) => each.setAttribute("aria-selected", String(number === place)));
    field.setAttribute("aria-activedescendant", results.children[place]?.id ?? "");
    results.children[place]?.scrollIntoView({ block: "nearest" });
  }

  function byKey(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      place = (place + step + results.children.length) % (results.children.length || 1);
      mark();
    } else if (event.key === "Enter") {
      event.preventDefault();
      const chosen = results.children[place];
      if (chosen) choose(chosen.dataset.href);
    }
  }

  function choose(href) {
    dialog.close();
    location.hash = href;
  }
}
