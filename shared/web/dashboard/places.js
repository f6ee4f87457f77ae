// What is no person: sites, mailboxes, OneDrive accounts, teams and groups, one by one, with what needs an owner's look.

import { absent, best } from "./answers.js";
import { json, text } from "./api.js";
import { parse } from "./csv.js";
import { counted, day, daysBetween, el, number, percent, shifted, united } from "./elements.js";
import { choice, listing } from "./listing.js";
import { AHEAD } from "./numbers.js";
import { inOrder, snapshotOf } from "./views.js";

const GB = 2 ** 30;
/** Days without activity after which something counts as idle. */
const LONG = 90;
/** The share of its quota from which on something is nearly full. */
const NEAR = 0.8;
const STORED = "Storage Used (Byte)";

/**
 * By what the address calls them: a title, one of them, their report, and its columns: what tells them apart (`id`),
 * what people call them (`name`), who owns them, what they hold (`used`) of how much (`quota`), and what else is shown.
 */
const KINDS = {
  sites: {
    ...{ title: "SharePoint sites", one: "site", report: "getSharePointSiteUsageDetail", id: "Site Id", name: "Site URL" },
    ...{ owner: "Owner Principal Name", used: STORED, quota: "Storage Allocated (Byte)", also: ["File Count", "Page View Count"] },
  },
  mailboxes: {
    ...{ title: "Mailboxes", one: "mailbox", many: "mailboxes", report: "getMailboxUsageDetail", id: "User Principal Name" },
    ...{ name: "User Principal Name", used: STORED, quota: "Prohibit Send/Receive Quota (Byte)", also: ["Item Count"] },
  },
  onedrive: {
    ...{ title: "OneDrive accounts", one: "account", report: "getOneDriveUsageAccountDetail", id: "Site URL" },
    ...{ name: "Owner Principal Name", used: STORED, quota: "Storage Allocated (Byte)", also: ["File Count"] },
  },
  teams: {
    ...{ title: "Teams", one: "team", report: "getTeamsTeamActivityDetail", id: "Team Id", name: "Team Name" },
    also: ["Team Type", "Active Users", "Channel Messages", "Guests"],
  },
  groups: {
    ...{ title: "Groups", one: "group", report: "getOffice365GroupsActivityDetail", id: "Group Id", name: "Group Display Name" },
    ...{ owner: "Owner Principal Name", used: "SharePoint Site Storage Used (Byte)", also: ["Group Type", "Member Count"] },
  },
};

/** By what the address calls it: a title, which column it takes, which are shown, and which of them come first. */
const WHICH = {
  fullest: { title: "the fullest first", of: "quota", first: (each) => each.share, near: (each) => each.share >= NEAR },
  growing: { title: "the fastest growing first", of: "used", first: (each) => each.grown },
  idle: { title: `without activity for ${LONG} days`, of: "name", first: (each) => each.idle, only: (each) => each.idle >= LONG },
  ownerless: { title: "without an owner", of: "owner", first: (each) => each.used, only: (each) => !each.owner },
  all: { title: "all", of: "name", first: (each) => each.used ?? -each.idle },
};

/** Shows the kind and the choice that a place names. */
export async function places(box, calls, place, { nextRun }, go) {
  const name = Object.hasOwn(KINDS, place.kind) ? place.kind : "sites";
  const kind = KINDS[name];
  const possible = Object.entries(WHICH).filter(([, { of }]) => kind[of]);
  const [asked, which] = possible.find(([each]) => each === place.which) ?? possible[0];
  const choices = [
    choice("What", "kind", Object.entries(KINDS).map(([value, { title }]) => [value, title]), name, (value) => go({ kind: value })),
    choice("Which", "which", possible.map(([value, { title }]) => [value, title]), asked, (value) => go({ which: value })),
  ];
  const call = best(calls, kind.report, "D180");
  if (!call) {
    const selected = calls.filter((each) => each.report === kind.report);
    box.replaceChildren(el("div.choices", {}, choices), el("p", {}, ...absent(selected, [kind.report], nextRun)));
    return;
  }
  const { newest, all, since } = await found(call, kind, place.asOf);
  const order = (each) => which.first(each) ?? -Infinity; // what is not known stands last
  const shown = all.filter(which.only ?? (() => true)).sort((one, other) => order(other) - order(one));
  const columns = columnsOf(kind, since);
  const list = listing("places", kind.title, {
    columns: columns.map(([title]) => title),
    rows: shown.map((each) => columns.map(([, cell]) => cell(each))),
    told: (rows) => told(rows.length, all, kind, which),
    file: `${name}_${asked}_${newest.refreshDate}`,
    hint: "name, owner, …",
  });
  box.replaceChildren(
    el("div.choices", {}, choices, list.filter),
    ...list.body,
    el("p.hint", {}, `On ${day(newest.refreshDate)}, without those that were deleted.${pooled(all, kind)}${concealed(newest)}`),
  );
}

/** All of a kind that are there, and what they hold more than some time before. */
async function found(call, kind, asOf) {
  const { value } = await json(call.snapshots.path, { ...call.snapshots.query, asOf });
  const snapshots = value.sort(inOrder);
  const newest = snapshots.at(-1);
  const earlier = kind.used && snapshots.find(({ refreshDate }) => refreshDate >= shifted(newest.refreshDate, -AHEAD));
  const since = earlier?.refreshDate < newest.refreshDate ? earlier.refreshDate : null;
  const [all, before] = await Promise.all([
    rowsOf(call, newest, kind),
    since ? rowsOf(call, snapshotOf(snapshots, since), kind) : [],
  ]);
  const were = new Map(before.map((each) => [each.id, each.used]));
  const areApart = new Set(all.map((each) => each.id)).size === all.length; // concealed sites have one id, of zeros
  for (const each of all) each.grown = areApart && were.has(each.id) ? each.used - were.get(each.id) : null;
  return { newest, all, since };
}

async function rowsOf(call, { refreshDate, revision }, kind) {
  const { path, query } = call.snapshot(refreshDate, revision);
  const { columns, rows } = parse(await text(path, query));
  const named = rows.map((cells) => Object.fromEntries(columns.map((name, place) => [name, cells[place]])));
  return named
    .filter((row) => row["Is Deleted"] !== "True")
    .map((row) => {
      const [used, quota] = [row[kind.used], row[kind.quota]].map((cell) => (cell ? Number(cell) : null));
      const last = row["Last Activity Date"];
      return {
        ...{ row, id: row[kind.id], name: row[kind.name] || row[kind.id], owner: row[kind.owner], last, used },
        ...{ quota, share: quota && used !== null ? used / quota : null },
        idle: last ? daysBetween(last, refreshDate) : Infinity,
      };
    });
}

/** The columns of a kind: what each is called, and what it says of one. */
function columnsOf(kind, since) {
  const gigabytes = (value) => (value === null ? "" : (value / GB).toFixed(1));
  return [
    ["Name", (each) => each.name],
    kind.used && ["Used (GB)", (each) => gigabytes(each.used)],
    kind.quota && ["Of its quota", (each) => (each.share === null ? "" : united((each.share * 100).toFixed(1), "%"))],
    since && [`Grown since ${day(since)} (GB)`, (each) => gigabytes(each.grown)],
    kind.owner && ["Owner", (each) => each.owner],
    ["Last activity", (each) => each.last || "none known"],
    ["Days idle", (each) => (each.idle === Infinity ? "" : each.idle)],
    ...kind.also.map((name) => [name, (each) => each.row[name] ?? ""]),
  ].filter(Boolean);
}

function told(count, all, { one, many }, { title, only, near }) {
  const what = counted(count, one, many);
  if (only) return `${what} of ${number(all.length)}, ${title}.`;
  const full = near ? ` ${number(all.filter(near).length)} at ${percent(NEAR)} of the quota or more.` : "";
  return `${what}, ${title}.${full}`;
}

const concealed = ({ names }) =>
  ["concealed", "mixed"].includes(names) ? " Microsoft conceals names: docs/troubleshooting.md says how to have them." : "";

/** SharePoint may tell the storage of the whole organisation as that of each site. */
function pooled(all, { one, quota }) {
  const quotas = new Set(all.map((each) => each.quota));
  return one === "site" && quota && quotas.size === 1 && all.length > 1 ? " All sites have the same quota: it may be what they share." : "";
}
