// What /status means for people: the worst first, each with what to do.

import { counted, day, span } from "./elements.js";

const STOPPED_DAYS = 2;
const GOOD_TO_KNOW = ["unknown_in_this_cloud", "not_switched_on"];

/** `{level, word, text, advice}` for each, the worst first; level is `bad`, `warn` or `note`. None = all is well. */
export function problems(status) {
  const { calls, run, at } = status;
  return [
    permission(status),
    inputs(status),
    empty(calls),
    stopped(run, at),
    failing(calls),
    missing(status),
    late(calls, at),
    concealed(calls),
  ]
    .filter(Boolean)
    .sort((one, other) => LEVELS.indexOf(one.level) - LEVELS.indexOf(other.level));
}

const LEVELS = ["bad", "warn", "note"];

/** Whether the last run could not get a call, and time will not heal it. */
export const isFailing = (call) =>
  ["refused", "quarantined"].includes(call.outcome) && !GOOD_TO_KNOW.includes(call.reason);

export const isConcealed = (call) => ["concealed", "mixed"].includes(call.names);

function permission(status) {
  const states = status.permissions ?? { "Reports.Read.All": status.permission };
  const lacking = Object.keys(states).filter((name) => states[name] === "missing");
  if (!lacking.length) return null;
  return {
    level: "bad",
    word: "No permission",
    text: `Microsoft Graph refuses reports: the app's identity lacks ${lacking.join(" and ")}.`,
    advice: "Grant it as docs/deploy.md says. It takes up to a day until Graph knows.",
  };
}

function inputs({ inputs }) {
  const wrong = Object.values(inputs ?? {}).filter((state) => !["good", "none"].includes(state));
  if (!wrong.length) return null;
  return { level: "warn", word: "Bad input", text: wrong.join(" "), advice: "Mend it in the container usage-input." };
}

function empty(calls) {
  if (calls.some((call) => call.refreshDate)) return null;
  return {
    level: "warn",
    word: "Empty",
    text: "Nothing is archived yet.",
    advice:
      "The timer pulls several times a day. To pull at once: POST /api/pull, with a key of the function pull_now.",
  };
}

function stopped(run, at) {
  if (!run || Date.parse(at) - Date.parse(run.finished) < STOPPED_DAYS * 86400000) return null;
  return {
    level: "bad",
    word: "Stopped",
    text: `There was no run for ${span(run.finished, at)}.`,
    advice: "Look whether the Function App runs, and whether the function pull is enabled. Days are being lost.",
  };
}

function failing(calls) {
  const failed = calls.filter(isFailing);
  if (!failed.length || failed.every((call) => call.reason === "permission")) return null;
  const reasons = [...new Set(failed.map((call) => call.reason))].join(", ");
  return {
    level: "bad",
    word: "Failing",
    text: `${counted(failed.length, "call")} could not be archived in the last run: ${reasons}.`,
    advice: "docs/messages.md has a line for each reason.",
  };
}

function missing({ calls, run }) {
  const gaps = calls.flatMap((call) => call.gaps.filter((gap) => gap.state === "recoverable"));
  if (!gaps.length) return null;
  const days = gaps.reduce((sum, gap) => sum + gap.days, 0);
  const until = gaps
    .map((gap) => gap.recoverableUntil)
    .filter(Boolean)
    .sort()[0];
  return {
    level: "warn",
    word: "Missing",
    text:
      `${counted(days, "single day")} ${days === 1 ? "is" : "are"} missing, and can still be had` +
      `${until ? `, the first until ${day(until)}` : ""}.`,
    advice: run?.waitingDays
      ? "The next runs fetch them, some at a time, as Microsoft Graph allows."
      : "The next run asks for them. If they stay, look at how the last run ended.",
  };
}

function late(calls, at) {
  const behind = calls.filter((call) => call.late);
  if (!behind.length) return null;
  const first = behind.map((call) => call.expectedNext).sort()[0];
  return {
    level: "warn",
    word: "Late",
    text: `${counted(behind.length, "call")} ${behind.length === 1 ? "is" : "are"} late, by up to ${span(first, at)}.`,
    advice:
      "Microsoft is often a few days behind, and nothing is lost by it. After a week, look at the service health of Microsoft 365.",
  };
}

function concealed(calls) {
  const hidden = calls.filter(isConcealed);
  if (!hidden.length) return null;
  return {
    level: "note",
    word: "Concealed",
    text: `Names of people, sites and groups are concealed in ${counted(hidden.length, "call")}, so they cannot be joined with other data.`,
    advice:
      "A global administrator can change that: Microsoft 365 admin centre, Settings, Org settings, Reports. What is archived stays as it is.",
  };
}
