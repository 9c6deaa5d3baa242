/** The page: its head, and the view that its address names. */

import { get, onLocked } from "./api.js";
import { prompt, say } from "./dialog.js";
import { fill, h } from "./dom.js";
import { evidenceView } from "./evidence.js";
import { connect, listen, onState } from "./live.js";
import { current, go, hash } from "./route.js";
import { scenariosView } from "./scenarios.js";
import { worldView } from "./world.js";
import { worldsView } from "./worlds.js";

/** The views, each made by a function from a place; a view that has the same key for the next place is told, not made anew. */
const VIEWS = { worlds: worldsView, w: worldView, scenarios: scenariosView, evidence: evidenceView };
const PLACES = [["worlds", "Worlds"], ["scenarios", "Scenarios"], ["evidence", "Evidence"]];

let view = null;
let key = "";

function begin() {
  onLocked(askForToken);
  drawHead();
  addEventListener("hashchange", show);
  addEventListener("keydown", goToSearch);
  document.getElementById("skip").addEventListener("click", skip);
  listen((event) => view?.changed?.(event));
  onState(showState);
  show();
  get("").then(connect, (error) => say(error.message, true));
}

async function askForToken(isWrong) {
  const text = isWrong ? "The server does not take this token." : "This server demands its control token. It is kept in the memory of this page, and nowhere else.";
  const token = await prompt("The control plane is locked", text, "Unlock", { name: "Control token", type: "password" });
  if (token) queueMicrotask(connect);
  return token;
}

function drawHead() {
  const places = PLACES.map(([place, name]) => h("a", { href: hash([place]), "data-place": place }, name));
  const state = h("span", { id: "stream", class: "stream", title: "Whether this page hears what happens" }, "connecting");
  fill(document.getElementById("top"), h("a", { class: "brand", href: "#/worlds" }, "batch-emulator"), h("nav", { "aria-label": "Page" }, places), state);
}

function showState(open) {
  const state = document.getElementById("stream");
  state.textContent = open ? "live" : "reconnecting";
  state.classList.toggle("open", open);
  if (open) view?.changed?.(null);
}

function show() {
  const place = current();
  const [name = ""] = place.parts;
  if (!Object.hasOwn(VIEWS, name)) return go(["worlds"], {}, { replace: true });
  markPlace(name);
  const next = name === "w" ? `w/${place.parts[1]}` : name;
  if (next === key && view) return view.navigate?.(place);
  view?.close?.();
  key = next;
  view = VIEWS[name](place);
  fill(document.getElementById("main"), view.node);
  document.title = `${view.title} - batch-emulator`;
}

function markPlace(name) {
  for (const it of document.querySelectorAll("[data-place]")) {
    const isHere = it.dataset.place === (name === "w" ? "worlds" : name);
    if (isHere) it.setAttribute("aria-current", "page");
    else it.removeAttribute("aria-current");
  }
}

function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

/** `/` goes to the search of the view, unless one writes. */
function goToSearch(event) {
  const isWriting = event.target.closest("input, textarea, select, dialog");
  const search = document.querySelector("main [type=search]");
  if (event.key !== "/" || isWriting || !search || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  search.focus();
}

begin();
