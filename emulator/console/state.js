/** The state of a world: what there is by vendor, kind and status, a machine drawn, resources, and one of them. */

import { get, inWorld, once } from "./api.js";
import { tryTo } from "./dialog.js";
import { fill, h } from "./dom.js";
import { diagram } from "./diagram.js";
import { brief, count } from "./format.js";
import { newestOnly } from "./later.js";
import { changed } from "./route.js";
import { resourceList } from "./resources.js";
import { resourcePanel } from "./resource.js";

/** Return the view of a world's state. */
export function stateView(world, query) {
  const view = new StateView(world);
  view.navigate(query);
  return view;
}

class StateView {
  constructor(world) {
    this.world = world;
    this.kinds = h("nav", { class: "kinds", "aria-label": "Vendors and kinds" });
    this.numbers = h("div", { class: "numbers" });
    this.machine = h("div", { class: "machine" });
    this.list = resourceList(world);
    this.panel = resourcePanel(world);
    this.node = h("div", { class: "state" }, this.kinds, h("div", { class: "middle" }, this.numbers, this.machine, this.list.node), this.panel.node);
    this.read = newestOnly((query) => this.ask(query), (found) => found && this.draw(found));
  }

  navigate(query) {
    this.query = query;
    return this.read(query);
  }

  changed() {
    return this.query.at ? undefined : this.read(this.query);
  }

  ask(query) {
    return tryTo(async () => {
      const overview = await get(inWorld(this.world, "overview"), { at: query.at });
      const chosen = choose(overview.vendors, query);
      return { overview, chosen, vendor: chosen.vendor && (await once(`/vendors/${encodeURIComponent(chosen.vendor)}`)) };
    });
  }

  draw({ overview, chosen, vendor }) {
    fill(this.kinds, Object.entries(overview.vendors).map(([name, it]) => vendorList(name, it, chosen)));
    const mine = overview.vendors[chosen.vendor];
    fill(this.numbers, Object.entries(mine?.numbers ?? {}).map(([name, value]) => number(this.world, name, value)));
    const machine = vendor?.machines.find((it) => it.kind === chosen.machine);
    const seen = this.machine.querySelector(".scroll")?.scrollLeft;
    fill(this.machine, machine ? drawing(machine, chosen, this.query) : "");
    reveal(this.machine, chosen.kind === this.kind ? seen : undefined);
    this.kind = chosen.kind;
    this.list.show(chosen, this.query);
    this.panel.show(chosen, this.query);
  }
}

/** Let a drawing that is wider than its place stand where it stood, or show its first state that has something. */
function reveal(machine, seen) {
  const frame = machine.querySelector(".scroll");
  const state = machine.querySelector(".node.chosen, .node.some");
  if (!frame || !state) return;
  frame.scrollLeft = seen ?? state.getBoundingClientRect().left - frame.getBoundingClientRect().left - 90;
}

/** Return the kind that the address names, or the first that has something in it. */
function choose(vendors, { vendor, kind }) {
  const all = Object.entries(vendors).flatMap(([name, it]) => it.kinds.map((each) => ({ ...each, vendor: name })));
  const named = all.find((it) => it.vendor === vendor && it.kind === kind);
  const drawn = all.filter((it) => it.machine && it.place);
  return named ?? drawn.find((it) => it.vendor === vendor) ?? drawn.find((it) => it.count) ?? drawn[0] ?? all[0] ?? {};
}

function vendorList(vendor, { kinds }, chosen) {
  return h(
    "section",
    {},
    h("h2", {}, vendor),
    h("ul", {}, kinds.map((it) => h("li", {}, kindLink(vendor, it, chosen)))),
  );
}

function kindLink(vendor, it, chosen) {
  const isChosen = vendor === chosen.vendor && it.kind === chosen.kind;
  const href = changed({ vendor, kind: it.kind, status: undefined, text: undefined, id: undefined });
  return h("a", { href, "aria-current": isChosen && "true", "data-key": `kind ${vendor} ${it.kind}` }, it.place ?? it.kind, h("b", {}, count(it.count)));
}

function number(world, name, value) {
  const href = `#/w/${encodeURIComponent(world)}/time`;
  return h("a", { class: "number", href, title: "Over time" }, h("span", {}, name), " ", h("b", {}, typeof value === "number" ? count(value) : brief(value)));
}

function drawing(machine, chosen, query) {
  const toggled = (status) => changed({ vendor: chosen.vendor, kind: chosen.kind, status: status === query.status ? undefined : status, id: undefined });
  return machine.states.length > 1 ? diagram(machine, chosen.by_status, query.status, toggled) : "";
}

