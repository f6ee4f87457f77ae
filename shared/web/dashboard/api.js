// The archive's own API, asked with the key of this tab. The key goes into a header and nowhere else.

/** Where the API is: this page is at `/api/dashboard`. */
export const API = location.pathname.replace(/\/dashboard\/?$/, "");
/** Where the archive is that is shown: that of the app, or of one tenant of many. */
export let ROOT = API;

/** Show the archive of a tenant from now on; that of the app without one. */
export function showTenant(id) {
  ROOT = id ? `${API}/tenants/${encodeURIComponent(id)}` : API;
}

const KEY = "usage-archive-key";
const PERSONAL_KEY = "usage-archive-personal-key";

/** What the tab keeps; where the browser lets it keep nothing, until it is reloaded. */
const tab = kept(() => sessionStorage);
/** What the browser keeps. */
export const browser = kept(() => localStorage);

function kept(storage) {
  try {
    return storage();
  } catch {
    const values = new Map();
    return {
      getItem: (name) => values.get(name) ?? null,
      setItem: (name, value) => values.set(name, value),
      removeItem: (name) => values.delete(name),
    };
  }
}

/** Whether a key was given in this tab, if only an empty one. */
export const hasKey = () => tab.getItem(KEY) !== null;

/** Whether it may be a key: ASCII, as it has to stand in a header. What is pasted with one may be something else. */
export const isKey = (text) => /^[\x20-\x7e]*$/.test(text);

export function keepKeys(key, personal) {
  tab.setItem(KEY, key);
  tab.setItem(PERSONAL_KEY, personal);
}

export function forgetKeys() {
  tab.removeItem(KEY);
  tab.removeItem(PERSONAL_KEY);
}

/** Why a request has no answer that can be shown, and what to do. */
export class Failure extends Error {
  constructor(status, title, detail, advice = "") {
    super(detail);
    Object.assign(this, { status, title, detail, advice });
  }
}

/** The path of a resource below ROOT, with its query; what is null or empty is left out. */
export function address(path, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== null && value !== undefined && value !== "");
  return given.length ? `${path}?${new URLSearchParams(given)}` : path;
}

/** Whether there is a key for personal reports beside the first. */
export const hasPersonalKey = () => Boolean(tab.getItem(PERSONAL_KEY));

/** What a GET answers. Each throws Failure, or AbortError if `signal` says that nobody wants it any more. */
export const text = (path, query, signal) => read(path, query, signal, (answer) => answer.text());
export const json = (path, query, signal) => read(path, query, signal, (answer) => answer.json());
export const blob = (path, query, signal) => read(path, query, signal, (answer) => answer.blob());

async function read(path, query, signal, body) {
  const answer = await ask(path, query, signal);
  try {
    return await body(answer);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(
      0,
      "The answer cannot be read",
      "It broke off, or what is stored is damaged.",
      "Try again. If it stays, python3 -m local verify finds what is damaged.",
    );
  }
}

/** How all tenants stand; null for whoever may not know. */
export async function standings(signal) {
  const answer = await send("/tenants", {}, signal, API);
  return answer.ok ? answer.json() : null;
}

/** The word of /health, which comes at once however large the archive is; empty if there is no answer. */
export async function healthWord(signal) {
  try {
    return await (await send("/health", {}, signal, API)).text();
  } catch {
    return "";
  }
}

function send(path, query, signal, root = ROOT) {
  const personal = path.startsWith("/personal/");
  const key = (personal && tab.getItem(PERSONAL_KEY)) || tab.getItem(KEY);
  return fetch(root + address(path, query), { headers: key ? { "x-functions-key": key } : {}, signal });
}

async function ask(path, query, signal) {
  let answer;
  try {
    answer = await send(path, query, signal);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(0, "No answer", "The app did not answer.", "Check the connection, then try again.");
  }
  if (answer.ok) return answer;
  throw await failure(path, answer);
}

async function failure(path, answer) {
  if (answer.status === 401) {
    const personal = path.startsWith("/personal/");
    const name =
      ROOT === API ? (path === "/status" ? "status" : personal ? "personal_reports" : "reports") : personal ? "personal_tenants" : "tenants";
    return new Failure(
      401,
      "The key was refused",
      `The function ${name} (${ROOT}${path}) does not take this key: it is wrong, was renewed, or is that of another function.`,
      personal
        ? `Use an app key, or give the key of ${name} as the second one.`
        : "Use an app key: it opens every function. In the Azure portal it is under App keys of the Function App.",
    );
  }
  let problem = {};
  try {
    problem = await answer.json();
  } catch {
    /* it is no problem document, so the status has to do */
  }
  const wait = answer.headers.get("Retry-After");
  const advice = {
    413: "Ask for a shorter range, or for one day of each week or month.",
    500: "The app's logs say why; docs/operations.md tells where they are.",
    503: wait ? `Try again in ${wait} seconds.` : "Try again in a minute.",
  }[answer.status];
  const near = [problem.nearestBefore, problem.nearestAfter].filter(Boolean).join(" and ");
  return new Failure(
    answer.status,
    problem.title ?? `The answer was ${answer.status}`,
    problem.detail ?? "The app says no more about it.",
    advice ?? (near && `There are ${near}.`),
  );
}
