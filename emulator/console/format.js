/** How instants, durations, numbers and values are shown. */

const UNITS = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]];

/** Return an instant as date and time, without what says nothing. */
export function instant(text) {
  return text ? text.replace("T", " ").replace(/(\.\d*?)0+Z$/, "$1Z").replace(/\.?Z$/, " UTC") : "never";
}

/** Return the time of day of an instant. */
export function clockTime(text) {
  return instant(text).slice(11).replace(" UTC", "");
}

/** Return the milliseconds of an instant. */
export function millis(text) {
  return Date.parse(text);
}

/** Return a number of milliseconds in the words of a duration, its two largest units. */
export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  let rest = Math.round(ms / 1000);
  const parts = [];
  for (const [unit, seconds] of UNITS) {
    const count = Math.floor(rest / seconds);
    if (count) parts.push(`${count}${unit}`);
    rest -= count * seconds;
  }
  return parts.slice(0, 2).join("");
}

/** Return a count with its digits grouped. */
export function count(number) {
  return typeof number === "number" ? number.toLocaleString("en") : String(number);
}

/** Return a count with its noun. */
export function counted(number, noun) {
  return `${count(number)} ${noun}${number === 1 ? "" : noun.endsWith("y") ? "" : "s"}`.replace(/y$/, number === 1 ? "y" : "ies");
}

/** Return a JSON value as it is written. */
export function json(value) {
  return typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

/** Return a value in a line. */
export function brief(value) {
  if (value === null || value === undefined) return "nothing";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Return the class of a response's status. */
export function statusClass(status) {
  if (!status) return "lost";
  return status < 300 ? "good" : status < 400 ? "other" : status < 500 ? "refused" : "failed";
}

/** Return a cause as people say it: `after stripe.drain` is `after drain`. */
export function cause(text) {
  return text.replace(/^after [\w-]+\./, "after ");
}
