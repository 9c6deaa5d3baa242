/** A list of which only the rows in sight are elements: ten thousand scroll like ten. */

import { fill, h } from "./dom.js";

const HEIGHT = 32;
const AROUND = 8;
let lists = 0;

export class RowList {
  constructor({ label, row, open, more, mark }) {
    Object.assign(this, { row, open, more, mark, items: [], active: -1, id: `rows-${++lists}` });
    this.inner = h("div", { class: "rows-inner", role: "presentation" });
    this.node = h("div", { class: "rows", role: "group", tabindex: "0", "aria-label": label }, this.inner);
    this.node.addEventListener("scroll", () => this.draw(), { passive: true });
    this.node.addEventListener("keydown", (event) => this.key(event));
    this.inner.addEventListener("click", (event) => this.click(event));
    new ResizeObserver(() => this.draw()).observe(this.node);
  }

  get length() {
    return this.items.length;
  }

  /** Show these items; one of them is chosen, and so many more could be loaded. */
  show(items, chosen = -1, rest = 0) {
    this.items = items;
    this.rest = rest;
    if (chosen !== undefined && chosen !== null) this.chosen = chosen;
    this.inner.style.height = `${items.length * HEIGHT}px`;
    this.node.classList.remove("empty");
    this.node.setAttribute("role", items.length ? "listbox" : "group");
    this.drawn = "";
    if (!items.length) fill(this.inner);
    this.draw();
  }

  /** Put rows before the first without moving those in sight. */
  prepend(count) {
    if (this.node.scrollTop > 0) this.node.scrollTop += count * HEIGHT;
    if (this.active >= 0) this.active += count;
  }

  /** Show a sentence where there is nothing. */
  say(sentence) {
    this.node.classList.add("empty");
    fill(this.inner, sentence);
    this.inner.style.height = "auto";
  }

  draw() {
    if (!this.items.length) return undefined;
    const from = Math.max(0, Math.floor(this.node.scrollTop / HEIGHT) - AROUND);
    const to = Math.min(this.items.length, Math.ceil((this.node.scrollTop + this.node.clientHeight) / HEIGHT) + AROUND);
    const drawn = `${from}-${to}-${this.active}-${this.chosen}`;
    if (drawn !== this.drawn) this.inner.replaceChildren(...this.items.slice(from, to).map((item, index) => this.element(item, from + index)));
    this.drawn = drawn;
    this.point();
    if (to === this.items.length && this.rest) this.more?.();
  }

  element(item, index) {
    const row = h("div", { class: `row-item ${this.mark?.(item) ?? ""}`, role: "option", id: `${this.id}-${index}`, "data-index": index, "aria-selected": String(index === this.chosen), "aria-posinset": index + 1, "aria-setsize": this.items.length + (this.rest || 0) }, this.row(item));
    row.style.top = `${index * HEIGHT}px`;
    row.classList.toggle("active", index === this.active);
    return row;
  }

  point() {
    const isThere = document.getElementById(`${this.id}-${this.active}`);
    if (isThere) this.node.setAttribute("aria-activedescendant", isThere.id);
    else this.node.removeAttribute("aria-activedescendant");
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.node.clientHeight / HEIGHT) - 1);
    const last = this.items.length - 1;
    const moves = { ArrowDown: this.active + 1, ArrowUp: this.active - 1, PageDown: this.active + page, PageUp: this.active - page, Home: 0, End: last };
    if (event.key === "Enter" && this.items[this.active]) return this.open(this.items[this.active]);
    if (!(event.key in moves) || last < 0) return;
    event.preventDefault();
    this.active = Math.min(last, Math.max(0, moves[event.key]));
    this.reveal(this.active);
    this.draw();
  }

  reveal(index) {
    const top = index * HEIGHT;
    if (top < this.node.scrollTop) this.node.scrollTop = top;
    else if (top + HEIGHT > this.node.scrollTop + this.node.clientHeight) this.node.scrollTop = top + HEIGHT - this.node.clientHeight;
  }

  click(event) {
    const row = event.target.closest("[data-index]");
    if (!row) return;
    this.active = Number(row.dataset.index);
    this.draw();
    this.open(this.items[this.active]);
  }
}
