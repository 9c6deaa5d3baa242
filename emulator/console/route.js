/** The address of what the page shows: `#/w/default/state?vendor=serpwow&at=entry/3`. Nothing secret is ever in it. */

/** Return a part of an address, encoded, but for slashes and colons, which people can read. */
function encoded(text) {
  return encodeURIComponent(text).replace(/%2F/g, "/").replace(/%3A/g, ":");
}

/** Return the address of a place with what it shows; empty values are left out. */
export function hash(parts, query = {}) {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const search = pairs.map(([name, value]) => `${encoded(name)}=${encoded(String(value))}`).join("&");
  return `#/${parts.map(encodeURIComponent).join("/")}${search ? `?${search}` : ""}`;
}

/** Return the place that the page's address names. */
export function current() {
  const [path, search = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return { parts: path.split("/").filter(Boolean).map(decoded), query: Object.fromEntries(new URLSearchParams(search)) };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Go to a place. With `replace` the way back skips the present one. */
export function go(parts, query, { replace = false } = {}) {
  const target = hash(parts, query);
  if (target === location.hash) return;
  if (replace) {
    history.replaceState(null, "", target);
    dispatchEvent(new HashChangeEvent("hashchange"));
  } else location.hash = target;
}

/** Go to the present place with some of what it shows changed. */
export function change(query, options) {
  const here = current();
  go(here.parts, { ...here.query, ...query }, options);
}

/** Return the address of the present place with some of what it shows changed. */
export function changed(query) {
  const here = current();
  return hash(here.parts, { ...here.query, ...query });
}

/** Return the address of a view of a world; the moment that is looked at stays. */
export function inView(world, view, query = {}) {
  return hash(["w", world, view], { at: current().query.at, ...query });
}
