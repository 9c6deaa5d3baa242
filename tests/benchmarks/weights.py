"""The bytes that the emulator counts as kept, beside the growth of its process: `python -m tests.benchmarks.weights`.

Each case runs in a process of its own. The two numbers should be within half and twice of each other.
"""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, MutableMapping
from itertools import chain, islice
from typing import Any

from emulator.client.in_process import InProcessClient
from emulator.kernel.worlds import Worlds
from emulator.server.app import create_app, worlds_of
from emulator.web.connection import App, Scope

STRIPE = ((b"authorization", b"Bearer sk_test_1"), (b"stripe-version", b"2026-03-25.preview"))
JOB = {"endpoint": {"path": "/v1/customers/:customer", "http_method": "post"}, "skip_validation": True, "metadata": {}}
ROW = b'{"id":"r%08d","path_params":{"customer":"cus_%07d"},"params":{"description":"x"}}\n'


class Growth:
    """A server in this process, and how much more it takes than in the beginning."""

    def __init__(self) -> None:
        self.worlds: Worlds = worlds_of([])
        self.app = create_app(self.worlds)
        self.client = InProcessClient(self.app)
        self.ask("GET", "/_emulator/worlds")
        gc.collect()
        self._resident, self._counted = resident(), self.worlds.budget.used

    def ask(self, method: str, path: str, body: object = None, headers: tuple[tuple[bytes, bytes], ...] = ()) -> bytes:
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        kind = (b"content-type", b"application/json")
        response = self.client.send(method, path.encode(), (kind, *headers), content)
        assert response.status < 300, (response.status, response.content[:500])
        return response.content

    def measured(self) -> tuple[float, float, float]:
        gc.collect()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
        return (self.worlds.budget.used - self._counted) / 1e6, (resident() - self._resident) / 1e6, peak


def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def batches(growth: Growth, count: int = 10_000) -> None:
    """SerpWow batches"""
    growth.ask("PATCH", "/_emulator/worlds/default/state", {"serpwow": {"batches": [{"repeat": count, "name": "A batch"}]}})


def batches_by_calls(growth: Growth, count: int = 3_000) -> None:
    """SerpWow batches, each by a call"""
    for number in range(count):
        growth.ask("POST", "/live/batches?api_key=k", {"name": f"Batch {number}"})


def searches(growth: Growth) -> None:
    """15,000 searches of a SerpWow batch, 1,000 a call"""
    id = json.loads(growth.ask("POST", "/live/batches?api_key=k", {"name": "A batch"}))["batch"]["id"]
    for call in range(15):
        more = [{"q": f"pizza {call} {n}", "location": "Johannesburg", "num": 10} for n in range(1_000)]
        growth.ask("PUT", f"/live/batches/{id}?api_key=k", {"searches": more})


def payments(growth: Growth, count: int = 100_000) -> None:
    """6DOT50 payments"""
    items = [{"repeat": count, "msisdn": "27821231234", "amount": 100}]
    state = {"6dot50": {"batches": [{"name": "March", "payments": items}]}}
    growth.ask("PATCH", "/_emulator/worlds/default/state", state)


def payments_of_a_scenario(growth: Growth) -> None:
    """100,000 6DOT50 payments given by a scenario, in a world and its beginning"""
    items = [{"repeat": 100_000, "msisdn": "27821231234", "amount": 100}]
    state = {"6dot50": {"batches": [{"name": "March", "payments": items}]}}
    growth.ask("POST", "/_emulator/worlds", {"scenario": {"title": "Many", "given": state}})


def upload(growth: Growth, size: int = 1_000_000_000) -> None:
    """an upload of 1 GB to Stripe"""
    job = json.loads(growth.ask("POST", "/v2/core/batch_jobs", JOB, STRIPE))
    url = job["status_details"]["ready_for_upload"]["upload_url"]["url"]
    length = len(ROW % (0, 0))
    target = url.partition("://")[2].partition("/")[2]
    numbers = iter(range(size // (length + 1)))
    pieces = iter(lambda: b"".join(ROW % (n, n) for n in islice(numbers, 5_000)), b"")
    asyncio.run(put(growth.app, target, pieces))


async def put(app: App, target: str, pieces: Iterator[bytes]) -> None:
    """Send an upload in pieces, as a socket does."""
    body: Iterator[MutableMapping[str, Any]] = chain(
        ({"type": "http.request", "body": piece, "more_body": True} for piece in pieces), [{"type": "http.request"}]
    )
    path, _, query = f"/{target}".partition("?")
    scope: Scope = {
        "type": "http", "method": "PUT", "scheme": "http", "path": path, "raw_path": path.encode(),
        "query_string": query.encode(), "headers": [(b"host", b"localhost"), (b"content-type", b"application/octet-stream")],
    }  # fmt: skip
    answers = []

    async def receive() -> MutableMapping[str, Any]:
        return next(body)

    async def send(message: MutableMapping[str, Any]) -> None:
        answers.append(message)

    await app(scope, receive, send)
    assert answers[0]["status"] == 200, answers


def worlds(growth: Growth, count: int = 2_000) -> None:
    """2,000 worlds of an empty scenario"""
    for _ in range(count - 1):
        growth.ask("POST", "/_emulator/worlds", {})


def snapshots(growth: Growth) -> None:
    """100 snapshots of a world with 1,000 payments"""
    payments(growth, 1_000)
    for number in range(100):
        growth.ask("POST", "/_emulator/worlds/default/snapshots", {"name": f"s{number}"})


def exchanges(growth: Growth) -> None:
    """1,000 requests of 16 kB, half of them kept twice"""
    for number in range(1_000):
        growth.ask("POST", "/live/batches?api_key=demo", {"name": "x" * 16_000 + str(number)})


def large(growth: Growth) -> None:
    """100 requests of 1 MB"""
    for number in range(100):
        growth.ask("POST", "/live/batches?api_key=demo", {"name": "x" * 950_000 + str(number)})


CASES: dict[str, Callable[[Growth], None]] = {
    case.__name__: case
    for case in (
        batches,
        batches_by_calls,
        searches,
        payments,
        payments_of_a_scenario,
        worlds,
        snapshots,
        exchanges,
        large,
        upload,
    )
}


def main(names: list[str]) -> None:
    if names[:1] == ["--one"]:
        growth = Growth()
        CASES[names[1]](growth)
        count, rise, peak = growth.measured()
        line = f"{CASES[names[1]].__doc__:75} {count:9.1f} {rise:9.1f} {count / rise:6.2f} {peak:9.0f}"
        print(line, flush=True)  # noqa: T201
        return
    print(f"{'':75} {'counted':>9} {'grown':>9} {'ratio':>6} {'peak':>9} MB")  # noqa: T201
    for name in names or CASES:
        subprocess.run([sys.executable, "-m", "tests.benchmarks.weights", "--one", name], check=False)


if __name__ == "__main__":
    main(sys.argv[1:])
