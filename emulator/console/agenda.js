/** What is due next, as marks on a line whose scale is wide near now and narrow far away. */

import { h, nothing, svg } from "./dom.js";
import { duration, instant, millis } from "./format.js";
import { hash } from "./route.js";

const WIDTH = 800;
const TICKS = [["now", 0], ["1s", 1e3], ["10s", 1e4], ["1m", 6e4], ["10m", 6e5], ["1h", 36e5], ["1d", 864e5], ["30d", 2592e6], ["1y", 31536e6]];

/** Return the marks and the list of what is due. */
export function agenda(world, pending, now) {
  if (!pending.length) return nothing("Nothing is due by itself.");
  const due = pending.map((it) => ({ ...it, in: Math.max(0, millis(it.at) - millis(now)) }));
  return h("div", {}, marks(due), h("ol", { class: "steps" }, due.map((it) => entry(world, it))));
}

function entry(world, it) {
  const href = hash(["w", world, "state"], { vendor: it.vendor, kind: it.resource, id: it.id });
  return h("li", {}, h("b", {}, `in ${duration(it.in)}`), " ", h("a", { href }, it.id), ` ${it.timer}, at ${instant(it.at)}`);
}

function marks(due) {
  const longest = Math.max(...due.map((it) => it.in), 1000) * 1.5;
  const x = (ms) => 20 + (Math.log1p(ms / 1000) / Math.log1p(longest / 1000)) * (WIDTH - 40);
  const ticks = TICKS.filter(([, ms]) => ms <= longest).map(([name, ms]) => [svg("line", { x1: x(ms), x2: x(ms), y1: 26, y2: 34, class: "grid" }), svg("text", { x: x(ms), y: 48, class: "axis middle" }, name)]);
  const points = due.map((it) => svg("circle", { cx: x(it.in), cy: 30, r: 6, class: "due" }, svg("title", {}, `${it.id} ${it.timer} in ${duration(it.in)}`)));
  return svg("svg", { viewBox: `0 0 ${WIDTH} 54`, class: "agenda", role: "img", "aria-label": `What is due in the next ${duration(longest)}` }, svg("line", { x1: 20, x2: WIDTH - 20, y1: 30, y2: 30, class: "grid" }), ticks, points);
}
