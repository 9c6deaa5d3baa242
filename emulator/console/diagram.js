/** A machine as a drawing made from its rows: states with their counts, and what leads from one to another. */

import { fold, h, svg, table } from "./dom.js";
import { cause, count } from "./format.js";
import { layout, NODE } from "./layout.js";

const PAD = 14;
const ABSENT = "absent";
const MOST_LABELLED = 18;
const MOST_SHOWN = 24;
const SMALLEST = 0.75;

/** Return the moves of a machine: from, to, and their causes. */
function movesOf(machine) {
  const moves = new Map();
  for (const row of machine.rows) {
    if (row.in === row.to || !row.to) continue;
    const key = `${row.in} ${row.to}`;
    const move = moves.get(key) ?? { from: row.in, to: row.to, causes: [] };
    if (!move.causes.includes(row.cause)) move.causes.push(row.cause);
    moves.set(key, move);
  }
  return [...moves.values()];
}

/** Return the drawing of a machine. */
export function diagram(machine, counts, chosen, address) {
  const moves = movesOf(machine);
  const drawn = moves.filter((it) => it.to !== ABSENT);
  const states = drawn.some((it) => it.from === ABSENT) ? [ABSENT, ...machine.states] : machine.states;
  const { nodes, lines, width, height } = layout(states, drawn);
  const left = nodes[0].id === ABSENT ? NODE.width - 2 * PAD : -PAD;
  const [wide, tall] = [width + PAD - left, height + 2 * PAD];
  const picture = svg(
    "svg",
    { viewBox: `${left} ${-PAD} ${wide} ${tall}`, width: wide, height: tall, class: "diagram", role: "group", "aria-label": `The states of ${machine.kind}` },
    arrowheads(),
    lines.map((it) => arrow(it, chosen)),
    lines.length <= MOST_LABELLED || chosen ? lines.map((it) => label(it, chosen, lines.length)) : "",
    nodes.map((node) => (node.id === ABSENT ? source(node) : state(node, counts[node.id] ?? 0, chosen, address(node.id)))),
  );
  picture.style.minWidth = `${Math.round(wide * SMALLEST)}px`;
  const frame = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Diagram" }, picture);
  return h("div", {}, lines.length > MOST_SHOWN ? fold("Diagram", false, frame) : frame, fold("As a table", false, asTable(machine, moves)));
}

function arrowheads() {
  const head = (id) => svg("marker", { id, viewBox: "0 0 8 8", refX: 7, refY: 4, markerWidth: 7, markerHeight: 7, orient: "auto-start-reverse", class: id }, svg("path", { d: "M0 0 8 4 0 8z" }));
  return svg("defs", {}, head("head"), head("head-near"));
}

function isNear({ move }, chosen) {
  return chosen === move.from || chosen === move.to;
}

function arrow(it, chosen) {
  const near = isNear(it, chosen);
  return svg("path", { d: path(it.points), class: near ? "move near" : "move", "marker-end": `url(#${near ? "head-near" : "head"})` }, svg("title", {}, `${it.move.from} → ${it.move.to}: ${it.move.causes.join(", ")}`));
}

/** Return a smooth line through points: a curve from node to node, straight through a bend. */
function path(points) {
  let d = `M${points[0].x} ${points[0].y}`;
  for (let index = 1; index < points.length; index++) {
    const [a, b] = [points[index - 1], points[index]];
    const bend = (b.x - a.x) / 2;
    d += a.y === b.y ? `L${b.x} ${b.y}` : `C${a.x + bend} ${a.y} ${b.x - bend} ${b.y} ${b.x} ${b.y}`;
  }
  return d;
}

function label(it, chosen, number) {
  const { move, points } = it;
  if (chosen && number > MOST_LABELLED && !isNear(it, chosen)) return "";
  const [a, b] = points.length > 2 && move.from !== ABSENT ? points.slice(-2) : points;
  const isBack = b.x < a.x;
  const text = move.causes.map(cause).join(", ").replace(/(after [^,]*), after /g, "$1, ");
  return svg("text", { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 + (isBack ? 12 : -5), class: isNear(it, chosen) ? "cause near" : "cause" }, text.length > 25 ? `${text.slice(0, 24)}…` : text, svg("title", {}, text));
}

function state(node, number, chosen, href) {
  const kind = `node ${number ? "some" : "none"} ${node.id === chosen ? "chosen" : ""}`;
  return svg(
    "a",
    { href, class: kind, "data-key": `state ${node.id}`, "aria-label": `${node.id} ${number}`, "aria-current": node.id === chosen && "true" },
    svg("rect", { x: node.x, y: node.y, width: NODE.width, height: NODE.height, rx: 7 }),
    svg("text", { x: node.x + 10, y: node.y + NODE.height / 2 + 4 }, node.id.length > 17 ? `${node.id.slice(0, 16)}…` : node.id),
    number > 0 && svg("text", { x: node.x + NODE.width - 8, y: node.y + 13, class: "count" }, " ", count(number)),
  );
}

function source(node) {
  return svg("circle", { cx: node.x + NODE.width - 8, cy: node.y + NODE.height / 2, r: 6, class: "source" }, svg("title", {}, "not there yet"));
}

function asTable(machine, moves) {
  const row = (move) => h("tr", {}, h("td", {}, move.from), h("td", {}, move.to), h("td", {}, move.causes.join(", ")));
  return table(`What leads from state to state of ${machine.kind}`, ["From", "To", "By"], moves.map(row));
}
