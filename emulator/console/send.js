/** A request to any operation of the vendors. */

import { tryTo } from "./dialog.js";
import { fill, h, labelled, select } from "./dom.js";
import { operations } from "./operations.js";
import { requestForm } from "./request.js";
import { change } from "./route.js";

/** Return the view in which a request is written, tried or sent. */
export function sendView(world, query) {
  const choice = h("div", { class: "row" });
  const form = h("div", {});
  let shown = null;
  const draw = async ({ operation: name, id }) => {
    const all = await tryTo(operations);
    if (!all) return;
    const chosen = all.find((it) => it.name === name) ?? all[0];
    fill(choice, labelled("Operation", select(all.map((it) => [it.name, `${it.name}   ${it.method} ${it.path}`]), chosen.name, (it) => change({ operation: it }))));
    if (shown !== `${chosen.name} ${id}`) fill(form, requestForm(world, chosen, { id }));
    shown = `${chosen.name} ${id}`;
  };
  draw(query);
  const node = h("section", { class: "page" }, h("h2", {}, "Send a request"), h("p", { class: "lead" }, "As a client would. Try shows what would happen and changes nothing; Send lets it happen."), choice, form);
  return { node, navigate: draw, changed: () => undefined };
}

