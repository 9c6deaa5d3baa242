/** Faults: those in force, and a form that lays one and offers only what means something. */

import { ask, get, inWorld, post } from "./api.js";
import { say, tryTo } from "./dialog.js";
import { button, fill, h, labelled, nothing, select, table } from "./dom.js";
import { count } from "./format.js";
import { DELIVERY, DO, doable, WHERE } from "./fault_grammar.js";
import { newestOnly } from "./later.js";
import { vendors } from "./operations.js";
import { change, inView } from "./route.js";

/** Return the view of a world's faults. The form is in the address, so that it can be shared. */
export function faultsView(world, query) {
  const view = new FaultsView(world);
  view.navigate(query);
  view.changed();
  return view;
}

class FaultsView {
  constructor(world) {
    this.world = world;
    this.form = h("div", { class: "form" });
    this.list = h("div", {});
    this.node = h("div", { class: "page" }, h("section", {}, h("h2", {}, "Lay a fault"), h("p", { class: "lead" }, "A failure on purpose: where it strikes, what it does, how often."), this.form), h("section", {}, h("h2", {}, "In force"), this.list));
    this.read = newestOnly(() => tryTo(() => this.ask()), (found) => found && this.draw(found));
    this.written = {};
  }

  async navigate(query) {
    const all = await tryTo(vendors);
    if (all) this.drawForm(all, query);
  }

  changed() {
    return this.read();
  }

  async ask() {
    const [{ faults }, { held }] = await Promise.all([get(inWorld(this.world, "faults")), get(inWorld(this.world, "held"))]);
    return { faults, held };
  }

  drawForm(all, query) {
    const places = ["*", ...all.flatMap((it) => [it.name, ...it.operations.map((each) => each.name)]), ...all.filter((it) => it.machines.some((each) => each.kind.endsWith(".delivery"))).map((it) => `${it.name}.webhook`)];
    const at = places.includes(query.fault_at) ? query.fault_at : "*";
    const isDelivery = at.endsWith(".webhook");
    const where = Object.hasOwn(WHERE, query.where) ? query.where : "after-commit";
    const deeds = isDelivery ? Object.keys(DELIVERY) : doable(where);
    const deed = deeds.includes(query.do) ? query.do : deeds[0];
    const names = { "*": "every operation" };
    fill(
      this.form,
      h("div", { class: "row" }, labelled("At", select(places.map((it) => [it, names[it] ?? it]), at, (it) => change({ fault_at: it }))),
      !isDelivery && labelled("Where", select(Object.entries(WHERE).map(([it, text]) => [it, `${it}: ${text}`]), where, (it) => change({ where: it })))),
      labelled("Do", select(deeds.map((it) => [it, `${it}: ${(isDelivery ? DELIVERY : DO)[it]}`]), deed, (it) => change({ do: it }))),
      h("div", { class: "row" }, this.options(deed, isDelivery)),
      h("div", { class: "buttons" }, button("Lay it", () => this.lay({ at, ...(!isDelivery && { where }), do: deed }, isDelivery), { class: "main" })),
    );
  }

  /** Return the inputs that an effect has, and those that every fault has. */
  options(deed, isDelivery) {
    const one = (name, label, value, hint) => labelled(label, this.input(name, value), hint);
    return [
      deed === "status" && one("status", "Status", "503", "200 to 599"),
      deed === "status" && one("retry_after", "Retry-After", "", "left empty, none is sent"),
      ["delay", "duplicate", "reorder"].includes(deed) && one("delay", "Delay", "30s", "a duration, or next"),
      deed === "dribble" && one("pace", "Pace", "50ms", "between two pieces"),
      isDelivery && one("event", "Event", "", "its type; left empty, every event"),
      one("times", "Times", "1", "left empty, without end"),
      one("id", "Only of", "", "the id of a resource"),
      one("after", "After", "", "so many pass before it begins"),
      one("for", "For", "", "a duration from now on"),
    ];
  }

  input(name, value) {
    const input = h("input", { value: this.written[name] ?? value, size: 12, spellcheck: "false", name });
    input.addEventListener("input", () => (this.written[name] = input.value));
    return input;
  }

  async lay(fault, isDelivery) {
    for (const { name, value } of this.form.querySelectorAll("input")) if (value.trim()) fault[name] = ["status", "times", "after"].includes(name) ? Number(value) : value.trim();
    if (isDelivery && fault.do === "reorder" && !this.written.delay) delete fault.delay;
    const laid = await tryTo(() => post(inWorld(this.world, "faults"), fault));
    if (!laid) return;
    say(`${laid.id} is laid.`);
    this.written = {};
    this.changed();
  }

  draw({ faults, held }) {
    const lifted = async (id) => (await tryTo(() => ask("DELETE", inWorld(this.world, "faults", id)))) === null && this.changed();
    const row = (it) => h("tr", {}, h("td", {}, h("a", { href: inView(this.world, "journal", { fault: it.id }), title: "The exchanges that it struck" }, it.id)), h("td", {}, wordsOf(it.fault)), h("td", {}, count(it.seen)), h("td", {}, count(it.struck)), h("td", {}, it.left === null ? "without end" : count(it.left)), h("td", {}, button("Lift", () => lifted(it.id), { "aria-label": `Lift ${it.id}` })));
    const waiting = held.map((it) => h("li", {}, `${it.method} ${it.target} is held up by ${it.fault.id} since ${it.since}`));
    fill(this.list, faults.length ? table("Faults in force", ["Fault", "What", "Seen", "Struck", "Left", ""], faults.map(row)) : nothing("There is none."), waiting.length > 0 && h("ul", {}, waiting));
  }
}

function wordsOf(fault) {
  const { at, where, do: deed, ...rest } = fault;
  const more = Object.entries(rest).map(([name, value]) => `${name} ${typeof value === "object" ? JSON.stringify(value) : value}`);
  return [h("b", {}, Array.isArray(at) ? at.join(", ") : at), ` ${[where, deed, ...more].filter(Boolean).join(", ")}`];
}
