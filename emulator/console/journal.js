/** The journal, the newest entry first, as it grows; and one entry of it. */

import { get, inWorld } from "./api.js";
import { tryTo } from "./dialog.js";
import { button, fill, h, nothing, select } from "./dom.js";
import { entryPanel } from "./entry.js";
import { statusOf } from "./exchange_parts.js";
import { clockTime, count } from "./format.js";
import { entryOf } from "./moments.js";
import { operations } from "./operations.js";
import { change } from "./route.js";
import { RowList } from "./rows.js";

const PAGE = 200;
const KINDS = [["", "everything"], ["exchange", "exchanges"], ["change", "changes"], ["attempt", "attempts"]];
const TEXTS = { status: "Status", fault: "Fault", resource: "Resource" };

/** Return the view of a world's journal. */
export function journalView(world, query) {
  const view = new JournalView(world);
  view.navigate(query);
  return view;
}

class JournalView {
  constructor(world) {
    this.world = world;
    this.filters = h("div", { class: "bar filters" });
    this.told = h("span", { class: "quiet", "aria-live": "polite" });
    this.rows = new RowList({ label: "Entries, the newest first", row: entryRow, open: (it) => change({ n: it.n }), more: () => this.older(), mark: (it) => markOf(it, this.query) });
    this.panel = entryPanel(world);
    this.node = h("div", { class: "journal" }, h("section", { class: "list" }, this.filters, this.rows.node), this.panel.node);
    this.turn = Promise.resolve();
  }

  navigate(query) {
    const key = JSON.stringify(filterOf(query));
    this.query = query;
    this.panel.show(query.n);
    this.drawFilters(query);
    if (key === this.key) return this.mark();
    this.key = key;
    this.rows.show([]);
    this.newest = 0;
    return this.read(() => ({ newest: PAGE }));
  }

  /** Read pages one after the other; a page of an address that was left is forgotten. */
  read(choose) {
    const key = this.key;
    this.turn = this.turn.then(async () => {
      if (key !== this.key) return;
      const wanted = choose();
      const page = await this.ask(wanted);
      if (page && key === this.key) this.draw(page, wanted);
    });
    return this.turn;
  }

  /** Ask for what came since; where the journal went back, for all that is shown. */
  changed() {
    return this.read(() => (this.newest ? { since: this.newest } : { newest: PAGE }));
  }

  /** Hear that entries were taken back: what is shown has to be read anew. */
  forget() {
    this.newest = 0;
  }

  older() {
    const before = this.rows.items.at(-1)?.n;
    if (before > 1 && this.asked !== before) this.read(() => ({ newest: PAGE, before }));
    this.asked = before;
  }

  ask({ newest, since, before }) {
    const limit = since === undefined ? undefined : PAGE;
    return tryTo(() => get(inWorld(this.world, "journal"), { ...filterOf(this.query), newest, since, before, limit }));
  }

  draw({ entries, last, dropped }, { since, before }) {
    if (since !== undefined && last < this.newest) {
      this.forget();
      return this.changed();
    }
    if (!before) this.newest = entries.length === PAGE && since !== undefined ? entries.at(-1).n : last;
    const found = [...entries].reverse();
    if (before) this.hasOlder = found.length > 0;
    else if (since === undefined) this.hasOlder = found.length === PAGE;
    if (since !== undefined && !found.length) return undefined;
    if (since !== undefined) this.rows.prepend(found.length);
    const all = since !== undefined ? [...found, ...this.rows.items] : before ? [...this.rows.items, ...found] : found;
    this.rows.show(all, all.findIndex((it) => it.n === Number(this.query.n)), this.hasOlder ? 1 : 0);
    if (!all.length) this.rows.say(nothing(this.key === "{}" ? "Nothing has happened yet. Send a request, or let time pass." : "No entry fits."));
    fill(this.told, `${count(last)} in all${dropped ? `, the oldest ${count(dropped)} are gone` : ""}`);
    return entries.length === PAGE && since !== undefined && this.changed();
  }

  mark() {
    this.rows.show(this.rows.items, this.rows.items.findIndex((it) => it.n === Number(this.query.n)), this.hasOlder ? 1 : 0);
    if (!this.rows.length) this.rows.say(nothing("No entry fits."));
  }

  async drawFilters(query) {
    const all = await operations().catch(() => []);
    const isFiltered = Object.keys(filterOf(query)).length > 0;
    fill(
      this.filters,
      h("input", { type: "search", value: query.text ?? "", placeholder: "Text, as in a body", "aria-label": "Text in targets and bodies", on: { change: (event) => change({ text: event.target.value }) } }),
      select(KINDS, query.kind ?? "", (it) => change({ kind: it }), { "aria-label": "Kind of entry" }),
      select([["", "every operation"], ...all.map((it) => it.name)], query.operation ?? "", (it) => change({ operation: it }), { "aria-label": "Operation" }),
      Object.entries(TEXTS).map(([name, label]) => filterInput(name, label, query[name])),
      isFiltered && button("Clear", () => change({ text: "", kind: "", operation: "", status: "", fault: "", resource: "" })),
      h("span", { class: "grow" }),
      this.told,
    );
  }

  close() {
    this.panel.close?.();
  }
}

function filterInput(name, label, value = "") {
  return h("input", { value, size: name === "resource" ? 14 : 7, placeholder: label, "aria-label": label, spellcheck: "false", on: { change: (event) => change({ [name]: event.target.value.trim() }) } });
}

function filterOf({ text, kind, operation, status, fault, resource }) {
  return Object.fromEntries(Object.entries({ text, kind, operation, status, fault, resource }).filter(([, value]) => value));
}

function markOf(it, query) {
  const at = entryOf(query.at);
  return at !== null && it.n > at ? "later" : it.n === at ? "here" : "";
}

/** Return the row of an entry: its number, time, and what it is. */
function entryRow(it) {
  const row = { exchange, change: changeRow, attempt }[it.type](it);
  return [h("span", { class: "n" }, it.n), h("span", { class: "time" }, clockTime(it.at)), row];
}

function exchange(it) {
  const faults = it.faults.map((each) => h("span", { class: "tag fault" }, `${each.do} ${each.where}`));
  return [statusOf(it.status), h("b", {}, it.method), h("span", { class: "cut grow" }, it.target), faults, it.delivered === false && h("span", { class: "tag fault" }, "not delivered"), it.changes.length > 0 && h("span", { class: "tag" }, it.changes.length === 1 ? `${it.changes[0].from} → ${it.changes[0].to}` : `${it.changes.length} changes`)];
}

function changeRow(it) {
  return [h("span", { class: "status change" }, "time"), h("b", { class: "id" }, it.id), h("span", { class: "cut grow" }, `${it.from} → ${it.to}, ${it.why}`)];
}

function attempt(it) {
  return [h("span", { class: "status change" }, "attempt"), h("b", {}, it.event), h("span", { class: "cut grow" }, `${it.url ?? ""} ${it.error ?? it.status ?? ""}`), it.faults.map((each) => h("span", { class: "tag fault" }, each.do))];
}
