/** The one stream of a browser: a shared worker reads it, and every tab hears what it tells. */

import { follow } from "./stream.js";

const ports = new Set();
const newest = new Map();
let token = "";
let running = null;
let isOpen = false;

self.addEventListener("connect", (connection) => {
  const [port] = connection.ports;
  port.addEventListener("message", ({ data }) => hear(port, data));
  port.start();
});

function hear(port, message) {
  if (message.bye) return leave(port);
  ports.add(port);
  for (const event of newest.values()) port.postMessage({ event });
  port.postMessage({ open: isOpen });
  const isNew = message.token !== undefined && message.token !== token && message.token !== "";
  if (isNew) token = message.token;
  if (isNew || !running) start(message.url);
}

function leave(port) {
  ports.delete(port);
  if (ports.size === 0) stop();
}

function start(url) {
  stop();
  running = new AbortController();
  const headers = () => (token ? { Authorization: `Bearer ${token}` } : {});
  follow(url, { headers, signal: running.signal, event: spread, state: tellState });
}

function stop() {
  running?.abort();
  running = null;
  newest.clear();
}

function tellState(open) {
  isOpen = open;
  if (open) newest.clear();
  for (const port of ports) port.postMessage({ open });
}

function spread(event) {
  if (event.dropped) newest.delete(event.world);
  else newest.set(event.world, event);
  for (const port of ports) port.postMessage({ event });
}
