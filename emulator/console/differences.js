/** What changed: resources from state to state, and fields from value to value. */

import { h, nothing } from "./dom.js";
import { brief, cause, count } from "./format.js";

const MOST = 100;

/** Return changes of resources, in order. */
export function changeList(changes) {
  if (!changes?.length) return "";
  const shown = changes.slice(0, MOST).map((it) => h("li", {}, h("b", { class: "id" }, it.id), ` ${it.from} → `, h("b", {}, it.to), h("span", { class: "quiet" }, ` ${it.vendor} ${it.resource}, ${cause(it.why)}`)));
  return [h("ul", { class: "steps" }, shown), more(changes.length - shown.length)];
}

/** Return differences of two moments: what was added, removed, or has other values. */
export function differenceList(differences, rest = 0) {
  if (!differences?.length) return nothing("No difference.");
  const shown = differences.slice(0, MOST).map(difference);
  return [h("div", { class: "differences" }, shown), more(differences.length - shown.length + rest)];
}

function more(number) {
  return number > 0 && nothing(`and ${count(number)} more`);
}

function difference(it) {
  const name = h("b", {}, `${it.vendor} ${it.at}${it.id ? ` ${it.id}` : ""}`);
  if (it.changed) return h("div", {}, name, h("ul", {}, Object.entries(it.changed).map(([field, pair]) => h("li", {}, `${field}: `, h("del", {}, brief(pair.before)), " → ", h("ins", {}, brief(pair.after)), delta(pair)))));
  const isAdded = it.added !== undefined;
  return h("details", {}, h("summary", {}, name, h("span", { class: `tag ${isAdded ? "added" : "removed"}` }, isAdded ? "added" : "removed")), h("pre", {}, JSON.stringify(isAdded ? it.added : it.removed, null, 1)));
}

/** Return by how much a number went up or down. */
function delta({ before, after }) {
  if (typeof before !== "number" || typeof after !== "number") return "";
  return h("span", { class: "quiet" }, ` (${after > before ? "+" : "-"}${count(Math.abs(after - before))})`);
}
