// Where somebody is: the address names the page, what it is of, and the days that all pages are of.

/** What holds for the whole page, wherever one goes. */
const KEPT = ["tenant", "from", "to", "asOf"];

/** The parts of the address: the page, what it is of (`id`), and what else is chosen there. */
export function route(hash = location.hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split(/\?(.*)/s);
  const [page, ...rest] = path.split("/");
  return { page: page || "overview", id: decoded(rest.join("/")), ...Object.fromEntries(new URLSearchParams(query)) };
}

/** The address of a page; what holds for all of them stays, unless it is chosen anew. */
export function to(page, id = "", chosen = {}) {
  const now = route();
  const kept = Object.fromEntries(KEPT.map((name) => [name, now[name]]));
  const given = Object.entries({ ...kept, ...chosen }).filter(([, value]) => value);
  const query = given.length ? `?${new URLSearchParams(given)}` : "";
  return `#/${page}${id && `/${encodeURI(id)}`}${query}`;
}

/** The address that an older one, such as `#call=getX&view=day`, has today; null if it is none of those. */
export function renewed(hash) {
  if (!hash.startsWith("#call=")) return null;
  const { call, ...chosen } = Object.fromEntries(new URLSearchParams(hash.slice(1)));
  return to("reports", call, chosen);
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // somebody wrote it by hand
  }
}
