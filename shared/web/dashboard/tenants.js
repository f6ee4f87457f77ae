// Where one app archives many tenants: how all of them stand, and the choice of one.

import { counted, el, table, time } from "./elements.js";
import { to } from "./route.js";

const STATES = {
  up_to_date: "up to date",
  late: "late",
  failing: "needs a person",
  no_consent: "has not consented",
  permission: "permission is missing",
  stopped: "no run",
  empty: "nothing archived",
  awaited: "awaits its first run",
};

const called = ({ name, tenant }) => name || tenant;

/** How all tenants stand, with a filter; each name leads to the pages of its archive. */
export function fleet(box, { value: tenants, wrong = [] }) {
  const body = el("div");
  const filter = el("input", { type: "search", id: "tenant-filter", oninput: show, placeholder: "a name, an id or a state" });
  box.replaceChildren(
    el("p", { id: "fleet-told" }, `${counted(tenants.length, "tenant")}: ${summary(tenants)}.`),
    wrong.length ? el("ul.failure", { role: "alert" }, wrong.map((line) => el("li", {}, line))) : "",
    el("div.choices", {}, el("label", {}, "Find a tenant", filter)),
    body,
  );
  show();

  function show() {
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    const said = (each) => `${each.name} ${each.tenant} ${STATES[each.state]}`.toLowerCase();
    const found = tenants.filter((each) => words.every((word) => said(each).includes(word)));
    body.replaceChildren(
      found.length
        ? table("All tenants", ["Tenant", "State", "Newest day", "Last run", "Lost days", "Waiting"], found.map(row), { sorts: true })
        : el("p", { role: "status" }, `No tenant has “${filter.value}” in its name, id or state.`),
    );
  }
}

/** A choice of tenants, of which one is shown. */
export function choice({ value: tenants }, shown) {
  const options = tenants.map((each) => el("option", { value: each.tenant, selected: each.tenant === shown }, called(each)));
  const choose = ({ target }) => {
    location.hash = target.value ? to("overview", "", { tenant: target.value }) : "#/tenants";
  };
  return el("label", {}, "Tenant", el("select", { id: "tenant", onchange: choose }, el("option", { value: "" }, "All tenants"), options));
}

function row(each) {
  const state = STATES[each.state] ?? each.state;
  return [
    el("a", { href: to("overview", "", { tenant: each.tenant }) }, called(each)),
    each.consentUrl ? el("a", { href: each.consentUrl, rel: "noreferrer" }, `${state}: its administrator opens this`) : state,
    each.newest ?? "",
    each.lastRun ? time(each.lastRun) : "",
    each.lost ?? "",
    each.waiting ?? "",
  ];
}

function summary(tenants) {
  const numbers = new Map();
  for (const { state } of tenants) numbers.set(state, (numbers.get(state) ?? 0) + 1);
  return [...numbers].map(([state, number]) => `${number} ${STATES[state] ?? state}`).join(", ");
}
