/** Deliveries: the notifications that vendors owe to receivers, with their attempts. */

import { get, inWorld, post } from "./api.js";
import { say, showText, tryTo } from "./dialog.js";
import { button, fill, fold, h, nothing, panel, panelHead, select } from "./dom.js";
import { headersOf, statusOf, bodyOf } from "./exchange_parts.js";
import { counted, instant } from "./format.js";
import { newestOnly } from "./later.js";
import { change } from "./route.js";
import { RowList } from "./rows.js";

const STATUSES = ["pending", "collected", "delivered", "waiting", "exhausted", "dropped"];

/** Return the view of a world's deliveries. */
export function deliveriesView(world, query) {
  const view = new DeliveriesView(world);
  view.navigate(query);
  return view;
}

class DeliveriesView {
  constructor(world) {
    this.world = world;
    this.filters = h("div", { class: "bar filters" });
    this.rows = new RowList({ label: "Deliveries, the newest first", row: deliveryRow, open: (it) => change({ id: it.id }) });
    this.panel = panel("Delivery", leave);
    this.node = h("div", { class: "journal" }, h("section", { class: "list" }, this.filters, this.rows.node), this.panel);
    this.read = newestOnly(() => tryTo(() => get(inWorld(this.world, "deliveries"), { status: this.query.status, event: this.query.event })), (found) => found && this.draw(found.deliveries));
  }

  navigate(query) {
    this.query = query;
    const event = h("input", { value: query.event ?? "", placeholder: "Event", "aria-label": "Event", on: { change: (it) => change({ event: it.target.value.trim() }) } });
    fill(this.filters, select([["", "every status"], ...STATUSES], query.status ?? "", (it) => change({ status: it }), { "aria-label": "Status" }), event);
    return this.read();
  }

  changed() {
    return this.read();
  }

  draw(deliveries) {
    const all = [...deliveries].reverse();
    this.rows.show(all, all.findIndex((it) => it.id === this.query.id));
    if (!all.length) this.rows.say(nothing("No notification is owed. A receiver is an event destination of Stripe, or a webhook of SerpWow."));
    const chosen = all.find((it) => it.id === this.query.id);
    this.panel.hidden = !chosen;
    if (chosen) fill(this.panel, this.parts(chosen));
  }

  parts(it) {
    return [
      panelHead(it.event, "delivery", leave),
      h("p", {}, h("span", { class: "tag strong" }, it.status), ` about ${it.subject}, to ${it.url ?? it.destination ?? "nobody"}`),
      it.due && h("p", {}, `Next attempt at ${instant(it.due)}`),
      it.because && h("p", {}, it.because),
      h("div", { class: "buttons" }, button("Send it again", () => this.resend(it.id)), button("Copy as curl", () => showText(`Delivery ${it.id} as curl`, curlOf(it)))),
      h("h3", {}, counted(it.attempts.length, "attempt")),
      it.attempts.map(attempt),
      fold("What is sent", true, headersOf(it.headers), bodyOf(it.body)),
    ];
  }

  async resend(id) {
    const sent = await tryTo(() => post(`${inWorld(this.world, "deliveries", id)}/resend`));
    if (sent) say(`It is owed again: ${sent.status}.`);
    this.changed();
  }
}

function leave() {
  change({ id: undefined });
}

function attempt(it) {
  return fold([`${instant(it.at)} `, it.status ? statusOf(it.status) : h("span", { class: "tag fault" }, it.error ?? "no answer"), it.faults.map((each) => h("span", { class: "tag fault" }, each.do))], false, headersOf(it.headers), bodyOf(it.body));
}

function deliveryRow(it) {
  return [h("span", { class: "tag" }, it.status), h("b", {}, it.event), h("span", { class: "cut grow" }, `${it.subject} → ${it.url ?? it.destination ?? "nobody"}`), h("span", { class: "quiet" }, counted(it.attempts.length, "attempt")), h("span", { class: "time" }, instant(it.since))];
}

/** Return a delivery as a curl command. */
function curlOf(it) {
  const quoted = (text) => `'${text.replace(/'/g, `'\\''`)}'`;
  const headers = it.headers.map(([name, value]) => `  -H ${quoted(`${name}: ${value}`)} \\\n`).join("");
  return `curl -X POST ${quoted(it.url ?? "http://localhost/")} \\\n${headers}  --data-binary ${quoted(it.body)}\n`;
}
