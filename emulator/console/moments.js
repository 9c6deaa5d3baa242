/** The slider over what happened: the world as it was after each entry of its journal, and what can be done from there. */

import { inWorld, post } from "./api.js";
import { confirm, say, tryTo } from "./dialog.js";
import { button, fill, h } from "./dom.js";
import { count } from "./format.js";
import { change, current, go } from "./route.js";
import { fork } from "./worlds.js";

/** Return the number of the entry that a moment names, null where it names none. */
export function entryOf(moment) {
  const found = /^entry\/(\d+)$/.exec(moment ?? "");
  return found ? Number(found[1]) : null;
}

/** Return the bar with which one looks back. */
export function momentBar(world) {
  return new MomentBar(world);
}

class MomentBar {
  constructor(world) {
    this.world = world;
    this.slider = h("input", { type: "range", min: 0, max: 0, value: 0, "aria-label": "Look back: the world as it was after an entry of its journal" });
    this.slider.addEventListener("input", () => this.slide());
    this.where = h("span", { class: "where" });
    this.oldest = 0;
    this.newest = 0;
    this.past = h("div", { class: "past", role: "status" });
    const step = (by, label, sign) => button(sign, () => this.step(by), { "aria-label": label, title: label });
    this.node = h("section", { class: "moments", "aria-label": "What happened" }, h("div", { class: "row" }, step(-1, "One entry back", "‹"), this.slider, step(1, "One entry on", "›"), this.where), this.past);
  }

  /** Show a moment that the address names. */
  show(at) {
    this.at = at;
    this.draw();
  }

  /** Hear how far the slider reaches. */
  reach(oldest, newest) {
    Object.assign(this, { oldest: oldest ?? newest + 1, newest });
    this.draw();
  }

  slide() {
    const n = Number(this.slider.value);
    const at = n >= this.newest ? undefined : n < this.oldest ? "beginning" : `entry/${n}`;
    change({ at }, { replace: true });
  }

  step(by) {
    this.slider.value = String(Number(this.slider.value) + by);
    this.slide();
  }

  draw() {
    const first = Math.max(0, this.oldest - 1);
    const n = this.at === "beginning" ? first : (entryOf(this.at) ?? this.newest);
    Object.assign(this.slider, { min: first, max: this.newest, value: n, disabled: this.newest <= first });
    const text = !this.at ? `now, after entry ${count(this.newest)}` : this.at === "beginning" ? "at the beginning" : `after entry ${count(n)} of ${count(this.newest)}`;
    this.slider.setAttribute("aria-valuetext", text);
    fill(this.where, text);
    fill(this.past, this.at ? this.banner() : "");
    this.past.classList.toggle("shown", Boolean(this.at));
  }

  banner() {
    const end = entryOf(this.at) === this.oldest && this.oldest > 1 ? " Between it and the beginning, nothing is remembered." : "";
    return [
      h("span", {}, `You see ${this.world} as it was at ${this.at === "beginning" ? "its beginning" : this.at}. It is read-only.${end}`),
      h("span", { class: "grow" }),
      button("Compare with now", () => go(["w", this.world, "time"], { at: this.at, from: this.at, to: "now" })),
      button("Go back to here…", () => this.goBack(), { class: "danger" }),
      button("Go on from here in another world…", () => fork(this.world, this.at)),
      button("Return to now", () => change({ at: undefined }), { class: "main" }),
    ];
  }

  async goBack() {
    const at = current().query.at;
    const sure = await confirm(`Go back to ${at}?`, `What happened in ${this.world} after it is taken back: its state, its clock and its journal are as they were then.`, "Go back");
    if (!sure || !(await tryTo(() => post(inWorld(this.world, "restore"), { name: at })))) return;
    change({ at: undefined });
    say(`${this.world} is back at ${at}.`);
  }
}
