/** All worlds: what is in them, and what can be done with them. */

import { FILE, ask, get, inWorld, once, post } from "./api.js";
import { confirm, prompt, say, tryTo } from "./dialog.js";
import { button, fill, h, labelled, link, nothing } from "./dom.js";
import { count, counted, instant } from "./format.js";
import { newestOnly, soon } from "./later.js";
import { change, current, go, hash } from "./route.js";

const AT_ONCE = 20;

/** Return the view of all worlds. */
export function worldsView() {
  const list = h("div", { class: "cards" });
  const search = h("input", { type: "search", "aria-label": "Search worlds", placeholder: "Search worlds", value: current().query.text ?? "" });
  search.addEventListener("input", () => change({ text: search.value }, { replace: true }));
  const load = newestOnly(() => tryTo(() => cards(search.value)), (found) => found && fill(list, found));
  const refresh = soon(load, 400);
  const node = h(
    "div",
    { class: "page" },
    h("h1", {}, "Worlds"),
    h("p", { class: "lead" }, "A world is everything that can change: the accounts of the vendors, a clock, faults, a journal. Open one to see what is in it, move its time, and ask why."),
    h("div", { class: "bar" }, search, h("span", { class: "grow" }), button("New world…", newWorld, { class: "main" })),
    list,
  );
  load();
  return { title: "Worlds", node, navigate: load, changed: refresh, close: refresh.stop };
}

async function cards(text) {
  const { worlds, memory } = await get("/worlds");
  const fitting = worlds.filter((it) => it.id.toLowerCase().includes(text.toLowerCase()) || (it.title ?? "").toLowerCase().includes(text.toLowerCase()));
  const shown = await Promise.all(fitting.slice(0, AT_ONCE).map((it) => card(it, memory.worlds[it.id])));
  const rest = fitting.length - shown.length;
  return [shown.length ? shown : nothing("No world is called so."), rest > 0 && nothing(`and ${count(rest)} more: search for them by name`)];
}

async function card(world, bytes) {
  const overview = await get(inWorld(world.id, "overview")).catch(() => null);
  return h(
    "article",
    { class: "card", "aria-label": `World ${world.id}` },
    h("h2", {}, h("a", { href: hash(["w", world.id, "state"]) }, world.id)),
    world.title && h("p", { class: "quiet" }, world.title),
    h("p", { class: "facts" }, h("span", { class: "time" }, instant(world.clock.now)), rateOf(world.clock), overview && h("span", {}, `${counted(overview.entry, "entry")} in its journal`), bytes && h("span", { class: "quiet" }, `${count(Math.ceil(bytes / 1000))} kB`)),
    overview && contents(world.id, overview),
    actions(world.id),
  );
}

function rateOf(clock) {
  return h("span", { class: "tag" }, typeof clock.rate === "number" ? `rate ${clock.rate}` : clock.rate);
}

/** Return what is in a world by vendor, kind and status. */
function contents(world, { vendors }) {
  const rows = Object.entries(vendors).flatMap(([vendor, { kinds }]) =>
    kinds.filter((it) => it.count).map((it) => h("li", {}, h("b", {}, `${vendor} ${it.place ?? it.kind}`), statuses(world, vendor, it))),
  );
  return rows.length ? h("ul", { class: "contents" }, rows) : nothing("It is empty.");
}

function statuses(world, vendor, { kind, by_status: byStatus }) {
  return Object.entries(byStatus).map(([status, number]) =>
    h("a", { class: "chip", href: hash(["w", world, "state"], { vendor, kind, status }) }, `${status} `, h("b", {}, count(number))),
  );
}

function actions(world) {
  return h(
    "div",
    { class: "buttons" },
    link(hash(["w", world, "journal"]), "Journal"),
    button("File", () => download(world), { "aria-label": `File of ${world}`, title: "All of it as a file, without secrets: batch-emulator open" }),
    [["Fork", fork], ["Reset", reset], ...(world === "default" ? [] : [["Drop", drop]])].map(([name, act]) => button(`${name}…`, () => act(world), { "aria-label": `${name} ${world}` })),
  );
}

/** Make a world that goes on from another, or from a moment of it, and go there. */
export async function fork(world, at) {
  const where = at ? `as it was at ${at}` : "as it is now";
  const id = await prompt(`Go on from ${world} in another world`, `A copy of the world ${where}, with a clock, a journal and credentials of its own.`, "Fork", { name: "Name of the new world", hint: "letters, digits, - _ . Left empty, it gets one." });
  if (id === null) return;
  const made = await tryTo(() => post(inWorld(world, "fork"), { ...(id && { id }), ...(at && { at }) }));
  if (made) open(made.id, `${made.id} goes on from ${world}.`);
}

function open(id, text) {
  go(["w", id, "state"]);
  say(text);
}

/** Take a world back to its scenario's beginning, asked once. */
export async function reset(world) {
  if (!(await confirm(`Reset ${world}?`, "State, clock, faults, deliveries and journal go back to the beginning of its scenario. What happened since is lost.", "Reset"))) return;
  if ((await tryTo(() => post(inWorld(world, "reset")))) !== undefined) say(`${world} is back at its beginning.`);
}

async function download(world) {
  const file = await tryTo(() => ask("GET", inWorld(world, "export"), { accept: FILE }));
  if (!file) return;
  const href = URL.createObjectURL(file);
  h("a", { href, download: `${world}.world.gz` }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60000);
}

async function drop(world) {
  if (!(await confirm(`Drop ${world}?`, "The world is gone, with its state, journal and snapshots.", "Drop"))) return;
  const done = await tryTo(() => ask("DELETE", inWorld(world)));
  if (done === null) say(`${world} is dropped.`);
}

function newWorld() {
  const scenario = h("input", { list: "scenario-names", autocomplete: "off" });
  const options = h("datalist", { id: "scenario-names" });
  once("/scenarios").then(({ scenarios }) => fill(options, scenarios.map((it) => h("option", { value: it.name }, it.title ?? ""))), () => undefined);
  const id = h("input", { autocomplete: "off", spellcheck: "false" });
  const dialog = h("dialog", { "aria-label": "New world" }, h("h2", {}, "New world"), labelled("Scenario", scenario, "Begin to write: first-run, serpwow/…, stripe/…, 6dot50/…"), options, labelled("Name", id, "letters, digits, - _ . Left empty, it gets one."));
  const make = async () => {
    const made = await tryTo(() => post("/worlds", { scenario: scenario.value || {}, ...(id.value && { id: id.value }) }));
    if (made) {
      dialog.close();
      open(made.id, `${made.id} is made.`);
    }
  };
  dialog.append(h("div", { class: "buttons" }, button("Cancel", () => dialog.close()), button("Make", make, { class: "main" })));
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  scenario.focus();
}
