// The page: asks for the key once, then shows how the archive stands, then what is in it.

import { Failure, browser, forgetKeys, hasKey, hasPersonalKey, healthWord, isKey, json, keepKeys, showTenant, standings } from "./api.js";
import { Call } from "./calls.js";
import { departments, licences, people } from "./directory.js";
import { dayField, el, time } from "./elements.js";
import { atFirst, details, headlines, restated, takeHome } from "./health.js";
import { overview } from "./overview.js";
import { places } from "./places.js";
import { asked } from "./questions.js";
import { explorer } from "./report.js";
import { list, palette } from "./reports.js";
import { renewed, route, to } from "./route.js";
import { choice, fleet } from "./tenants.js";

const at = (id) => document.getElementById(id);
const TOOLS = ["content", "parts", "find", "change-key"];
/** What is of one archive, and not of all tenants. */
const OF_ONE = ["parts", "find", "health", "range"];

function showForm(failure) {
  life.abort();
  at("main").setAttribute("aria-busy", "false");
  for (const id of TOOLS) at(id).hidden = true;
  at("key-form").hidden = false;
  at("key-problem").replaceChildren(...(failure ? [failed(failure)] : []));
  at("key").focus();
}

function showContent() {
  const leaves = at("key-form").contains(document.activeElement);
  for (const id of TOOLS) at(id).hidden = false;
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

/** Ends what was asked for with a key, or of a tenant, when another is given. */
let life = new AbortController();
let tenant = "";

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
  tenant = route().tenant ?? "";
  showTenant(tenant);
  at("tenants-choice").replaceChildren();
  at("health").hidden = at("range").hidden = false;
  at("health-body").setAttribute("aria-busy", "true");
  healthWord(signal).then(showAtFirst);
  const [status, catalogue] = await Promise.allSettled([
    json("/status", {}, signal).then((status) => (status.value ? status : showHealth(status))),
    catalogueOf(signal),
  ]);
  if (signal.aborted) return;
  if (status.value?.value) return showFleet(status.value);
  if (tenant) addChoice(signal);
  const refused = [status, catalogue].find(({ reason }) => reason?.status === 401);
  if (status.reason && catalogue.reason && refused) {
    const all = tenant ? null : await standings(signal).catch(() => null); // a key of `tenants` opens nothing else
    if (signal.aborted) return;
    if (all) return showFleet(all);
    forgetKeys();
    at("health-body").removeAttribute("aria-busy");
    showForm(refused.reason);
    return;
  }
  showContent();
  if (status.reason) fill("health-body", failed(status.reason, start));
  if (status.reason && catalogue.reason) {
    for (const section of document.querySelectorAll(".page")) section.hidden = true;
    return;
  }
  const calls = callsOf(status.value?.calls ?? [], catalogue.value?.value ?? []);
  const today = (status.value?.at ?? new Date().toISOString()).slice(0, 10);
  await pages({ calls, status: status.value, today }, signal);
}

/** Shows the page that the address names, whenever it changes, until `signal` says that the key is another one. */
async function pages({ calls, status, today }, signal) {
  const explore = explorer(at("reports-body"), calls, today, failed, signal);
  at("find").onclick = palette(() => calls, today, signal);
  const titles = new Map(calls.map((call) => [call.report, call.title]));
  const shown = {
    overview: (place) => {
      at("asked").replaceChildren(...asked(today));
      return overview(at("tiles"), at("answers-body"), calls, { today, nextRun: status?.nextRun }, place, failed);
    },
    people: (place) => counted("people", () => people(at("people-body"), place, choose)),
    licences: (place) => counted("licences", () => licences(at("licences-body"), place)),
    departments: (place) => counted("departments", () => departments(at("departments-body"), place, choose)),
    places: (place) => places(at("places-body"), calls, place, { nextRun: status?.nextRun }, choose),
    reports: (place) => reports(place),
    archive: async ({ id }) => {
      fill("archive-body", ...(status ? details(status, (name) => titles.get(name) ?? name) : []));
      at("archive-body").append(takeHome(tenant), restated(await json("/v1.0/restatements", { format: "json" }, signal)));
      if (["restated", "export"].includes(id)) at(id).focus();
    },
  };
  let before = "";
  let latest = 0;
  addEventListener("hashchange", () => show(true), { signal });
  await show(false);

  async function show(moved) {
    const old = renewed(location.hash);
    if (old) history.replaceState(null, "", old);
    const place = route();
    const page = Object.hasOwn(shown, place.page) ? place.page : "overview";
    const turn = (latest += 1);
    at("main").setAttribute("aria-busy", "true");
    mark(page, place);
    const section = document.querySelector(`[data-page=${page}]`);
    if (moved && page !== before) section.focus();
    before = page;
    try {
      await shown[page](place);
    } catch (failure) {
      if (!signal.aborted) at(`${page}-body`)?.replaceChildren(failed(failure, () => show(false)));
    }
    if (turn === latest && !signal.aborted) at("main").setAttribute("aria-busy", "false");
  }

  /** What the directory is needed for; without it nothing is asked. */
  async function counted(page, show) {
    if (calls.some((call) => call.report === "subscribedSkus" && call.newest)) await show();
    else at(`${page}-body`).replaceChildren(...withoutDirectory(calls, status?.nextRun));
  }

  function choose(change) {
    const { page, id, ...chosen } = route();
    location.hash = to(page, id, { ...chosen, ...change });
  }

  async function reports(place) {
    at("reports-title").className = place.id ? "unseen" : "";
    at("reports-list").hidden = Boolean(place.id);
    at("reports-body").hidden = !place.id;
    if (place.id) await explore(place);
    else list(at("reports-list"), calls);
  }

  /** Marks where one is, and shows the days that all pages are of. */
  function mark(page, place) {
    for (const section of document.querySelectorAll(".page")) section.hidden = section.dataset.page !== page;
    for (const link of at("parts").children) {
      const name = link.hash.replace(/^#\/(\w*).*/, "$1");
      link.href = to(name);
      if (name === page) {
        link.setAttribute("aria-current", "page");
        document.title = `${link.textContent} · Usage archive`;
      } else link.removeAttribute("aria-current");
    }
    at("parts").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
    const field = (id, title, max) =>
      el("label", {}, title, dayField(id, place[id] ?? "", (value) => choose({ [id]: value }), { max }));
    const had = at("range").contains(document.activeElement) && document.activeElement.id;
    at("range").replaceChildren(
      ["overview", "reports"].includes(page) ? field("from", "From") : "",
      ["overview", "reports"].includes(page) ? field("to", "Before") : "",
      page === "archive" ? "" : field("asOf", "As known on", today),
      place.from || place.to || place.asOf
        ? el("button", { type: "button", id: "all-days", onclick: () => choose({ from: "", to: "", asOf: "" }) }, "Reset")
        : "",
    );
    if (had) at(had)?.focus();
  }
}

/** Shows how all tenants stand, where the app archives many. */
function showFleet(standing) {
  at("health-body").removeAttribute("aria-busy");
  showContent();
  for (const id of OF_ONE) at(id).hidden = true;
  for (const section of document.querySelectorAll(".page")) section.hidden = section.dataset.page !== "tenants";
  fleet(at("tenants-body"), standing);
  for (const mark of ["first", "health"]) performance.mark(mark);
}

/** Lets whoever may read all tenants choose another one. */
async function addChoice(signal) {
  const all = await standings(signal).catch(() => null); // whoever is signed in as a customer reads one alone
  if (all && !signal.aborted) at("tenants-choice").replaceChildren(choice(all, tenant));
}

/** What is said where nothing of the directory is archived. */
function withoutDirectory(calls, nextRun) {
  if (calls.some((call) => call.report === "subscribedSkus" && call.state === "awaited"))
    return [el("p", {}, `The directory is selected. It comes with the next run${nextRun ? `, at ${time(nextRun)}` : ""}.`)];
  const setting = el("code", {}, "REPORTS");
  const added = el("code", {}, "directory, getOffice365ActiveUserDetail");
  return [el("p", {}, "This page is made of the directory, which is not archived. Add ", added, " to the app setting ", setting, ".")];
}

/** All reports, as far as the key opens them: those with people too, else the others. */
async function catalogueOf(signal) {
  try {
    return await json("/personal/v1.0/reports", {}, signal);
  } catch (failure) {
    if (failure.status !== 401 || hasPersonalKey()) throw failure;
    return json("/v1.0/reports", {}, signal);
  }
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
  fill("health-body", ...headlines(status));
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
  for (const each of standings) add(each.call, { newest: each.refreshDate, since: each.since, state: each.state, gaps: each.gaps });
  return [...calls.values()];

  function add(text, facts) {
    const call = calls.get(text) ?? new Call(text);
    const of = known.get(call.report) ?? {};
    const { title = call.report, family = "", question = "", kind = "", aggregate = "last" } = of;
    const { personal = known.size > 0 } = of;
    calls.set(text, Object.assign(call, { title, family, question, kind, aggregate, personal }, facts));
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

addEventListener("hashchange", () => {
  if (hasKey() && (route().tenant ?? "") !== tenant) start();
});
at("host").title = location.host;
at("host").textContent = location.host.replace(/\.azurewebsites\.net$/, "");
at("range").addEventListener("submit", (event) => event.preventDefault());
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

// A key in the fragment, which never leaves the browser, opens the page: `run` prints such an address. It does not stay.
const given = /^#key=([^&]+)$/.exec(location.hash)?.[1];
if (given && isKey(decodeURIComponent(given))) keepKeys(decodeURIComponent(given), "");
if (given) history.replaceState(null, "", location.pathname);
// A key that somebody wrote into the address all the same does not stay there.
if (location.search) history.replaceState(null, "", location.pathname + location.hash);
if (hasKey()) start();
else showForm();
