/** Parts of what is shown of an exchange: status, headers, bodies, and why it went so. */

import { fold, h, nothing, terms } from "./dom.js";
import { json, statusClass } from "./format.js";
import { fact, kindOf } from "./facts.js";

const LONGEST = 20_000;

/** Return a status in its colour. */
export function statusOf(status) {
  return h("span", { class: `status ${statusClass(status)}` }, status ? String(status) : "no answer");
}

/** Return a body as text, the beginning of a long one. */
export function bodyOf(body) {
  if (body === null || body === undefined || body === "") return nothing("No body.");
  const text = json(body);
  return [h("pre", { class: "body", tabindex: "0" }, text.slice(0, LONGEST)), text.length > LONGEST && nothing(`and ${text.length - LONGEST} more characters`)];
}

/** Return headers as terms. */
export function headersOf(headers) {
  return headers?.length ? terms(headers, { class: "fields" }) : nothing("No headers.");
}

/** Return why an exchange or a change went as it did. */
export function whyOf(it) {
  const rows = (it.rows ?? []).map(row);
  return h(
    "section",
    { class: "why" },
    h("h4", {}, "Why ", it.basis && kindOf(it.basis)),
    it.account && h("p", {}, `Account ${it.account}`),
    it.scripted && h("p", {}, `A reply in place of the vendor's: ${it.scripted}`),
    rows,
    !rows.length && it.because && fact(it.because),
    (it.also ?? []).filter((each) => each.says).map(fact),
    rules(it.rules),
    it.would_work?.length > 0 && [h("h4", {}, "What would have worked"), h("ul", {}, it.would_work.map((each) => h("li", {}, each)))],
  );
}

function row(it) {
  const condition = it.condition ? `, since ${it.condition}` : "";
  const passed = it.passed_over?.map((each) => h("li", {}, `if ${each.condition ?? "nothing else"}: ${each.answer ?? "no answer"}`)) ?? [];
  return h(
    "div",
    { class: "rule" },
    h("p", {}, h("b", {}, `${it.resource} ${it.id}`), `: ${it.in} —${it.cause}→ ${it.to}${it.answer ? `, answers ${it.answer}` : ""}${it.effect ? `, ${it.effect}` : ""}${condition}`),
    it.because && fact(it.because),
    passed.length > 0 && fold(`Rows before it that were not taken (${passed.length})`, false, h("ul", {}, passed)),
  );
}

function rules(list) {
  if (!list?.length) return "";
  return [h("h4", {}, "Faults and replies here"), h("ul", {}, list.map((it) => h("li", {}, h("b", {}, it.id), `: ${it.struck ? "struck" : "did not strike"}, ${it.why}`)))];
}
