// What is on screen for other tools: texts to copy, and files to save.

import { blob } from "./api.js";
import { el, say } from "./elements.js";
import { SNIPPETS } from "./snippets.js";

/** Fills `box` with texts to copy for these resources; the tool that was chosen stays chosen. */
export function offer(box, resources) {
  const code = el("code");
  const buttons = Object.keys(SNIPPETS).map((name) =>
    el("button", { type: "button", value: name, onclick: () => choose(name) }, name),
  );
  const copy = el("button.primary", { type: "button", id: "copy", onclick: toClipboard }, "Copy");
  const chosen = box.querySelector("[aria-pressed=true]")?.value ?? buttons[0].value;
  box.replaceChildren(
    el("h3", {}, "Use this in another tool"),
    el("p.hint", {}, "What is on screen. Replace YOUR_KEY with your key."),
    el("div.over", {}, el("div.pages", { role: "group", "aria-label": "For" }, buttons), copy),
    el("pre", { tabindex: 0, "aria-label": "Text to copy" }, code),
  );
  choose(chosen);

  function choose(name) {
    buttons.forEach((each) => each.setAttribute("aria-pressed", String(each.value === name)));
    code.textContent = SNIPPETS[name](resources);
    copy.textContent = "Copy";
  }

  async function toClipboard() {
    try {
      await navigator.clipboard.writeText(code.textContent);
      copy.textContent = "Copied";
      say("Copied");
    } catch {
      getSelection().selectAllChildren(code);
      copy.textContent = "Selected: press Ctrl+C";
      say("The browser does not let this page copy. The text is selected: press Ctrl and C.");
    }
  }
}

/** Buttons that save a resource as a file, and where there is one its picture; `failed` shows why one could not. */
export function downloads({ path, query, file }, failed, { picture = false } = {}) {
  const box = el(
    "div.pages",
    {},
    el("button", { type: "button", onclick: () => save("") }, "Download CSV"),
    el(
      "button",
      { type: "button", onclick: () => save("excel"), title: "With formulas made harmless" },
      "Download for Excel",
    ),
    picture && el("button", { type: "button", onclick: () => save("svg"), title: "SVG, for slides and wikis" }, "Download picture"),
  );
  return box;

  async function save(format) {
    try {
      const url = URL.createObjectURL(await blob(path, { ...query, format }));
      el("a", { href: url, download: format === "svg" ? `${file}.svg` : `${file}${format && `_${format}`}.csv` }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60000);
    } catch (failure) {
      box.after(failed(failure));
    }
  }
}
