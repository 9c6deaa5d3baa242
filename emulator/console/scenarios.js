/** Scenarios: read one with its evidence, load it into a world, or write one that is checked as one types. */

import { ask, get, once, post } from "./api.js";
import { prompt, say, tryTo } from "./dialog.js";
import { button, fill, fold, h, nothing } from "./dom.js";
import { counted } from "./format.js";
import { newestOnly, soon } from "./later.js";
import { change, current, go } from "./route.js";
import { RowList } from "./rows.js";
import { yaml } from "./yaml.js";

const EXAMPLE = `title: A stop while the batch is queued gives its credits back
given:
  serpwow:
    account: {credits_limit: 15000, credits_used: 200}
    batches:
      - {id: B1, status: queued, searches: 10}
steps:
  - send: GET /live/batches/B1/stop?api_key=demo
    expect: {status: 200}
`;

/** Return the view of all scenarios. */
export function scenariosView(place) {
  const view = new ScenariosView();
  view.navigate(place);
  return view;
}

class ScenariosView {
  constructor() {
    this.title = "Scenarios";
    this.search = h("input", { type: "search", placeholder: "Search names and titles", "aria-label": "Search names and titles", value: current().query.text ?? "" });
    this.search.addEventListener("input", () => change({ text: this.search.value }, { replace: true }));
    this.rows = new RowList({ label: "Scenarios", row: scenarioRow, open: (it) => change({ name: it.name, write: undefined }) });
    this.panel = h("aside", { class: "panel wide", "aria-label": "Scenario" });
    this.node = h("div", { class: "journal" }, h("section", { class: "list" }, h("div", { class: "bar" }, h("h1", {}, "Scenarios"), h("span", { class: "grow" }), this.search, button("Write one…", () => change({ write: "1", name: undefined }), { class: "main" })), this.rows.node), this.panel);
    this.read = newestOnly((name) => tryTo(() => get(`/scenarios/${name.split("/").map(encodeURIComponent).join("/")}`)), (found) => found && fill(this.panel, reading(found)));
  }

  async navigate({ query }) {
    if (query.name && !query.write) this.read(query.name);
    if (!this.rows.length) this.rows.say(nothing("They are read…"));
    const all = (await tryTo(() => once("/scenarios")))?.scenarios ?? [];
    const text = (query.text ?? "").toLowerCase();
    const fitting = all.filter((it) => `${it.name} ${it.title ?? ""}`.toLowerCase().includes(text));
    this.rows.show(fitting, fitting.findIndex((it) => it.name === query.name));
    if (!fitting.length) this.rows.say(nothing("None is called so."));
    if (query.write) this.write();
    else if (!query.name) fill(this.panel, nothing("Choose one to read it. A scenario is the state that a world begins from, and the steps that prove it."));
    this.isWriting = Boolean(query.write);
  }

  /** Show the editor; what is written stays while one looks elsewhere on this view. */
  write() {
    this.editor ??= editor();
    if (!this.isWriting) fill(this.panel, this.editor);
  }
}

function scenarioRow(it) {
  return [h("span", { class: "cut grow", title: it.title }, it.title ?? it.problems?.[0] ?? ""), h("span", { class: "quiet cut half", title: it.name }, it.name)];
}

function reading({ name, title, scenario }) {
  const { proves, ...rest } = scenario;
  const facts = [proves ?? []].flat();
  return [
    h("h2", {}, title),
    h("p", { class: "quiet" }, name),
    h("div", { class: "buttons" }, button("Load into a new world…", () => load(name), { class: "main" }), button("Load in place of another…", () => replace(name))),
    facts.length > 0 && fold(`It proves ${counted(facts.length, "fact")}`, true, h("ul", { class: "steps" }, facts.map((it) => h("li", {}, h("a", { href: `#/evidence?vendor=${vendorOf(it)}&text=${it}` }, it))))),
    h("pre", { class: "body", tabindex: "0" }, yaml(rest)),
  ];
}

function vendorOf(fact) {
  return fact.split("-")[0];
}

async function load(scenario) {
  const id = await prompt("Load into a new world", scenario.name ?? String(scenario), "Load", { name: "Name of the world", hint: "left empty, it gets one" });
  if (id === null) return;
  const made = await tryTo(() => post("/worlds", { scenario, claim: false, ...(id && { id }) }));
  if (made) go(["w", made.id, "state"]);
}

async function replace(scenario) {
  const world = await prompt("Load in place of another", "The world begins anew from this scenario; what is in it is lost.", "Load", { name: "World", value: "default" });
  if (world && (await tryTo(() => post(`/worlds/${encodeURIComponent(world)}/reset`, { scenario })))) go(["w", world, "state"]);
}

/** Return an editor that is checked as one types. */
function editor() {
  const text = h("textarea", { class: "code", rows: 26, spellcheck: "false", "aria-label": "Scenario in YAML" });
  text.value = EXAMPLE;
  const told = h("div", { class: "outcome", "aria-live": "polite" });
  const check = newestOnly(() => ask("POST", "/check", { body: text.value, type: "application/yaml" }).catch((error) => ({ mistakes: [{ message: error.message }], warnings: [] })), (found) => fill(told, verdict(found, text)));
  const later = soon(check, 400);
  text.addEventListener("input", later);
  check();
  const make = async () => {
    const made = await tryTo(() => ask("POST", "/worlds", { body: text.value, type: "application/yaml" }));
    if (made) go(["w", made.id, "state"]);
    if (made?.warnings?.length) say(made.warnings.join(" "));
  };
  return h("div", {}, h("h2", {}, "Write a scenario"), text, told, h("div", { class: "buttons" }, button("Make a world of it", make, { class: "main" })));
}

function verdict({ mistakes, warnings }, text) {
  const line = (it, kind) => h("li", {}, button(it.line ? `${it.line}:${it.column}` : "", () => select(text, it), { class: "quiet", "aria-label": `Go to line ${it.line}` }), h("span", { class: `tag ${kind}` }, kind), ` ${it.message ?? it}`);
  if (!mistakes.length && !warnings.length) return h("p", { class: "quiet" }, "No mistake.");
  return h("ul", { class: "steps" }, mistakes.map((it) => line(it, "mistake")), warnings.map((it) => line(it, "warning")));
}

function select(area, { line, column }) {
  const before = area.value.split("\n").slice(0, line - 1).join("\n").length;
  const start = before + (line > 1 ? 1 : 0) + (column - 1 || 0);
  area.focus();
  area.setSelectionRange(start, start + 1);
}
