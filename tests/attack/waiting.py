"""Somebody who asks whether a server is ready, again and again, until a line comes; prints how long each answer took."""

from __future__ import annotations

import json
import sys
import time
from threading import Event, Thread

from tests.attack.served import Client

PAUSE = 0.005
"""Seconds between an answer and the next request."""


def main() -> None:
    client, waits, over = Client(sys.argv[1]), [], Event()
    client.ask("GET", "/_emulator/ready")
    print("begun", flush=True)  # noqa: T201
    Thread(target=_wait_for_a_line, args=(over,), daemon=True).start()
    while not over.wait(PAUSE):
        checkpoint = time.perf_counter()
        client.ask("GET", "/_emulator/ready")
        waits.append(time.perf_counter() - checkpoint)
    print(json.dumps(waits))  # noqa: T201


def _wait_for_a_line(over: Event) -> None:
    sys.stdin.readline()
    over.set()


if __name__ == "__main__":
    main()
