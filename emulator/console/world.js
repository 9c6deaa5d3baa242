/** A world: the bar of its clock, the slider over what happened, and the view below them. */

import { get, inWorld } from "./api.js";
import { clockBar } from "./clock.js";
import { deliveriesView } from "./deliveries.js";
import { say, tryTo } from "./dialog.js";
import { fill, h, select } from "./dom.js";
import { faultsView } from "./faults.js";
import { journalView } from "./journal.js";
import { soon } from "./later.js";
import { go, inView } from "./route.js";
import { momentBar } from "./moments.js";
import { sendView } from "./send.js";
import { stateView } from "./state.js";
import { timeView } from "./time.js";

const VIEWS = { state: stateView, time: timeView, journal: journalView, send: sendView, faults: faultsView, deliveries: deliveriesView };
const NAMES = { state: "State", time: "Time", journal: "Journal", send: "Send", faults: "Faults", deliveries: "Deliveries" };

/** Return the view of a world; it stays while its address goes from one of its views to another. */
export function worldView(place) {
  const frame = new WorldFrame(place.parts[1] ?? "default");
  frame.navigate(place);
  frame.load();
  return frame;
}

class WorldFrame {
  constructor(world) {
    this.world = world;
    this.title = world;
    this.tabs = h("nav", { "aria-label": `World ${world}`, class: "tabs" });
    this.name = h("div", { class: "which" });
    this.clock = clockBar(world);
    this.moments = momentBar(world);
    this.body = h("div", { class: "body" });
    this.load = soon(() => this.refresh(), 250);
    this.node = h("div", { class: "world" }, h("div", { class: "worldbar" }, h("div", { class: "row" }, this.name, this.tabs), this.clock.node, this.moments.node), this.body);
    this.drawName([world]);
  }

  /** Show the part of the world that an address names. */
  navigate({ parts, query }) {
    const name = Object.hasOwn(VIEWS, parts[2]) ? parts[2] : "state";
    this.drawTabs(name);
    this.moments.show(query.at);
    if (name === this.shown) return this.view.navigate(query);
    this.view?.close?.();
    this.shown = name;
    this.view = VIEWS[name](this.world, query);
    fill(this.body, this.view.node);
  }

  /** Hear that something changed: in this world, or, with null, perhaps anywhere. */
  changed(event) {
    if (event && event.world !== this.world) return;
    if (event?.dropped) return this.leave();
    if (event?.epoch !== this.epoch) this.view.forget?.();
    this.epoch = event?.epoch;
    this.load();
  }

  leave() {
    say(`${this.world} is dropped.`);
    go(["worlds"]);
  }

  /** Read the clock and the place in the journal, and let the view read what it shows. */
  async refresh() {
    await tryTo(async () => {
      const [clock, overview, pending] = await Promise.all(["clock", "overview", "pending"].map((part) => get(inWorld(this.world, part))));
      this.clock.show(clock, pending.pending);
      this.moments.reach(overview.oldest, overview.entry);
    });
    await this.view.changed();
  }

  drawTabs(name) {
    fill(this.tabs, Object.keys(VIEWS).map((it) => h("a", { href: inView(this.world, it), "aria-current": it === name && "page" }, NAMES[it])));
  }

  async drawName(worlds) {
    fill(this.name, select(worlds, this.world, (id) => go(["w", id, this.shown]), { "aria-label": "World" }));
    if (worlds.length > 1) return;
    const all = await get("/worlds").catch(() => ({ worlds: [] }));
    if (all.worlds.length > 1 && all.worlds.length <= 200) this.drawName(all.worlds.map((it) => it.id));
  }

  close() {
    this.load.stop();
    this.view?.close?.();
  }
}

