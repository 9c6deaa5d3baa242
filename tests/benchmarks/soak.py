"""Many workers, one server, a world of its own for each round: nothing may leak from one to another, nor stay behind.

    python -m tests.benchmarks.soak --workers 64 --requests 1000000

It is no test of the suite: it takes minutes, and prints what it found.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import re
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

STOPPABLE = 5
STATE = {
    "serpwow": {
        "batches": [
            {"id": "ONE", "status": "queued", "searches": 7},
            {"repeat": STOPPABLE - 1, "status": "queued", "searches": 3},
        ]
    },
    "stripe": {"batch_jobs": [{"id": "batchv2_1", "status": "in_progress", "rows": 10}]},
    "6dot50": {
        "batches": [
            {"id": "f945d71c-b00f-4e77-8175-253093157a2f", "payments": [{"repeat": 3, "msisdn": "27821231234", "amount": 1}]}
        ]
    },
}


class Worker:
    """One client with a connection of its own."""

    def __init__(self, url: str) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc)
        self.requests = 0

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[dict[str, str], Any]:
        self.requests += 1
        self._connection.request(method, path, None if body is None else json.dumps(body), headers)
        reply = self._connection.getresponse()
        content = reply.read()
        return {name.lower(): value for name, value in reply.getheaders()}, json.loads(content) if content else None

    def round(self, id: str, seed: int, times: int) -> None:
        """Makes a world, lives in it, checks that everything seen was its own, resets it and lives again; then drops it."""
        _, body = self.ask(
            "POST", "/_emulator/worlds", {"id": id, "seed": seed, "scenario": {"title": "A soak", "given": STATE}}
        )
        for _ in range(times):
            self._live(id, body["credentials"])
            self.ask("POST", f"/_emulator/worlds/{id}/reset")
        self.ask("DELETE", f"/_emulator/worlds/{id}")

    def _live(self, id: str, credentials: dict[str, dict[str, str]]) -> None:
        key, bearer = credentials["serpwow"]["api_key"], f"Bearer {credentials['stripe']['api_key']}"
        stripe = {"Authorization": bearer, "Stripe-Version": "2026-03-25.preview"}
        pay = {name: credentials["6dot50"][name] for name in ("key", "secret")}
        _, token = self.ask("POST", "/za/pay/authentication/getToken", pay)
        requests: list[tuple[tuple[str, str], dict[str, str], Callable[[Any], bool]]] = [
            (("GET", f"/live/batches/ONE/stop?api_key={key}"), {}, lambda body: body["request_info"]["success"]),
            (("GET", f"/live/batches/stopall?api_key={key}"), {}, lambda body: body["batches_stopped"] == STOPPABLE - 1),
            (("GET", f"/live/account?api_key={key}"), {}, lambda body: body["account_info"]["credits_used"] == 0),
            (("POST", "/v2/core/batch_jobs/batchv2_1/cancel"), stripe, lambda body: body["status"] == "cancelling"),
            (("GET", "/v2/core/batch_jobs/batchv2_1"), stripe, lambda body: body["status"] == "cancelling"),
            (
                ("POST", "/za/pay/batches/f945d71c-b00f-4e77-8175-253093157a2f/cancel"),
                {"Authorization": f"Bearer {token['token']}"},
                lambda body: body["summary"]["cancelledCount"] == 3,
            ),
        ]
        for number, ((method, path), headers, right) in enumerate(requests, start=2):
            status, body = self.ask(method, path, **headers)
            if status["emulator-exchange"] != f"{id}/{number}" or not right(body):
                raise AssertionError(f"cross-talk in {id}: {method} {path} {status} {body}")


def work(url: str, process: int, threads: int, requests: int) -> int:
    """One process full of workers; returns how many requests they made."""

    def live(thread: int) -> int:
        worker, number = Worker(url), 0
        while worker.requests < requests // threads:
            worker.round(f"p{process}t{thread}n{number}", number, times=12)
            number += 1
        return worker.requests

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(live, range(threads)))


def resident(pid: int) -> int:
    """The memory that a process holds, in kilobytes."""
    match = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text("utf-8"))
    return int(match[1]) if match else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--workers", type=int, default=64)
    parser.add_argument("--requests", type=int, default=1_000_000)
    options = parser.parse_args()
    processes = 4
    with subprocess.Popen(
        [sys.executable, "-m", "emulator", "serve", "--port", "0", "first-run"], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip().partition("=")[2]
        work(url, 99, 4, 20_000)
        before, began = resident(server.pid), time.monotonic()
        requests_of_one = options.requests // processes
        with multiprocessing.Pool(processes) as pool:
            total = sum(
                pool.starmap(
                    work, [(url, number, options.workers // processes, requests_of_one) for number in range(processes)]
                )
            )
        took, after = time.monotonic() - began, resident(server.pid)
        _, worlds = Worker(url).ask("GET", "/_emulator/worlds")
        server.terminate()
    worlds_left = len(worlds["worlds"]) - 1
    print(f"{total} requests by {options.workers} workers in {took:.0f} s, no cross-talk, {worlds_left} worlds left")  # noqa: T201
    print(f"memory {before} kB after 20,000 requests, {after} kB at the end")  # noqa: T201


if __name__ == "__main__":
    main()
