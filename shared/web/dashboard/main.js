// The page: asks for the key once, then shows how the archive stands, then what is in it.

import { Failure, browser, forgetKeys, hasKey, hasPersonalKey, healthWord, isKey, json, keepKeys } from "./api.js";
import { answers } from "./answers.js";
import { Call } from "./calls.js";
import { el } from "./elements.js";
import { atFirst, health } from "./health.js";
import { explorer } from "./report.js";

const at = (id) => document.getElementById(id);

function showForm(failure) {
  life.abort();
  at("main").setAttribute("aria-busy", "false");
  for (const id of ["content", "parts", "change-key"]) at(id).hidden = true;
  at("key-form").hidden = false;
  at("key-problem").replaceChildren(...(failure ? [failed(failure)] : []));
  at("key").focus();
}

function showContent() {
  const leaves = at("key-form").contains(document.activeElement);
  for (const id of ["content", "parts", "change-key"]) at(id).hidden = false;
  at("key-form").hidden = true;
  if (leaves) at("main").focus(); // else whoever goes by keyboard would be at the top of the page again
}

/** What went wrong and what to do, with a button to try again. */
function failed(failure, again) {
  if (!(failure instanceof Failure)) console.error(failure);
  const { title, detail, advice } =
    failure instanceof Failure
      ? failure
      : new Failure(
          0,
          "This page has a fault",
          String(failure.message),
          "Reload it; if it stays, tell the maintainers what you did.",
        );
  return el(
    "div.failure",
    { role: "alert" },
    el("p", {}, el("strong", {}, `${title}. `), detail),
    advice && el("p.advice", {}, advice),
    again && el("button", { type: "button", onclick: again }, "Try again"),
    failure.status === 401 &&
      !at("content").hidden &&
      el("button", { type: "button", onclick: () => showForm() }, "Enter another key"),
  );
}

/** Ends what was asked for with a key when another is given. */
let life = new AbortController();

async function start() {
  life.abort();
  life = new AbortController();
  const { signal } = life;
  at("main").setAttribute("aria-busy", "true");
  await load(signal);
  if (signal.aborted) return;
  at("main").setAttribute("aria-busy", "false");
  performance.mark("all");
}

async function load(signal) {
  at("health-body").setAttribute("aria-busy", "true");
  healthWord(signal).then(showAtFirst);
  const reports = hasPersonalKey() ? "/personal/v1.0/reports" : "/v1.0/reports";
  const [status, catalogue] = await Promise.allSettled([
    json("/status", {}, signal).then(showHealth),
    json(reports, {}, signal),
  ]);
  if (signal.aborted) return;
  const refused = [status, catalogue].find(({ reason }) => reason?.status === 401);
  if (status.reason && catalogue.reason && refused) {
    forgetKeys();
    at("health-body").removeAttribute("aria-busy");
    showForm(refused.reason);
    return;
  }
  showContent();
  if (status.reason) fill("health-body", failed(status.reason, start));
  if (status.reason && catalogue.reason) {
    fill("answers-body", el("p", {}, "Nothing can be shown until the archive answers."));
    fill("reports-body");
    return;
  }
  const calls = callsOf(status.value?.calls ?? [], catalogue.value?.value ?? []);
  const today = (status.value?.at ?? new Date().toISOString()).slice(0, 10);
  await Promise.all([
    answers(at("answers-body"), calls, { today, nextRun: status.value?.nextRun }, failed).catch((fault) => fill("answers-body", failed(fault))),
    explorer(at("reports-body"), calls, today, failed, signal).catch((fault) =>
      fill("reports-body", failed(fault)),
    ),
  ]);
}

/** In a large archive the calls are counted for some seconds when the app has just started. */
function showAtFirst(word) {
  const first = at("health-body").hasAttribute("aria-busy") && atFirst(word);
  if (!first) return;
  showContent();
  at("health-body").replaceChildren(first);
  performance.mark("first");
}

function showHealth(status) {
  showContent();
  fill("health-body", ...health(status));
  performance.mark("first");
  performance.mark("health");
  return status;
}

function fill(id, ...children) {
  at(id).replaceChildren(...children.filter(Boolean));
  at(id).removeAttribute("aria-busy");
}

/** All calls that are selected or archived, with what is known of them. Reports that the catalogue keeps back are personal. */
function callsOf(standings, reports) {
  const known = new Map(reports.map((report) => [report.name, report]));
  const calls = new Map();
  for (const { calls: archived } of reports) {
    for (const each of archived) add(each.call.replace(/\(date=.*/, "(date)"), { newest: each.refreshDate });
  }
  for (const each of standings) add(each.call, { newest: each.refreshDate, state: each.state, gaps: each.gaps });
  return [...calls.values()];

  function add(text, facts) {
    const call = calls.get(text) ?? new Call(text);
    const { family = "", question = "", kind = "", personal = known.size > 0 } = known.get(call.report) ?? {};
    calls.set(text, Object.assign(call, { family, question, kind, personal }, facts));
  }
}

// -- the frame ----------------------------------------------------------------------------------------------------------

function setTheme(dark) {
  document.documentElement.dataset.theme = dark ? "dark" : "light";
  at("theme").setAttribute("aria-pressed", String(dark));
}

const THEME = "usage-archive-theme";
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
const chosen = browser.getItem(THEME);
setTheme(chosen ? chosen === "dark" : prefersDark.matches);
prefersDark.addEventListener("change", () => browser.getItem(THEME) || setTheme(prefersDark.matches));
at("theme").addEventListener("click", () => {
  const dark = at("theme").getAttribute("aria-pressed") !== "true";
  browser.setItem(THEME, dark ? "dark" : "light");
  setTheme(dark);
});

at("host").textContent = location.host;
at("change-key").addEventListener("click", () => {
  forgetKeys();
  showForm();
});
at("key-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const keys = ["key", "personal-key"].map((id) => at(id).value.trim());
  if (!keys.every(isKey)) {
    const advice = "Copy it once more, without anything around it.";
    showForm(new Failure(0, "That is no key", "It has characters that no key has.", advice));
    return;
  }
  keepKeys(...keys);
  at("key").value = at("personal-key").value = "";
  start();
});

// A key that somebody wrote into the address all the same does not stay there.
if (location.search) history.replaceState(null, "", location.pathname + location.hash);
if (hasKey()) start();
else showForm();
