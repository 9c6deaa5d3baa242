/** Elements made from values. Text is always a text node: nothing that comes from outside is read as markup. */

const SVG = "http://www.w3.org/2000/svg";
const PROPERTIES = new Set(["value", "checked", "disabled", "hidden", "selected", "open", "indeterminate"]);

/** Return an HTML element. Of its attributes, `on` holds listeners, and null and false leave one out; children are nodes, texts, or lists of them. */
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** Return an SVG element. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") listen(element, value);
    else if (PROPERTIES.has(name)) element[name] = value ?? false;
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...present(children));
  return element;
}

function listen(element, listeners) {
  for (const [event, listener] of Object.entries(listeners)) element.addEventListener(event, listener);
}

function present(children) {
  return children.flat(Infinity).filter((it) => it !== null && it !== undefined && it !== false && it !== "").map((it) => it instanceof Node ? it : String(it));
}

/** Put nodes in place of what an element holds. What had the focus keeps it by its name; what was open stays open. */
export function fill(element, ...children) {
  const opened = new Set([...element.querySelectorAll("details[open] > summary")].map((it) => it.textContent));
  const focused = element.contains(document.activeElement) ? document.activeElement : null;
  const name = focused && nameOf(focused);
  const scrolled = element.scrollTop;
  element.replaceChildren(...present(children));
  element.scrollTop = scrolled;
  for (const it of opened.size ? element.querySelectorAll("details > summary") : []) if (opened.has(it.textContent)) it.parentElement.open = true;
  if (name) named(element, name)?.focus({ preventScroll: true });
  return element;
}

/** Return the name by which one knows a control again. */
export function nameOf(it) {
  return it.dataset?.key || it.getAttribute("aria-label") || it.labels?.[0]?.firstChild.textContent || it.name || it.textContent;
}

/** Return the control below an element that has a name. */
export function named(element, name) {
  return [...element.querySelectorAll("a, button, input, select, textarea, [tabindex]")].find((it) => nameOf(it) === name);
}

/** Return a button that says what it does. */
export function button(label, act, attributes = {}) {
  return h("button", { type: "button", ...attributes, on: { click: act, ...attributes.on } }, label);
}

/** Return a link within the page, or to another address. */
export function link(href, ...children) {
  return h("a", { href }, ...children);
}

let hints = 0;

/** Return a labelled control, the label above it, a hint below. */
export function labelled(label, control, hint) {
  if (!hint) return h("label", { class: "field" }, h("span", {}, label), control);
  const id = `hint-${++hints}`;
  control.setAttribute("aria-describedby", id);
  return h("div", { class: "field" }, labelled(label, control), h("small", { id }, hint));
}

/** Return a select of options: texts, or pairs of value and text. */
export function select(options, chosen, act, attributes = {}) {
  const items = options.map((it) => (Array.isArray(it) ? it : [it, it]));
  return h(
    "select",
    { ...attributes, on: { change: (event) => act(event.target.value) } },
    items.map(([value, text]) => h("option", { value, selected: value === chosen }, text)),
  );
}

/** Return a table with a caption for those who cannot see it. */
export function table(caption, heads, rows, attributes = {}) {
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "region", "aria-label": caption },
    h(
      "table",
      attributes,
      h("caption", { class: "unseen" }, caption),
      h("thead", {}, h("tr", {}, heads.map((it) => h("th", { scope: "col" }, it)))),
      h("tbody", {}, rows),
    ),
  );
}

/** Return a list of terms and what they are. */
export function terms(pairs, attributes = {}) {
  const there = pairs.filter(([, value]) => value !== null && value !== undefined && value !== "");
  return h("dl", attributes, there.map(([term, value]) => [h("dt", {}, term), h("dd", {}, value)]));
}

/** Return a section that opens and closes. */
export function fold(title, open, ...children) {
  return h("details", { open }, h("summary", {}, title), ...children);
}

/** Return a panel beside a list, which Escape leaves. */
export function panel(label, leave) {
  return h("aside", { class: "panel", "aria-label": label, hidden: true, on: { keydown: (event) => event.key === "Escape" && leave() } });
}

/** Return the head of a panel: its title, and a button that leaves it. */
export function panelHead(title, what, leave) {
  return h("div", { class: "bar" }, h("h2", { class: "cut grow" }, title), button("Close", leave, { class: "quiet", "aria-label": `Close the ${what}` }));
}

/** Return what stands where there is nothing. */
export function nothing(...text) {
  return h("p", { class: "nothing" }, ...text);
}
