/** Time: what is due, numbers over virtual time, and the differences of two moments. */

import { ask, get, inWorld, post } from "./api.js";
import { agenda } from "./agenda.js";
import { confirm, prompt, say, tryTo } from "./dialog.js";
import { button, fill, h, labelled, nothing } from "./dom.js";
import { differenceList } from "./differences.js";
import { counted, instant } from "./format.js";
import { newestOnly } from "./later.js";
import { plot } from "./plot.js";
import { change, inView } from "./route.js";

/** Return the view of a world's time. */
export function timeView(world, query) {
  const view = new TimeView(world);
  view.navigate(query);
  view.changed();
  return view;
}

class TimeView {
  constructor(world) {
    this.world = world;
    this.due = h("div", {});
    this.plots = h("div", { class: "plots" });
    this.from = moment("From");
    this.to = moment("To");
    this.moments = h("datalist", { id: "moments" });
    this.compared = h("div", { "aria-live": "polite" });
    this.snapshots = h("div", {});
    this.node = h("div", { class: "page" }, section("What is due next", this.due), section("Numbers over time", this.plots), section("Compare two moments", this.form(), this.compared), section("Snapshots", h("p", { class: "quiet" }, "A snapshot keeps the present under a name."), this.snapshots));
    this.read = newestOnly(() => this.ask(), (found) => found && this.draw(found));
  }

  form() {
    const compare = () => change({ from: this.from.value, to: this.to.value });
    return h("div", { class: "row" }, labelled("From", this.from), labelled("To", this.to), button("Compare", compare, { class: "main" }), this.moments);
  }

  navigate({ from, to }) {
    this.from.value = from ?? "beginning";
    this.to.value = to ?? "now";
    this.query = { from, to };
    if (from || to) this.compare();
    else fill(this.compared);
  }

  async compare() {
    const [from, to] = [this.from.value, this.to.value];
    const found = await tryTo(() => get(inWorld(this.world, "diff"), { from, to }));
    if (found) fill(this.compared, h("p", { class: "quiet" }, `${found.from.name} is ${instant(found.from.at)}, ${found.to.name} is ${instant(found.to.at)}: ${counted(found.differences.length + found.rest, "difference")}`), differenceList(found.differences, found.rest));
  }

  changed() {
    return this.read();
  }

  ask() {
    return tryTo(async () => {
      const [pending, clock, numbers, { snapshots }] = await Promise.all(["pending", "clock", "numbers", "snapshots"].map((part) => get(inWorld(this.world, part))));
      return { pending: pending.pending, clock, numbers, snapshots };
    });
  }

  draw({ pending, clock, numbers, snapshots }) {
    fill(this.due, agenda(this.world, pending, clock.now));
    const series = numbers.series.filter((it) => it.points.length);
    const moving = series.filter((it) => new Set(it.points.map((point) => point.value)).size > 1);
    const still = series.filter((it) => !moving.includes(it));
    fill(this.plots, moving.map((it) => plot(it, clock.now, (n) => inView(this.world, "journal", { n }))), moving.length === 0 && nothing("No number has changed yet."), still.length > 0 && nothing("Unchanged: ", still.map((it) => `${it.vendor} ${it.name} ${it.points[0].value}`).join(", ")), numbers.thinned && nothing("Some points are left out."));
    fill(this.moments, ["beginning", "now", ...snapshots.map((it) => it.name)].map((value) => h("option", { value })));
    fill(this.snapshots, snapshots.length ? h("ul", { class: "steps" }, snapshots.map((it) => this.snapshot(it))) : nothing("There is none."), h("div", { class: "buttons" }, button("Keep the present…", () => this.keep())));
  }

  snapshot({ name, at }) {
    return h("li", {}, h("b", {}, name), ` ${instant(at)} `, h("a", { href: inView(this.world, "state", { at: name }) }, "Look"), " ", button("Go back…", () => this.restore(name), { "aria-label": `Go back to ${name}` }), button("Delete", () => this.remove(name), { class: "quiet", "aria-label": `Delete ${name}` }));
  }

  async keep() {
    const name = await prompt("Keep the present", "A snapshot of that name is replaced.", "Keep", { name: "Name" });
    if (name && (await tryTo(() => post(inWorld(this.world, "snapshots"), { name })))) this.changed();
  }

  async restore(name) {
    if (!(await confirm(`Go back to ${name}?`, "What happened since is taken back.", "Go back"))) return;
    if (await tryTo(() => post(inWorld(this.world, "restore"), { name }))) say(`${this.world} is back at ${name}.`);
  }

  async remove(name) {
    if ((await tryTo(() => ask("DELETE", inWorld(this.world, "snapshots", name)))) === null) this.changed();
  }
}

function section(title, ...children) {
  return h("section", {}, h("h2", {}, title), ...children);
}

function moment(label) {
  return h("input", { list: "moments", "aria-label": label, spellcheck: "false", title: "beginning, now, a snapshot's name, or entry/N" });
}
