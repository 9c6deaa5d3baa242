/** A number over virtual time, as steps. */

import { h, svg } from "./dom.js";
import { clockTime, count, instant, millis } from "./format.js";

const SIZE = { width: 470, height: 140, left: 66, right: 12, top: 12, bottom: 22 };
const MOST_LINKED = 200;

/** Return the plot of a series; each step leads to the entry at which it was taken. */
export function plot({ name, vendor, points: all }, until, address) {
  const points = all.filter((it, index) => !index || it.value !== all[index - 1].value);
  const scale = scaleOf(points, until);
  const title = `${vendor} ${name}`;
  const linked = points.length <= MOST_LINKED ? points : [];
  const picture = svg(
    "svg",
    { viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, class: "plot", role: "group", "aria-label": `${title} over time: from ${count(points[0].value)} to ${count(points.at(-1).value)}` },
    axis(scale),
    svg("path", { d: steps(points, scale), class: "line" }),
    linked.map((it, index) => point(it, points[index - 1], scale, address)),
  );
  return h("figure", {}, h("figcaption", {}, title, " ", h("b", {}, count(points.at(-1).value))), picture);
}

function scaleOf(points, until) {
  const from = millis(points[0].at);
  const to = Math.max(millis(until), from + 1000);
  const values = points.map((it) => Number(it.value));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const room = (high - low || Math.abs(high) || 1) * 0.12;
  const [bottom, top] = [low - room, high + room];
  const wide = SIZE.width - SIZE.left - SIZE.right;
  const tall = SIZE.height - SIZE.top - SIZE.bottom;
  return { low, high, from, to, x: (at) => SIZE.left + ((millis(at) - from) / (to - from)) * wide, y: (value) => SIZE.top + (1 - (value - bottom) / (top - bottom)) * tall };
}

function axis({ low, high, from, to, y }) {
  const values = low === high ? [low] : [low, high];
  const line = (value) => [svg("line", { x1: SIZE.left, x2: SIZE.width - SIZE.right, y1: y(value), y2: y(value), class: "grid" }), svg("text", { x: SIZE.left - 8, y: y(value) + 4, class: "axis end" }, count(value))];
  const time = (ms, x, anchor) => svg("text", { x, y: SIZE.height - 5, class: `axis ${anchor}` }, clockTime(new Date(ms).toISOString().replace(/\.\d+Z/, "Z")));
  return [values.map(line), time(from, SIZE.left, "start"), time(to, SIZE.width - SIZE.right, "end")];
}

function steps(points, { x, y, to }) {
  const parts = points.map((it, index) => `${index ? `H${x(it.at)}V` : `M${x(it.at)} `}${y(it.value)}`);
  return `${parts.join("")}H${x(new Date(to).toISOString())}`;
}

function point(it, before, { x, y }, address) {
  const by = before ? ` (${it.value >= before.value ? "+" : "-"}${count(Math.abs(it.value - before.value))})` : "";
  const text = `${count(it.value)}${by} at ${instant(it.at)}`;
  const mark = svg("circle", { cx: x(it.at), cy: y(it.value), r: 4.5 }, svg("title", {}, text));
  return it.n > 0 ? svg("a", { href: address(it.n), "aria-label": text }, mark) : mark;
}
