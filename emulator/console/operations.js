/** The vendors: their machines, their operations, and requests to begin with. */

import { get, inWorld, once } from "./api.js";

/** Return each machine by its kind, such as `stripe.batch_job`. */
export async function machines() {
  const { vendors } = await once("/vendors");
  return new Map(vendors.flatMap((it) => it.machines).map((it) => [it.kind, it]));
}

/** Return every vendor. */
export async function vendors() {
  return (await once("/vendors")).vendors;
}

/** Return every operation of the vendors, from the document of the API: name, verb, method, path, what it demands. */
export async function operations() {
  const document = await once("/openapi.json");
  return Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods).filter(([, it]) => isVendors(it)).map(([method, it]) => operation(document, path, method, it)));
}

function isVendors(it) {
  return /^[\w-]+\.[\w-]+\.\w+$/.test(it.operationId ?? "") && !it.operationId.startsWith("emulator.");
}

function operation(document, path, method, it) {
  const schemes = document.components.securitySchemes;
  const [vendor, place, verb] = it.operationId.split(".");
  const wanted = (it.parameters ?? []).filter((each) => each.required && each.in !== "path");
  return { name: it.operationId, vendor, place, verb, method: method.toUpperCase(), path, wanted, hasBody: Boolean(it.requestBody?.required), scheme: schemes[Object.keys(it.security?.[0] ?? {})[0]] };
}

/** Return the operations of a vendor that name one resource of a place, such as `batches`. */
export async function operationsOn(vendor, place) {
  const all = await operations();
  return all.filter((it) => it.vendor === vendor && it.place === place && (it.path.match(/\{/g) ?? []).length === 1 && /\{(id|destination_id)\}/.test(it.path));
}

const VERSION = "2026-03-25.preview";

/**
 * Return a request of an operation to begin with, with the credential of its world.
 * @returns {Promise<{method: string, url: string, headers: Record<string, string>, body: string}>}
 */
export async function requestOf(world, operation, { id } = {}) {
  const { credentials } = await get(inWorld(world));
  const key = credentials[operation.vendor] ?? {};
  const path = operation.path.replace(/\{[^}]*\}/, id === undefined ? "$&" : encodeURIComponent(id));
  const headers = {};
  const query = new URLSearchParams();
  for (const it of operation.wanted) (it.in === "header" ? (headers[it.name] = exampleOf(it)) : query.set(it.name, exampleOf(it)));
  if (operation.scheme?.type === "apiKey") query.set(operation.scheme.name, key.api_key ?? "");
  if (operation.scheme?.scheme === "bearer") headers.Authorization = `Bearer ${key.api_key ?? key.token ?? "demo"}`;
  const search = query.toString();
  return { method: operation.method, url: path + (search ? `?${search}` : ""), headers, body: operation.hasBody ? "{}" : "" };
}

function exampleOf({ name, example, schema }) {
  return example ?? schema?.examples?.[0] ?? schema?.default ?? (name === "Stripe-Version" ? VERSION : "");
}

const HIDDEN = "\u2026";
const CONNECTIONS = /^(host|user-agent|accept.*|connection|content-length|transfer-encoding)$/;

/** Return a request like that of an entry, with the world's own credential in place of what is hidden there. */
export async function requestLike(world, entry) {
  const operation = (await operations()).find((it) => it.name === entry.operation);
  const own = operation ? await requestOf(world, operation) : { url: "", headers: {} };
  const [path, search] = entry.target.split("?");
  const [query, known] = [new URLSearchParams(search), new URLSearchParams(own.url.split("?")[1])];
  for (const [name, value] of [...query]) if (value.includes(HIDDEN) && known.has(name)) query.set(name, known.get(name));
  const mine = Object.keys(own.headers).map((it) => it.toLowerCase());
  const shown = entry.request.headers.filter(([name, value]) => !CONNECTIONS.test(name) && !mine.includes(name) && !value.includes(HIDDEN));
  return { method: entry.method, url: path + (query.size ? `?${query}` : ""), headers: { ...Object.fromEntries(shown), ...own.headers }, body: entry.request.body ?? "" };
}
