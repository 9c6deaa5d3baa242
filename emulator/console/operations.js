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
  const body = it.requestBody?.content["application/json"]?.schema?.$ref?.split("/").pop();
  const members = document.components.schemas[body]?.required ?? [];
  return { name: it.operationId, vendor, place, verb, method: method.toUpperCase(), path, wanted, members, hasBody: Boolean(it.requestBody?.required), scheme: schemes[Object.keys(it.security?.[0] ?? {})[0]] };
}

/** Return the operations of a vendor that name one resource of a place, such as `batches`. */
export async function operationsOn(vendor, place) {
  const all = await operations();
  return all.filter((it) => it.vendor === vendor && it.place === place && (it.path.match(/\{/g) ?? []).length === 1 && /\{(id|destination_id)\}/.test(it.path));
}

/** Return a request of an operation to begin with, and the exchange that gives a token where it needs one. The server puts credentials in the place of names in braces. */
export async function requestOf(world, operation, { id } = {}) {
  const { credentials } = await get(inWorld(world));
  const own = Object.keys(credentials[operation.vendor] ?? {}).map((field) => [field, `{${operation.vendor}.${field}}`]);
  const names = Object.fromEntries(own);
  const path = operation.path.replace(/\{[^}]*\}/, id === undefined ? "$&" : encodeURIComponent(id));
  const examples = (place) => operation.wanted.filter((it) => it.in === place).map(({ name, schema }) => [name, schema.examples?.[0] ?? schema.default ?? ""]);
  const { scheme } = operation;
  const query = examples("query").map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  if (scheme?.type === "apiKey") query.push(`${scheme.name}=${names[scheme.name] ?? ""}`);
  const headers = Object.fromEntries(examples("header"));
  const exchange = scheme?.scheme === "bearer" && !names.api_key && (await operations()).find((it) => it.vendor === operation.vendor && it.members.includes("secret"));
  if (scheme?.scheme === "bearer") headers.Authorization = `Bearer ${names.api_key ?? (await newestToken(world, exchange))}`;
  const body = operation.hasBody ? Object.fromEntries(own.filter(([field]) => operation.members.includes(field))) : "";
  if (world !== "default" && !/\{(entry|\w+\.)/.test(JSON.stringify([query, headers, body]))) headers["Emulator-World"] = world;
  return { method: operation.method, url: path + (query.length ? `?${query.join("&")}` : ""), headers, body, exchange };
}

/** Return the name of the newest token that credentials were exchanged for, or where none was, the token of the first run. */
async function newestToken(world, exchange) {
  const { entries } = await get(inWorld(world, "journal"), { operation: exchange.name, status: 200, newest: 1 });
  return entries.length ? `{entry/${entries[0].n}/token}` : "demo";
}
