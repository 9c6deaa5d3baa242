/** What happens to the worlds, as it happens: by a worker that all tabs share, or by the page itself where there is none. */

import { address, credentials } from "./api.js";
import { follow } from "./stream.js";

const listeners = new Set();
const states = new Set();
let port = null;
let own = null;

/** Call a function with each event of a world; return the function that ends this. */
export function listen(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Call a function whenever the stream opens or ends. */
export function onState(listener) {
  states.add(listener);
}

/** Begin to listen, or again with a token. */
export function connect() {
  const url = new URL(address("/stream"), location.href).href;
  if (own) return;
  try {
    port ??= shared();
    port.postMessage({ url, token: bearer() });
  } catch {
    alone(url);
  }
}

function bearer() {
  return (credentials().Authorization ?? "").replace("Bearer ", "");
}

function shared() {
  const worker = new SharedWorker(new URL("./worker.js", import.meta.url), { type: "module", name: "batch-emulator" });
  worker.addEventListener("error", () => alone(new URL(address("/stream"), location.href).href));
  worker.port.addEventListener("message", ({ data }) => ("open" in data ? tellState(data.open) : tell(data.event)));
  worker.port.start();
  addEventListener("pagehide", () => worker.port.postMessage({ bye: true }));
  addEventListener("pageshow", (event) => event.persisted && connect());
  return worker.port;
}

/** Read the stream in the page, where a browser has no shared workers. */
function alone(url) {
  if (own) return;
  own = new AbortController();
  follow(url, { headers: credentials, signal: own.signal, event: tell, state: tellState });
}

function tell(event) {
  for (const listener of listeners) listener(event);
}

function tellState(open) {
  for (const listener of states) listener(open);
}
