/** Evidence: by vendor, what is documented, observed and inferred, and the assumptions with their choices. */

import { once } from "./api.js";
import { tryTo } from "./dialog.js";
import { fill, h, nothing, select } from "./dom.js";
import { fact } from "./facts.js";
import { vendors } from "./operations.js";
import { change, changed } from "./route.js";

const KINDS = ["documented", "observed", "inferred"];
const MOST = 150;

/** Return the view of what the vendors have published, and of what they have not. */
export function evidenceView(place) {
  const tabs = h("nav", { class: "tabs", "aria-label": "Vendors" });
  const bar = h("div", { class: "bar" });
  const list = h("div", { class: "facts-list" });
  const node = h("div", { class: "page" }, h("h1", {}, "Evidence"), h("p", { class: "lead" }, "Every answer rests on a fact. Documented: a page of the vendor says it. Observed: public code or a probe shows it. Inferred: nobody says, and our choice is an assumption that a scenario can switch."), tabs, bar, list);
  const draw = async ({ query }) => {
    const all = await tryTo(vendors);
    if (!all) return;
    const name = all.some((it) => it.name === query.vendor) ? query.vendor : all[0].name;
    const vendor = await tryTo(() => once(`/vendors/${name}`));
    fill(tabs, all.map((it) => h("a", { href: changed({ vendor: it.name }), "aria-current": it.name === name && "page" }, it.name)));
    drawBar(bar, vendor, query);
    fill(list, query.kind === "assumption" ? assumptions(vendor, query) : facts(vendor, query));
  };
  draw(place);
  return { title: "Evidence", node, navigate: draw };
}

function drawBar(bar, vendor, query) {
  const kinds = [["", "every fact"], ...KINDS.map((it) => [it, `${it} (${vendor.evidence.filter((each) => each.kind === it).length})`]), ["assumption", `assumptions (${vendor.assumptions.length})`]];
  const search = h("input", { type: "search", value: query.text ?? "", placeholder: "Search", "aria-label": "Search facts", on: { input: (event) => change({ text: event.target.value }, { replace: true }) } });
  fill(bar, select(kinds, query.kind ?? "", (it) => change({ kind: it }), { "aria-label": "Kind" }), search);
}

function fitting(items, text = "") {
  const found = items.filter((it) => JSON.stringify(it).toLowerCase().includes(text.toLowerCase()));
  return { shown: found.slice(0, MOST), rest: found.length - MOST };
}

function rest(number) {
  return number > 0 && nothing(`and ${number} more: search for them`);
}

function facts(vendor, { kind, text }) {
  const found = fitting(vendor.evidence.filter((it) => !kind || it.kind === kind), text);
  return found.shown.length ? [found.shown.map(fact), rest(found.rest)] : nothing("No fact says so.");
}

function assumptions(vendor, { text }) {
  const found = fitting(vendor.assumptions, text);
  const one = (it) => h("div", { class: "fact" }, h("p", {}, h("b", {}, it.id), " ", it.choices.map((each) => h("span", { class: each === it.default ? "tag strong" : "tag" }, each))), h("p", {}, it.question), h("p", { class: "quiet" }, it.reason));
  return [found.shown.map(one), rest(found.rest)];
}
