/** The bar of a world's clock: what time it is, at which rate it goes, and how it is moved. */

import { ask, inWorld, post } from "./api.js";
import { prompt, say, tryTo } from "./dialog.js";
import { button, fill, h, select } from "./dom.js";
import { counted, duration, instant, millis } from "./format.js";

const STEPS = ["1s", "1m", "1h", "1d"];

/** Return the bar of a world's clock. */
export function clockBar(world) {
  const now = h("time", { class: "now" });
  const next = h("span", { class: "quiet cut" });
  const rate = h("span", {});
  const parts = { now, next, rate };
  const by = h("input", { size: 11, "aria-label": "Advance by a duration, or to an instant", placeholder: "90s or instant", spellcheck: "false" });
  const move = (body) => advance(world, body);
  const typed = () => by.value.trim() && move(/^\d{4}-/.test(by.value.trim()) ? { to: by.value.trim() } : { by: by.value.trim() });
  by.addEventListener("keydown", (event) => event.key === "Enter" && typed());
  const node = h(
    "section",
    { class: "clock", "aria-label": "Clock" },
    h("div", { class: "row" }, now, rate, next),
    h(
      "div",
      { class: "row buttons" },
      button("Next", () => move({ until: "next" }), { title: "Move to the next thing that is due" }),
      STEPS.map((it) => button(`+${it}`, () => move({ by: it }), { "aria-label": `Advance by ${it}` })),
      by,
      button("Advance", typed),
      button("Until idle", () => move({ until: "idle" }), { title: "Move until nothing is due" }),
    ),
  );
  return { node, show: (clock, pending) => draw(world, parts, clock, pending) };
}

function draw(world, parts, clock, pending) {
  fill(parts.now, instant(clock.now));
  run(parts, clock);
  const rates = [...new Set(["frozen", "real", "60", String(clock.rate)])].map((it) => [it, /^\d/.test(it) ? `rate ${it}` : it]);
  fill(parts.rate, select([...rates, ["other", "another rate…"]], String(clock.rate), (it) => setRate(world, it), { "aria-label": "Rate of the clock" }));
  const next = clock.because ?? nextOf(clock, pending);
  fill(parts.next, next);
  parts.next.title = next;
}

/** Let the clock that is shown go on by itself, as the world's does. */
function run(parts, clock) {
  clearInterval(parts.running);
  const pace = clock.rate === "real" ? 1 : Number(clock.rate) || 0;
  const since = performance.now();
  const tick = () => {
    const ms = millis(clock.now) + pace * (performance.now() - since);
    if (parts.now.isConnected) parts.now.textContent = instant(new Date(ms).toISOString().replace(/\.\d+Z/, "Z"));
    else clearInterval(parts.running);
  };
  if (pace) parts.running = setInterval(tick, 250);
}

function nextOf(clock, pending) {
  if (!clock.next) return "nothing is due";
  const [first] = pending;
  const what = first ? `: ${first.timer} of ${first.id}` : "";
  return `next in ${duration(millis(clock.next) - millis(clock.now))}${what}`;
}

async function setRate(world, chosen) {
  const given = chosen === "other" ? await prompt("The rate of the clock", "How many seconds of the world pass in one of yours.", "Set", { name: "Rate", value: "10" }) : chosen;
  if (!given) return;
  const rate = Number.isNaN(Number(given)) ? given : Number(given);
  if (await tryTo(() => ask("PATCH", inWorld(world, "clock"), { body: { rate } }))) say(`The clock of ${world} is ${typeof rate === "number" ? `at rate ${rate}` : rate}.`);
}

/** Move the clock of a world, and say what happened on the way. */
async function advance(world, body) {
  const moved = await tryTo(() => post(`${inWorld(world, "clock")}/advance`, body));
  if (!moved) return;
  const told = moved.fired.slice(0, 3).map((it) => `${it.id} ${it.from} → ${it.to}`);
  const rest = moved.fired.length - told.length;
  const what = moved.fired.length ? `${counted(moved.fired.length, "change")}: ${told.join(", ")}${rest > 0 ? `, and ${rest} more` : ""}` : "nothing was due";
  const owed = moved.deliveries?.length ? ` It stopped for ${counted(moved.deliveries.length, "delivery")}, which whoever holds the receiver has to make.` : "";
  say(`It is ${instant(moved.now)}: ${what}.${owed}`);
}
