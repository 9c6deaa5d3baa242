/** One resource: its fields, what comes next, its way so far, and what can be asked of it. */

import { get, inWorld, once } from "./api.js";
import { button, fill, fold, h, link, nothing, panel, panelHead, terms } from "./dom.js";
import { brief, cause, duration, instant, millis } from "./format.js";
import { newestOnly } from "./later.js";
import { change, inView } from "./route.js";
import { requestForm } from "./request.js";
import { operationsOn } from "./operations.js";
import { factOf } from "./facts.js";

/** Return the panel of the resource that the address names. */
export function resourcePanel(world) {
  return new ResourcePanel(world);
}

class ResourcePanel {
  constructor(world) {
    this.world = world;
    this.body = h("div", {});
    this.requests = h("div", {});
    this.fields = h("div", {});
    this.node = panel("Resource", leave);
    this.node.append(this.body, this.requests, this.fields);
    this.read = newestOnly((chosen, query) => this.ask(chosen, query), (found, chosen, query) => this.draw(found, chosen, query));
  }

  /** Show the resource that a place names, if it names one. */
  show(chosen, query) {
    this.node.hidden = !query.id;
    const key = `${chosen.vendor} ${chosen.kind} ${query.id} ${query.at ?? ""}`;
    if (query.id && key !== this.key) fill(this.requests);
    this.isSame = key === this.key;
    this.key = key;
    if (query.id) this.read(chosen, query);
  }

  async ask({ vendor, kind }, { id, at }) {
    try {
      const [resource, clock, facts] = await Promise.all([get(inWorld(this.world, "resources", vendor, kind, id), { at }), get(inWorld(this.world, "clock")), once(`/vendors/${vendor}`)]);
      return { resource, now: clock.now, facts: facts.evidence };
    } catch (error) {
      return { problem: error.message };
    }
  }

  async draw({ resource, problem, now, facts }, chosen, query) {
    const head = panelHead(query.id, "resource", leave);
    if (problem) return [fill(this.body, head, nothing(problem)), fill(this.requests), fill(this.fields)];
    fill(this.body, head, h("p", {}, h("span", { class: "tag strong" }, resource.status), ` since ${instant(resource.since)}`), this.upcoming(resource, now, facts), this.way(resource));
    fill(this.fields, fold("Fields", true, fieldsOf(resource.given)));
    if (!query.at && !(this.isSame && this.requests.firstChild)) fill(this.requests, await this.operations(chosen, query.id));
  }

  upcoming({ next }, now, facts) {
    const row = (it) => h("li", {}, h("b", {}, `in ${duration(Math.max(0, millis(it.at) - millis(now)))}`), ` → ${it.to} (${it.timer}, at ${instant(it.at)}) `, factOf(facts, it.evidence));
    return h("section", {}, h("h3", {}, "What comes next"), next.length ? h("ul", { class: "steps" }, next.map(row)) : nothing("Nothing by itself."));
  }

  way({ way, steps }) {
    const row = (it) => h("li", {}, link(inView(this.world, "journal", { n: it.n }), `${it.n}`), ` ${instant(it.at)}: ${it.from} → `, h("b", {}, it.to), ` by ${cause(it.why)}`);
    const older = steps > way.length && nothing(`and ${steps - way.length} before`);
    return h("section", {}, h("h3", {}, "Its way so far"), way.length ? h("ol", { class: "steps" }, way.map(row)) : nothing("It is as it was given."), older);
  }

  async operations({ vendor, place }, id) {
    const operations = await operationsOn(vendor, place);
    if (!operations.length) return "";
    const form = h("div", {});
    const choose = (operation) => fill(form, requestForm(this.world, operation, { id }));
    const chips = operations.map((it) => button(it.verb, () => choose(it), { class: "chip", title: `${it.method} ${it.path}` }));
    return h("section", {}, h("h3", {}, "What can be asked of it"), h("div", { class: "chips" }, chips), form);
  }
}

function leave() {
  change({ id: undefined });
}

/** Return the fields of a resource as terms, what is long as JSON. */
function fieldsOf(fields) {
  if (fields === null || typeof fields !== "object") return nothing("It is given as a part of another.");
  return terms(Object.entries(fields).map(([name, value]) => [name, value !== null && typeof value === "object" ? h("pre", {}, JSON.stringify(value, null, 1)) : brief(value)]), { class: "fields" });
}
