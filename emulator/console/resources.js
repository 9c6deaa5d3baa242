/** The resources of a kind, a page at a time. */

import { get, inWorld } from "./api.js";
import { tryTo } from "./dialog.js";
import { fill, h, nothing, select } from "./dom.js";
import { count, instant } from "./format.js";
import { newestOnly, soon } from "./later.js";
import { change } from "./route.js";
import { RowList } from "./rows.js";

const PAGE = 200;

/** Return the list of a world's resources of one kind, status and text. */
export function resourceList(world) {
  return new ResourceList(world);
}

class ResourceList {
  constructor(world) {
    this.world = world;
    this.title = h("h2", {});
    this.status = h("span", {});
    this.search = h("input", { type: "search", placeholder: "Search ids and names", "aria-label": "Search ids and names" });
    const search = soon(() => change({ text: this.search.value }, { replace: true }), 300);
    this.search.addEventListener("input", search);
    this.rows = new RowList({ label: "Resources", row: (it) => this.row(it), open: (it) => change({ id: it.id, vendor: this.chosen.vendor, kind: this.chosen.kind }), more: () => this.more() });
    this.node = h("section", { class: "list" }, h("div", { class: "bar" }, this.title, h("span", { class: "grow" }), this.status, this.search), this.rows.node);
    this.read = newestOnly((query) => this.ask(query), (found, query) => found && this.draw(found, query));
  }

  /** Show what an address chooses. */
  show(chosen, query) {
    this.chosen = chosen;
    this.query = query;
    this.node.hidden = !chosen.kind;
    if (!chosen.kind) return;
    this.asked = undefined;
    fill(this.title, `${chosen.vendor} ${chosen.place ?? chosen.kind}`);
    const statuses = [["", "every status"], ...Object.entries(chosen.by_status).map(([it, number]) => [it, `${it} (${count(number)})`])];
    if (query.status && !(query.status in chosen.by_status)) statuses.push([query.status, `${query.status} (0)`]);
    fill(this.status, select(statuses, query.status ?? "", (it) => change({ status: it, id: undefined }), { "aria-label": "Status" }));
    if (document.activeElement !== this.search) this.search.value = query.text ?? "";
    this.read({});
  }

  ask({ after }) {
    const { vendor, kind } = this.chosen;
    const { status, text, at } = this.query;
    return tryTo(() => get(inWorld(this.world, "resources"), { vendor, kind, status, text, at, after, limit: PAGE }));
  }

  /** Show a page behind those that are there, or a first page in place of what it has anew. */
  draw({ resources, total, after: next }, { after }) {
    const { vendor, kind } = this.chosen;
    const key = JSON.stringify([vendor, kind, this.query.status, this.query.text, this.query.at]);
    const goesOn = key === this.key && (after || this.rows.length > PAGE);
    const old = goesOn ? (after ? this.rows.items : this.rows.items.slice(resources.length)) : [];
    const rows = after ? [...old, ...resources] : [...resources, ...old];
    if (after || !goesOn) this.next = next;
    this.key = key;
    this.rows.show(rows, rows.findIndex((it) => it.id === this.query.id), Math.max(0, (total ?? rows.length + (this.next ? 1 : 0)) - rows.length));
    if (!rows.length && this.next) return this.more();
    if (!rows.length) this.rows.say(nothing(this.query.text || this.query.status ? "Nothing is called so, or has this status." : "There is none."));
  }

  more() {
    if (this.next && this.asked !== this.next) this.read({ after: (this.asked = this.next) });
  }

  row(it) {
    return [h("b", { class: "id" }, it.id), h("span", { class: "grow cut" }, it.label ?? ""), it.status && h("span", { class: "tag" }, it.status), h("span", { class: "time" }, it.since ? instant(it.since) : "")];
  }
}
