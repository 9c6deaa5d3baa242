/** Dialogs that ask once, and the line that says what was done. */

import { button, h, labelled, named, nameOf } from "./dom.js";

/** Show a dialog and return the value with which it was closed, "" where it was left. */
function show(dialog) {
  const before = document.activeElement;
  const name = before && nameOf(before);
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) =>
    dialog.addEventListener("close", () => {
      dialog.remove();
      const opener = before?.isConnected ? before : name && named(document.body, name);
      opener?.focus?.();
      resolve(dialog.returnValue);
    }),
  );
}

function framed(title, ...children) {
  return h("dialog", { "aria-labelledby": "dialog-title" }, h("h2", { id: "dialog-title" }, title), ...children);
}

function buttons(dialog, label, value, isDanger = false) {
  const leave = button("Cancel", () => dialog.close(""));
  const act = button(label, () => dialog.close(value()), { class: isDanger ? "danger" : "main" });
  return h("div", { class: "buttons" }, leave, act);
}

/** Ask once whether something is to be done. */
export async function confirm(title, text, label, isDanger = true) {
  const dialog = framed(title, h("p", {}, text));
  dialog.append(buttons(dialog, label, () => "yes", isDanger));
  return (await show(dialog)) === "yes";
}

/** Ask for a text; null where the dialog is left. */
export async function prompt(title, text, label, { name, value = "", type = "text", hint = "" }) {
  const dialog = framed(title, h("p", {}, text));
  const input = h("input", { type, value, autocomplete: "off", spellcheck: "false" });
  const answer = () => `=${input.value}`;
  input.addEventListener("keydown", (event) => event.key === "Enter" && (event.preventDefault(), dialog.close(answer())));
  dialog.append(labelled(name, input, hint), buttons(dialog, label, answer));
  const given = await show(dialog);
  return given.startsWith("=") ? given.slice(1) : null;
}

/** Show a text that can be copied. */
export async function showText(title, text, note = "") {
  const dialog = framed(title, note && h("p", {}, note));
  const area = h("textarea", { readonly: true, rows: Math.min(24, text.split("\n").length + 1), "aria-label": title, spellcheck: "false" });
  area.value = text;
  const copy = button("Copy", () => copied(area, copy), { class: "main" });
  dialog.classList.add("wide");
  dialog.append(area, h("div", { class: "buttons" }, button("Close", () => dialog.close("")), copy));
  await show(dialog);
}

async function copied(area, copy) {
  try {
    await navigator.clipboard.writeText(area.value);
    copy.textContent = "Copied";
  } catch {
    area.select();
    copy.textContent = "Selected: press Ctrl+C";
  }
}

const SAID_FOR = 12_000;
let silence = 0;

/** Say in the status line what was done, for a while, or what went wrong, until it is dismissed. */
export function say(text, isProblem = false) {
  const line = document.getElementById("said");
  clearTimeout(silence);
  if (!isProblem) silence = setTimeout(() => line.replaceChildren(), SAID_FOR);
  line.replaceChildren(h("span", { class: isProblem ? "problem" : "" }, text), button("Dismiss", () => line.replaceChildren(), { class: "quiet" }));
}

/** Do something, and say what went wrong if it does. Return what it returned, undefined where it failed. */
export async function tryTo(act) {
  try {
    return await act();
  } catch (error) {
    if (error.name !== "AbortError") say(error.message, true);
    return undefined;
  }
}
