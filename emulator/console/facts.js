/** Facts: what an answer rests on, with its source. */

import { h } from "./dom.js";

/** Return a link to a source that is a page, in a tab of its own that is not told where it comes from; other sources as text. */
function sourceOf(source) {
  const pages = (source ?? "").split(" and ");
  return pages.map((it, index) => [index > 0 && " and ", /^https:\/\/\S+$/.test(it) ? h("a", { href: it, target: "_blank", rel: "noopener noreferrer" }, it.replace("https://", "")) : it]);
}

/** Return how sure a fact is, as a tag. */
export function kindOf(kind) {
  return kind ? h("span", { class: `tag ${kind}` }, kind) : "";
}

/** Return a fact of an explanation: what it says, how sure it is, and its source. */
export function fact(it) {
  return h("div", { class: "fact" }, h("p", {}, it.says), h("p", { class: "quiet" }, kindOf(it.kind), ` ${it.evidence ?? it.id} `, sourceOf(it.source)));
}

/** Return the id of a fact of a vendor, with what it says behind it. */
export function factOf(facts, id) {
  const found = facts.find((it) => it.id === id);
  return found ? h("details", { class: "inline" }, h("summary", {}, id), fact(found)) : id ?? "";
}
