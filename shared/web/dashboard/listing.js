// Rows that can be filtered, sorted, and saved as they are shown.

import { counted, el, plain, say, table } from "./elements.js";

/**
 * The parts of such a list: a field to filter by (`filter`), and what is shown (`body`).
 *
 * `told(shown)` says in words what the shown rows are; `file` is what a saved file is called, without its ending.
 */
export function listing(id, label, { columns, rows, told, file, hint }) {
  const filter = el("input", { type: "search", id: `${id}-filter`, oninput: show, placeholder: hint });
  const words = el("p", { role: "status" });
  const list = el("div", { id: `${id}-list` });
  let shown = rows;
  show();
  return {
    filter: el("label", {}, "Filter", filter),
    body: [el("div.over", {}, words, el("button", { type: "button", onclick: save }, "Download these rows")), list],
  };

  function show() {
    const wanted = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    shown = rows.filter((row) => wanted.every((word) => row.some((cell) => plain(cell).toLowerCase().includes(word))));
    words.textContent = told(shown);
    list.replaceChildren(shown.length ? table(label, columns, shown, { sorts: true }) : "");
  }

  function save() {
    const text = [columns, ...shown].map((row) => row.map(harmless).join(",")).join("\r\n");
    const url = URL.createObjectURL(new Blob([`\ufeff${text}\r\n`], { type: "text/csv" }));
    el("a", { href: url, download: `${file}.csv` }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60000);
    say(`${counted(shown.length, "row")} saved.`);
  }
}

/** A choice among a few words; `change` is called with the one that is chosen. */
export function choice(title, id, options, chosen, change) {
  return el(
    "label",
    {},
    title,
    el(
      "select",
      { id, onchange: ({ target }) => change(target.value) },
      options.map(([value, text]) => el("option", { value, selected: String(value) === String(chosen) }, text)),
    ),
  );
}

/** A cell of a CSV that no spreadsheet takes for a formula. */
function harmless(cell) {
  const text = plain(cell);
  const safe = /^[=+\-@\t\r]/.test(text) && !/^-?\d+(\.\d+)?$/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
