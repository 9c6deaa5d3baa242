/** One entry of the journal: what was sent and answered, why, what it changed, and what can be done with it. */

import { ask, get, inWorld, once, post } from "./api.js";
import { showText, tryTo } from "./dialog.js";
import { button, fill, fold, h, nothing, panel, panelHead, select } from "./dom.js";
import { changeList, differenceList } from "./differences.js";
import { bodyOf, headersOf, statusOf, whyOf } from "./exchange_parts.js";
import { fact } from "./facts.js";
import { instant } from "./format.js";
import { newestOnly } from "./later.js";
import { requestForm, send, trialOf } from "./request.js";
import { change } from "./route.js";

const COPIES = [["curl", "curl"], ["step", "a step of a scenario"], ["pytest", "a pytest test"]];

/** Return the panel of the entry that the address names. */
export function entryPanel(world) {
  return new EntryPanel(world);
}

class EntryPanel {
  constructor(world) {
    this.world = world;
    this.node = panel("Entry", leave);
    this.read = newestOnly((n) => this.ask(n), (entry, n) => fill(this.node, this.head(n, entry), entry.problem ? nothing(entry.problem) : this.parts(entry)));
  }

  /** Show entry n, or nothing. */
  show(n) {
    this.node.hidden = !n;
    if (n && n !== this.n) this.read(n);
    this.n = n;
  }

  async ask(n) {
    try {
      const entry = await get(inWorld(this.world, "journal", n));
      if (entry.type === "attempt") return entry;
      const [vendor] = (entry.operation ?? entry.vendor).split(".");
      const [explained, facts] = await Promise.all([get(`${inWorld(this.world, "journal", n)}/explain`), once(`/vendors/${vendor}`).catch(() => null)]);
      return { ...entry, ...explained, vendorFacts: facts };
    } catch (error) {
      return { problem: error.message };
    }
  }

  head(n, entry) {
    const title = entry.type === "change" ? `${entry.id}: ${entry.from} → ${entry.to}` : (entry.operation ?? "");
    return panelHead(`${n} ${title}`, "entry", leave);
  }

  parts(entry) {
    const moment = h("div", { class: "buttons" }, button("See the world before", () => change({ at: entry.n > 1 ? `entry/${entry.n - 1}` : "beginning" })), button("and after it", () => change({ at: `entry/${entry.n}` })));
    return { exchange: () => this.exchange(entry), change: () => changeParts(entry), attempt: () => attemptParts(entry) }[entry.type]().concat(moment);
  }

  exchange(entry) {
    const outcome = h("div", { class: "outcome", "aria-live": "polite" });
    return [
      h("p", {}, h("b", {}, entry.method), " ", h("span", { class: "target" }, entry.target)),
      h("p", {}, statusOf(entry.status), ` ${entry.answer} at ${instant(entry.at)}`, entry.delivered === false && h("span", { class: "tag fault" }, "the client did not get it whole")),
      entry.faults.map((it) => h("p", {}, h("span", { class: "tag fault" }, `${it.do} ${it.where}`), ` by ${it.place ?? it.id}`)),
      this.actions(entry, outcome),
      outcome,
      whyOf(entry),
      this.assumptions(entry),
      h("section", {}, h("h4", {}, "What it changed"), changeList(entry.changes), entry.differences ? differenceList(entry.differences, entry.rest) : nothing("No longer remembered.")),
      fold("Request", false, headersOf(entry.request.headers), bodyOf(entry.request.body)),
      fold("Response", true, bodyOf(entry.reply)),
    ];
  }

  actions(entry, outcome) {
    const copies = COPIES.map(([as, name]) => button(`Copy as ${name.replace(/^a /, "").replace("step of a scenario", "step").replace(" test", "")}`, () => this.copy(entry.n, as, name)));
    return h("div", { class: "buttons" }, button("Send again", () => send(this.world, { n: entry.n }, outcome)), button("Change and send…", () => tryTo(async () => fill(outcome, requestForm(this.world, null, await get(`${inWorld(this.world, "journal", entry.n)}/copy`, { as: "json" }))))), copies);
  }

  async copy(n, as, name) {
    const text = await tryTo(() => ask("GET", `${inWorld(this.world, "journal", n)}/copy`, { query: { as }, accept: "text/plain" }));
    if (text !== undefined) await showText(`Entry ${n} as ${name}`, text, as === "pytest" ? "Save it as test_….py where batch-emulator is installed, and run pytest." : "");
  }

  assumptions(entry) {
    if (!entry.assumptions?.length) return "";
    return h("section", {}, h("h4", {}, "Assumptions that decided it"), entry.assumptions.map((it) => this.assumption(entry, it)));
  }

  assumption(entry, it) {
    const choices = entry.vendorFacts?.assumptions.find((each) => each.id === it.id)?.choices ?? [it.choice];
    const others = choices.filter((each) => each !== it.choice);
    const outcome = h("div", { class: "outcome", "aria-live": "polite" });
    let other = others[0];
    const choice = others.length > 1 ? select(others, other, (each) => (other = each), { "aria-label": `Another choice of ${it.id}` }) : h("b", {}, other);
    return h(
      "div",
      { class: "rule" },
      h("p", {}, h("b", {}, it.id), ` = ${it.choice}${it.choice === it.default ? "" : ` (default ${it.default})`}`),
      h("p", {}, it.question, h("span", { class: "quiet" }, ` ${it.reason}`)),
      others.length > 0 && h("div", { class: "buttons" }, h("span", {}, "What if it were "), choice, button("Try", () => this.tryOther(entry.n, it.id, other, outcome), { "aria-label": `Try the other choice of ${it.id}` })),
      outcome,
    );
  }

  async tryOther(n, id, choice, outcome) {
    const trial = await tryTo(() => post(`${inWorld(this.world, "journal", n)}/dry-run`, { assume: { [id]: choice } }));
    if (trial) fill(outcome, h("p", {}, h("b", {}, `With ${id} = ${choice}`)), await trialOf(trial));
  }
}

function leave() {
  change({ n: undefined });
}

function changeParts(entry) {
  return [h("p", {}, `${entry.vendor} ${entry.resource} `, h("b", {}, entry.id), `: ${entry.from} → `, h("b", {}, entry.to), `, ${entry.why}, at ${instant(entry.at)}`), h("section", { class: "why" }, h("h4", {}, "Why"), entry.because ? fact(entry.because) : nothing(entry.why))];
}

function attemptParts(entry) {
  return [
    h("p", {}, h("b", {}, entry.event), ` ${entry.id} to ${entry.url ?? "nobody"}, at ${instant(entry.at)}`),
    h("p", {}, entry.error ?? statusOf(entry.status)),
    entry.faults.map((it) => h("p", {}, h("span", { class: "tag fault" }, it.do), ` by ${it.place ?? it.id}`)),
    changeList(entry.changes),
    fold("Sent", true, headersOf(entry.request.headers), bodyOf(entry.request.body)),
    fold("Answer of the receiver", false, bodyOf(entry.reply)),
  ];
}
