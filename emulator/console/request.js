/** A request to a vendor: written, tried without effect, or sent. */

import { get, inWorld, post } from "./api.js";
import { tryTo } from "./dialog.js";
import { button, fill, h, labelled, nothing } from "./dom.js";
import { changeList, differenceList } from "./differences.js";
import { bodyOf, statusOf, whyOf } from "./exchange_parts.js";
import { machines, requestOf } from "./operations.js";
import { inView } from "./route.js";

/** Return a form for a request of an operation, or for a request that is given. */
export function requestForm(world, operation, given = {}) {
  const node = h("div", { class: "request" }, nothing("…"));
  const draw = () => tryTo(async () => fill(node, fields(world, given.url ? given : await requestOf(world, operation, given), operation, draw)));
  draw();
  return node;
}

function fields(world, request, operation, again) {
  const method = h("input", { value: request.method, size: 7, "aria-label": "Method", spellcheck: "false" });
  const url = h("input", { value: request.url, class: "grow", "aria-label": "Path and query", spellcheck: "false" });
  const headers = h("textarea", { rows: Math.max(2, Object.keys(request.headers).length + 1), spellcheck: "false" }, Object.entries(request.headers).map(([name, value]) => `${name}: ${value}\n`).join(""));
  const body = h("textarea", { rows: request.body ? 5 : 2, spellcheck: "false" }, bodyText(request.body));
  const outcome = h("div", { class: "outcome", "aria-live": "polite" });
  const read = () => ({ method: method.value.trim().toUpperCase(), url: url.value.trim(), headers: headersOf(headers.value), body: body.value });
  return [
    operation && h("p", { class: "quiet" }, operation.name),
    h("div", { class: "row" }, method, url),
    h("div", { class: "columns" }, labelled("Headers", headers), labelled("Body", body)),
    h(
      "div",
      { class: "buttons" },
      button("Try", () => tryRequest(world, read(), outcome), { title: "Shows what would happen. Nothing happens.", class: "main" }),
      button("Send", () => send(world, read(), outcome), { title: "Sends it: what follows happens" }),
      request.exchange && button("Get a token", () => exchange(world, request.exchange, again), { title: `Sends ${request.exchange.name} with the world's own credentials` }),
    ),
    outcome,
  ];
}

/** Let a world exchange its own credentials for a token, and draw the form again, with it. */
async function exchange(world, operation, again) {
  const { method, url, headers, body } = await requestOf(world, operation);
  if (await tryTo(() => post(inWorld(world, "send"), { method, url, headers, body }))) again();
}

function bodyText(body) {
  return typeof body === "string" ? body : body === undefined || body === null ? "" : JSON.stringify(body, null, 1);
}

function headersOf(text) {
  const lines = text.split("\n").map((it) => it.trim()).filter(Boolean);
  return Object.fromEntries(lines.map((it) => [it.slice(0, it.indexOf(":")).trim(), it.slice(it.indexOf(":") + 1).trim()]).filter(([name]) => name));
}

/** Try a request on a copy of its world, and show what would happen. */
async function tryRequest(world, request, outcome) {
  const { body, ...rest } = request;
  const trial = await tryTo(() => post(`${inWorld(world, "dry-run")}`, { ...rest, ...(body !== "" && body !== undefined && { body }) }));
  if (trial) fill(outcome, await trialOf(trial));
}

/** Return what a trial shows: the answer, what would change, and what would follow. */
export async function trialOf(trial) {
  const all = await machines();
  const [changes, follows] = [changeList(trial.changes), followers(all, trial.changes)];
  return [
    h("h4", {}, "It would be answered ", statusOf(trial.status), trial.delivered === false && " and the client would not get the answer whole"),
    h("p", { class: "quiet" }, "Nothing of this has happened."),
    h("h4", {}, trial.differences.length ? "It would change" : "It would change nothing"),
    changes,
    differenceList(trial.differences, trial.rest),
    follows.length > 0 && [h("h4", {}, "And by itself, later"), h("ul", { class: "steps" }, follows)],
    whyOf(trial.explanation),
    h("h4", {}, "The answer"),
    bodyOf(trial.body),
  ];
}

/** Return what time alone would do next to what changed. */
function followers(all, changes) {
  const newest = new Map(changes.map((it) => [`${it.vendor}.${it.resource} ${it.id}`, it]));
  return [...newest.entries()].slice(0, 20).flatMap(([key, it]) => {
    const rows = all.get(key.split(" ")[0])?.rows.filter((row) => row.in === it.to && row.to !== it.to && row.cause.startsWith("after ")) ?? [];
    return [...new Set(rows.map((row) => `${it.id}: ${it.to} → ${row.to} ${row.cause}`))].map((text) => h("li", {}, text));
  });
}

/** Send a request as a client would, and show the answer with the entry that it has in the journal. */
export async function send(world, request, outcome) {
  const { body, ...rest } = request;
  const sent = await tryTo(() => post(inWorld(world, "send"), { ...rest, ...(body !== "" && body !== undefined && { body }) }));
  if (!sent) return;
  const heard = sent.status ? h("h4", {}, "It was answered ", statusOf(sent.status)) : h("h4", {}, "No answer came");
  fill(outcome, heard, sent.error && h("p", {}, sent.error), sent.n ? await entryOf(world, sent.n) : nothing("It reached no world."), sent.status > 0 && [h("h4", {}, "The answer"), bodyOf(sent.body)]);
}

async function entryOf(world, n) {
  const explanation = await tryTo(() => get(`${inWorld(world, "journal", n)}/explain`));
  const faults = explanation?.faults?.length ? h("p", {}, "Fault: ", explanation.faults.map((it) => `${it.do} ${it.where}`).join(", ")) : "";
  const found = h("p", {}, h("a", { href: inView(world, "journal", { n }) }, `Entry ${n} of the journal`));
  return [faults, explanation && [h("h4", {}, "It changed"), changeList(explanation.changes), differenceList(explanation.differences, explanation.rest), whyOf(explanation)], found];
}
