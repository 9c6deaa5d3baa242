/** The control API: requests with the token that the page was given, and problems in words. */

const PREFIX = location.pathname.replace(/\/console\/?$/, "");
export const FILE = "application/gzip";
let token = "";
let askForToken = null;

/** A refusal, or a failure to reach the server, in words. */
class Problem extends Error {
  constructor(message, status = 0) {
    super(message);
    this.status = status;
  }
}

/** Set the function that asks a person for the token, and return the token's holder to others. */
export function onLocked(ask) {
  askForToken = ask;
}

/** Return the headers that open the control plane. */
export function credentials() {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

/** Return the address of a path below the control plane, with a query; empty values are left out. */
export function address(path, query = {}) {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return PREFIX + path + (pairs.length ? `?${new URLSearchParams(pairs)}` : "");
}

/** Return the path of a world, or of something below it, each part encoded. */
export function inWorld(world, ...parts) {
  return ["/worlds", world, ...parts].map((it, index) => (index ? encodeURIComponent(it) : it)).join("/");
}

/** Return the JSON answer to a GET. */
export function get(path, query, options) {
  return ask("GET", path, { query, ...options });
}

/** Return the JSON answer to a POST. */
export function post(path, body, options) {
  return ask("POST", path, { body, ...options });
}

/**
 * Send a request to the control plane and return its answer: JSON, or text where that was asked for.
 * @throws {Problem} it was refused, and why
 */
export async function ask(method, path, { query, body, type, accept, signal } = {}) {
  const headers = { Accept: accept ?? "application/json", ...credentials() };
  if (body !== undefined) headers["Content-Type"] = type ?? "application/json";
  const content = body === undefined || type ? body : JSON.stringify(body);
  const response = await reach(address(path, query), { method, headers, body: content, signal, cache: "no-store" });
  if (response.status === 401 && (await unlocked())) return ask(method, path, { query, body, type, accept, signal });
  if (!response.ok) throw await problemOf(response);
  if (response.status === 204) return null;
  if (accept === FILE) return response.blob();
  return accept && accept !== "application/json" ? response.text() : response.json();
}

async function reach(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem("The server does not answer. Is it running?");
  }
}

let asking = null;

/** Ask for the token once, however many requests wait for it; tell whether there is one to try. */
async function unlocked() {
  asking ??= askForToken?.(token !== "").finally(() => (asking = null));
  const given = await asking;
  if (given) token = given;
  return Boolean(given);
}

/** Return the problem that a response tells. */
async function problemOf(response) {
  const text = await response.text();
  try {
    return new Problem(JSON.parse(text).detail || text, response.status);
  } catch {
    return new Problem(text.slice(0, 500) || `The answer was ${response.status}`, response.status);
  }
}

const kept = new Map();

/** Return an answer that does not change while the server runs, asked for once. */
export function once(path) {
  if (!kept.has(path)) kept.set(path, get(path).catch((error) => (kept.delete(path), Promise.reject(error))));
  return kept.get(path);
}
