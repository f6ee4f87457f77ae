// What people ask, each with the place that answers it: for the search, and for the overview.

import { el, shifted } from "./elements.js";
import { to } from "./route.js";

/** The questions, in the order in which they are asked most; `more` are those that the overview itself leaves open. */
export function questions(today) {
  const monthEnd = shifted(`${today.slice(0, 7)}-01`, -1);
  return [
    ...[
      ["Is the archive healthy?", "What is late, missing or lost, and how the last run ended", to("archive")],
      ["Has use grown in a year?", "Active people, Teams and storage, next to a year before", to("overview")],
      ["Who uses Copilot?", "Adoption by app, now and a year before", to("overview")],
    ].map(entry),
    ...[
      ["Who has a licence and does nothing?", "Idle people by name, over all services", to("people")],
      ["What do idle licences cost?", "Bought, assigned, used and idle, by product", to("licences")],
      ["How do departments, countries and companies compare?", "Adoption by department", to("departments")],
      ["Which sites are near their quota?", "Storage of SharePoint sites, the fullest first", to("places", "", { kind: "sites" })],
      ["Which mailboxes are near their quota?", "Storage of mailboxes, the fullest first", to("places", "", { kind: "mailboxes" })],
      ["Which sites grow the fastest?", "Storage of sites, next to 90 days before", to("places", "", { kind: "sites", which: "growing" })],
      ["Which teams are dead?", "Teams without activity for 90 days, inactive, unused", to("places", "", { kind: "teams", which: "idle" })],
      ["Which groups have no owner?", "Groups without an owner, orphaned", to("places", "", { kind: "groups", which: "ownerless" })],
      ["What did Microsoft restate?", "Days that were corrected later, over all reports", to("archive", "restated")],
      ["What did last month's slide say?", "Every number as it was known then", to("overview", "", { asOf: monthEnd })],
      ["How do I take everything home?", "Download or export all reports, as Parquet or CSV", to("archive", "export")],
    ].map((each) => ({ ...entry(each), more: true })),
  ];
}

const entry = ([title, question, href]) => ({ title, question, href });

/** Links to what the overview does not answer itself. */
export function asked(today) {
  const links = questions(today).filter(({ more }) => more).map(({ title, question, href }) => el("li", {}, el("a", { href, title: question }, title)));
  return [el("h3", { id: "asked-title" }, "What else people ask"), el("ul", {}, links)];
}
