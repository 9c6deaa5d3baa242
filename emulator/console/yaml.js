/** Values written as YAML, as people read it: blocks outside, one line where it fits. */

const WIDTH = 100;

/** Return a value as YAML. */
export function yaml(value, depth = 0) {
  if (Array.isArray(value)) return value.map((it) => `${pad(depth)}- ${item(it, depth + 1).trimStart()}`).join("\n");
  return Object.entries(value).map(([key, it]) => `${pad(depth)}${text(key)}:${member(it, depth)}`).join("\n");
}

function pad(depth) {
  return "  ".repeat(depth);
}

function isNested(value) {
  return value !== null && typeof value === "object" && Object.keys(value).length > 0;
}

function member(value, depth) {
  const line = flow(value);
  if (!isNested(value) || (depth > 0 && line.length + depth * 2 < WIDTH)) return ` ${line}`;
  return `\n${yaml(value, depth + 1)}`;
}

function item(value, depth) {
  const line = flow(value);
  return !isNested(value) || line.length + depth * 2 < WIDTH ? line : yaml(value, depth);
}

function flow(value) {
  if (Array.isArray(value)) return `[${value.map(flow).join(", ")}]`;
  if (isNested(value)) return `{${Object.entries(value).map(([key, it]) => `${text(key)}: ${flow(it)}`).join(", ")}}`;
  return typeof value === "string" ? text(value) : JSON.stringify(value);
}

/** Return a text without quotes where YAML reads it as that text. */
function text(it) {
  const isPlain = /^[A-Za-z/][\w/.?=&+ -]*$/.test(it) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(it) && !it.endsWith(" ");
  return isPlain ? it : JSON.stringify(it);
}
