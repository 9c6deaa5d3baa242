/** Server-sent events, read by fetch, which can send a token as EventSource cannot. */

const FIRST_WAIT = 500;
const LONGEST_WAIT = 10_000;

/** Read a stream until it is aborted; a stream that ends begins anew after a while that grows. */
export async function follow(url, { headers, signal, event, state }) {
  let wait = FIRST_WAIT;
  while (!signal.aborted) {
    const status = await readOnce(url, headers(), signal, event, () => {
      wait = FIRST_WAIT;
      state(true, 200);
    });
    if (signal.aborted) return;
    state(false, status);
    await pause(wait, signal);
    wait = Math.min(wait * 2, LONGEST_WAIT);
  }
}

/** Read one stream to its end; return the status of its response, 0 where there was none. */
async function readOnce(url, headers, signal, event, opened) {
  try {
    const response = await fetch(url, { headers: { Accept: "text/event-stream", ...headers }, signal, cache: "no-store" });
    if (!response.ok) return response.status;
    opened();
    await readEvents(response.body.pipeThrough(new TextDecoderStream()).getReader(), event);
    return 200;
  } catch {
    return 0;
  }
}

async function readEvents(reader, event) {
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const blocks = (rest + value).replace(/\r\n/g, "\n").split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) tell(block, event);
  }
}

/** Tell the data of a block of lines, if it has any. */
function tell(block, event) {
  const data = block.split("\n").filter((line) => line.startsWith("data:")).map((line) => line.slice(5).trimStart());
  if (data.length) event(JSON.parse(data.join("\n")));
}

function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
}
