"""The waits of other clients while one has something large done, measured: for each operation, at each size.

    python -m tests.benchmarks.stalls --sizes 100 1000 10000 100000

It is no test of the suite: what it prints holds for the machine that it ran on, while that did nothing else.
"""

from __future__ import annotations

import argparse
import http.client
import json
import multiprocessing
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from time import perf_counter, sleep
from typing import Any, NamedTuple
from urllib.parse import urlsplit

SIZES = (100, 1_000, 10_000, 100_000)
BIG = {"Emulator-World": "big"}
STRIPE = {"Authorization": "Bearer sk_test_1", "Stripe-Version": "2026-03-25.preview", **BIG}
ROOMY = ("--max-memory", "4000000000", "--max-world-memory", "4000000000", "--max-control", "8000000")
"""Bounds that also the largest size keeps."""
LINE = b'{"id":"r%08d","path_params":{"customer":"cus_%07d"},"params":{"description":"x"}}\n'


class Client:
    """One client with a connection of its own, which reads answers and understands none: that would take its own time."""

    def __init__(self, url: str) -> None:
        self._netloc = urlsplit(url).netloc
        self.connection = http.client.HTTPConnection(self._netloc, timeout=600)

    def ask(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> bytes:
        """Return the body of the answer.

        Raises:
            RuntimeError: the request was refused.
        """
        content = json.dumps(body) if isinstance(body, (dict, list)) else body
        self.connection.request(method, path, content, headers or {})
        answer = self.connection.getresponse()
        answer_body = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer_body[:300]!r}")
        return answer_body

    def control(self, method: str, path: str, body: Any = None) -> bytes:
        return self.ask(method, f"/_emulator{path}", body)


class Scene(NamedTuple):
    """A server with a world `big` in which there are `size` of something."""

    client: Client
    size: int

    def make(self, **state: Any) -> None:
        """Make the world anew."""
        scenario = {"title": "A big world", "timing": {"serpwow.queue": "never"}, "given": state}
        self.client.control("POST", "/worlds/big/reset", {"scenario": scenario})

    def batches(self, **fields: Any) -> None:
        """Make the world anew with so many batches of SerpWow, the first of which is ONE."""
        one = {"status": "queued", "searches": 1, **fields}
        self.make(
            serpwow={"account": {"credits_limit": 10**9}, "batches": [{"id": "ONE", **one}, {"repeat": self.size - 1, **one}]}
        )

    def payments(self) -> None:
        """Make the world anew with a batch of so many payments."""
        batch = {"id": "f945d71c-b00f-4e77-8175-253093157a2f", "status": "DRAFT"}
        payments = [{"repeat": self.size, "msisdn": "27821231234", "amount": 1}]
        account = {"name": "A", "balance": 10**9}
        self.make(
            **{"6dot50": {"accounts": [account], "members": ["27821231234"], "batches": [{**batch, "payments": payments}]}}
        )

    def serpwow(self, path: str, method: str = "GET", body: Any = None) -> bytes:
        return self.client.ask(method, f"/live{path}{'&' if '?' in path else '?'}api_key=demo", body, BIG)

    def sixdot50(self, method: str, path: str) -> bytes:
        pair = json.loads(self.client.control("GET", "/worlds/big"))["credentials"]["6dot50"]
        body = self.client.ask("POST", "/za/pay/authentication/getToken", {"key": pair["key"], "secret": pair["secret"]}, BIG)
        token = re.search(rb'"token": ?"([^"]+)"', body)
        assert token, body
        headers = {"Authorization": f"Bearer {token[1].decode()}", **BIG}
        return self.client.ask(method, f"/za/pay/batches/f945d71c-b00f-4e77-8175-253093157a2f{path}", None, headers)

    def upload(self) -> None:
        """Create a job and upload its file of so many rows."""
        job = {
            "endpoint": {"path": "/v1/customers/:customer", "http_method": "post"},
            "skip_validation": True,
            "metadata": {},
        }
        body = self.client.ask("POST", "/v2/core/batch_jobs", job, STRIPE)
        path = re.search(rb'"url": ?"http://[^/]*(/[^"]*)"', body)
        assert path, body
        self.client.ask("PUT", path[1].decode(), b"".join(LINE % (n, n) for n in range(self.size)))

    def faults(self) -> None:
        """Make the world anew with so many faults over an operation, of which none strikes."""
        fault = {"at": "serpwow.batches.list", "where": "before-commit", "do": "status", "status": 503, "after": 10**6}
        scenario = {"title": "Many faults", "faults": [fault] * min(self.size, 10_000)}
        self.client.control("POST", "/worlds/big/reset", {"scenario": scenario})


Step = Callable[[Scene], object]
CONTROL = "/worlds/big"


def control(method: str, path: str, body: Any = None) -> Step:
    return lambda scene: scene.client.control(method, CONTROL + path, body)


def many_worlds(scene: Scene) -> None:
    """Make so many worlds, but no more than a server has."""
    for n in range(min(scene.size, 9_000)):
        scene.client.control("POST", "/worlds", {"id": f"world-{n}"})


def unknown_world(scene: Scene) -> None:
    for _ in range(3):
        scene.client.connection.request("GET", "/live/account?api_key=demo", headers={"Emulator-World": "wolrd-77"})
        scene.client.connection.getresponse().read()


def hostile_json(scene: Scene) -> None:
    """Send SerpWow a body of 40 bytes for each of so many, as large as a body may be."""
    body = "[" + ",".join(['{"a":[[[[{}]]]],"b":null,"c":[1,2]}'] * min(scene.size, 100_000)) + "]"
    scene.client.connection.request("POST", "/live/batches?api_key=demo", '{"name":"a","searches":' + body + "}", BIG)
    scene.client.connection.getresponse().read()


def hostile_control(scene: Scene) -> None:
    """Send the control plane a state of so many mistakes, as large as a body may be."""
    body = {"serpwow": {"batches": [{"idd": "x", "status": "queud"}] * min(scene.size, 24_000)}}
    scene.client.connection.request("PATCH", "/_emulator/worlds/big/state", json.dumps(body), {})
    scene.client.connection.getresponse().read()


OPERATIONS: dict[str, tuple[Step, ...]] = {
    "load batches": (Scene.batches,),
    "first list of batches": (lambda scene: scene.serpwow("/batches"),),
    "second list of batches": (lambda scene: scene.serpwow("/batches?page=2"),),
    "list by status, sorted": (lambda scene: scene.serpwow("/batches?status=queued&sort_by=last_run&page_size=1000"),),
    "get one batch": (lambda scene: scene.serpwow("/batches/ONE"),),
    "PATCH /state of one": (control("PATCH", "/state", {"serpwow": {"batches": [{"id": "ONE", "name": "x"}]}}),),
    "GET /state": (control("GET", "/state"),),
    "snapshot": (control("POST", "/snapshots", {"name": "a"}),),
    "dry run of stop-all": (
        control("POST", "/dry-run", {"method": "GET", "url": "/live/batches/stopall?api_key=demo", "headers": BIG}),
    ),
    "stop-all": (lambda scene: scene.serpwow("/batches/stopall"),),
    "explain of stop-all": (control("GET", "/journal/last/explain"),),
    "journal of stop-all": (control("GET", "/journal"),),
    "ledger": (control("GET", "/ledger"),),
    "diff": (control("GET", "/diff"),),
    "fork": (control("POST", "/fork"),),
    "undo": (control("POST", "/undo", {}),),
    "restore": (control("POST", "/restore", {"name": "a"}),),
    "reset": (control("POST", "/reset"),),
    "advance, all are due": (
        lambda scene: scene.batches(status="running"),
        control("POST", "/clock/advance", {"until": "idle"}),
    ),
    "load payments": (Scene.payments,),
    "list of payments": (lambda scene: scene.sixdot50("GET", "/payments"),),
    "submit": (lambda scene: scene.sixdot50("POST", "/submit"),),
    "advance, all are paid": (control("POST", "/clock/advance", {"until": "idle"}),),
    "diff of payments": (control("GET", "/diff"),),
    "upload of rows": (Scene.make, Scene.upload),
    "GET /state with the file": (control("GET", "/state"),),
    "PATCH of another with the file": (control("PATCH", "/state", {"serpwow": {"account": {"credits_limit": 7}}}),),
    "advance of the job": (control("POST", "/clock/advance", {"until": "idle"}),),
    "diff with the file": (control("GET", "/diff"),),
    "load faults": (Scene.faults,),
    "request under faults": (lambda scene: scene.serpwow("/batches"),),
    "GET /faults": (control("GET", "/faults"),),
    "hostile JSON to a vendor": (Scene.make, hostile_json),
    "mistakes to control": (hostile_control,),
    "make worlds": (many_worlds,),
    "unknown world": (unknown_world,),
    "GET /worlds": (lambda scene: scene.client.control("GET", "/worlds"),),
}
"""What is done, in this order, each from what was done before; the last step of each is the one that is measured."""


class Measurement(NamedTuple):
    """The time of an operation, and the longest wait of another client meanwhile, in seconds."""

    took: float
    waited: float


def measure(url: str, sizes: Sequence[int], names: Sequence[str] = tuple(OPERATIONS)) -> Iterator[tuple[str, int, Measurement]]:
    """Do each of the operations at each of the sizes, on a server that there is."""
    with other_client(url) as watch:
        for size in sizes:
            scene = Scene(Client(url), size)
            scene.client.control("POST", "/worlds", {"id": "big", "scenario": {"title": "Empty"}})
            for name in names:
                *before, last = OPERATIONS[name]
                for step in before:
                    step(scene)
                watch.send("begin")
                began = perf_counter()
                try:
                    last(scene)
                except RuntimeError as error:
                    print(error, file=sys.stderr)  # noqa: T201
                took = perf_counter() - began
                sleep(0.02)
                watch.send("end")
                yield name, size, Measurement(took, watch.recv())
            scene.client.control("DELETE", CONTROL)
            for world in json.loads(scene.client.control("GET", "/worlds"))["worlds"]:
                if world["id"] != "default":
                    scene.client.control("DELETE", f"/worlds/{world['id']}")


@contextmanager
def other_client(url: str) -> Iterator[Connection]:
    """Run another client in a process of its own: after `begin` and `end` it sends the longest of its waits between them."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_keep_asking, args=(url, there), daemon=True)
    process.start()
    try:
        yield here
    finally:
        here.send("stop")
        process.join()


def _keep_asking(url: str, connection: Connection) -> None:
    client, longest = Client(url), 0.0
    while True:
        began = perf_counter()
        client.ask("GET", "/_emulator/ready")
        longest = max(longest, perf_counter() - began)
        sleep(0.001)
        if connection.poll():
            word = connection.recv()
            if word == "stop":
                return
            if word == "end":
                connection.send(longest)
            longest = 0.0


@contextmanager
def server(*options: str) -> Iterator[str]:
    """Run a server in a process of its own."""
    command = [sys.executable, "-m", "emulator", "serve", "--port", "0", "--quiet", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip().partition("=")[2]
        finally:
            process.terminate()


def table(measurements: dict[str, dict[int, Measurement]], sizes: Sequence[int]) -> Iterator[str]:
    """Write what was measured as a table in Markdown, in milliseconds."""
    yield f"| others wait, while one does this (ms) | {' | '.join(f'{size:,}' for size in sizes)} |"
    yield f"| --- |{' ---: |' * len(sizes)}"
    for name, by_size in measurements.items():
        yield f"| {name} | {' | '.join(f'{1000 * m.waited:.0f} (took {1000 * m.took:.0f})' for m in by_size.values())} |"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--rounds", type=int, default=1, help="of which the shortest wait counts")
    parser.add_argument("--url", help="of a server that there is")
    options = parser.parse_args()
    measurements: dict[str, dict[int, Measurement]] = {}
    for _ in range(options.rounds):
        with server(*ROOMY) as url:
            for name, size, measurement in measure(options.url or url, options.sizes):
                former = measurements.setdefault(name, {}).get(size, measurement)
                measurements[name][size] = min(former, measurement, key=lambda measurement: measurement.waited)
                line = f"{size:8,} {name:32} took {measurement.took:8.3f} s, others waited {measurement.waited:6.3f} s"
                print(line, file=sys.stderr)  # noqa: T201
    print("\n".join(table(measurements, options.sizes)))  # noqa: T201


if __name__ == "__main__":
    main()
