"""No row is lost and none comes from nowhere, whatever the order of requests, files, hands and jumps of the clock."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, precondition, rule

from emulator.contract.validator import ResponseValidator
from emulator.kernel.world import World
from emulator.scenario.state import apply_state
from emulator.sdk.exact_json import dump
from emulator.sdk.request import read_request
from emulator.sdk.response import Response, Stream
from emulator.vendors.stripe import STRIPE
from emulator.vendors.stripe.destinations.model import MOST
from emulator.vendors.stripe.events import model as events
from emulator.vendors.stripe.events.model import LIFETIME, Event
from emulator.web.pipeline import carry_out
from emulator.web.routes import Routes
from tests.support.loading import load_value

DESTINATIONS = "/v2/core/event_destinations"
VENDORS = {"stripe": STRIPE}
ROUTES = Routes([STRIPE])
JUDGE = ResponseValidator([STRIPE])
FAILING = [{"ids": ["r1", "r2"]}, {"share": "20%", "status": 402}, {"pattern": "*9"}]
ENDED = ("complete", "canceled", "timeout", "validation_failed", "batch_failed", "upload_timeout")
MAY_FOLLOW = {
    "created": {"ready_for_upload"},
    "ready_for_upload": {"validating", "updated", "upload_timeout"},
    "validating": {"updated", "validation_failed", "batch_failed"},
    "updated": {"updated", "completed", "canceled", "timeout", "batch_failed", "validation_failed"},
}
HEADERS = {"authorization": "Bearer sk_test_1", "stripe-version": "2026-03-25.preview"}


def line(n: int, fault: int) -> bytes:
    """A line of a file: right, unless its fault is one of the first few."""
    id = f"r{n}"
    faulty = [
        b"nonsense",
        b"{}",
        dump({"id": "r 1"}),
        dump({"id": id, "path_params": {"x": "y"}}),
        dump({"id": "r0", "params": 1}),
    ]
    return faulty[fault] if fault < len(faulty) else dump({"id": id, "path_params": {"customer": f"cus_{n}"}})


FILES = st.lists(st.integers(0, 60), max_size=30).map(lambda faults: [line(n, fault) for n, fault in enumerate(faults)])
JUMPS = st.sampled_from(["1ms", "100ms", "1s", "3s", "5s", "5m", "70m", "24h", "8d"]) | st.integers(1, 10_000).map(
    lambda n: f"{n}ms"
)


def world_of(state: Mapping[str, Any], start: str = "2026-03-09T20:55:31Z") -> World:
    content = {"title": "A life", "clock": {"start": start}, "given": {"stripe": state}}
    return load_value(content, VENDORS).world(VENDORS, "w")


class Lives(RuleBasedStateMachine):
    jobs = Bundle("jobs")
    destinations = Bundle("destinations")

    def __init__(self) -> None:
        super().__init__()
        self.page, events.PAGE = events.PAGE, 3
        self.world = world_of({"failing": FAILING})
        self.links: dict[str, str] = {}
        self.files: dict[str, list[bytes]] = {}
        self.ended: dict[str, Any] = {}
        self.alive: set[str] = set()

    def teardown(self) -> None:
        events.PAGE = self.page

    def send(self, method: str, path: str, body: Any = None, data: bytes = b"", **headers: str) -> Response:
        route = ROUTES.find(method, path.partition("?")[0])
        assert route is not None
        assert route.operation is not None
        all_headers = HEADERS | {name.replace("_", "-"): value for name, value in headers.items()}
        raw = [(name.encode(), value.encode()) for name, value in all_headers.items()]
        content = b"" if body is None else dump(body)
        call = read_request(method, path.partition("?")[0], path.partition("?")[2], raw, content)
        route.apply(call)
        if route.operation.reader:
            call.reader = route.operation.reader()
            call.reader.feed(data)
        with self.world.transaction(call.operation_name, call) as tx:
            answer = STRIPE.admit(tx, call, route.operation) or carry_out(STRIPE, tx, call, route.operation)
            reply = STRIPE.renderers[answer.name](tx, call, answer.subject)
        if not isinstance(reply.body, Stream):
            JUDGE("stripe", route.operation.name, reply.status, b"" if reply.body is None else dump(reply.body))
        return reply

    def state(self) -> dict[str, Any]:
        with self.world.transaction("look") as tx:
            return STRIPE.state.dump(tx)

    def job(self, id: str) -> dict[str, Any]:
        body: dict[str, Any] = self.send("GET", f"/v2/core/batch_jobs/{id}").body
        return body

    @rule(target=jobs, skip=st.booleans(), rps=st.integers(1, 100), key=st.integers(0, 5))
    def create(self, skip: bool, rps: int, key: int) -> str:
        body = {
            "endpoint": {"http_method": "post", "path": "/v1/customers/:customer"},
            "skip_validation": skip,
            "metadata": {},
            "maximum_rps": rps,
        }
        before = len(self.state()["batch_jobs"])
        reply = self.send("POST", "/v2/core/batch_jobs", body, idempotency_key=f"{key}-{skip}-{rps}")
        assert reply.status == 200
        id: str = reply.body["id"]
        assert len(self.state()["batch_jobs"]) == before + (id not in self.links)
        if id not in self.links:
            self.links[id] = reply.body["status_details"]["ready_for_upload"]["upload_url"]["url"]
        return id

    @rule(id=jobs, file=FILES)
    def upload(self, id: str, file: list[bytes]) -> None:
        waiting = self.job(id)["status"] == "ready_for_upload"
        reply = self.send("PUT", self.links[id].removeprefix("http://localhost"), data=b"\n".join(file))
        assert reply.status == (200 if waiting else 403)
        if waiting:
            self.files[id] = file

    @rule(id=jobs)
    def cancel(self, id: str) -> None:
        before = self.job(id)
        reply = self.send("POST", f"/v2/core/batch_jobs/{id}/cancel", {})
        is_accepted = before["status"] not in ENDED or before["status"] == "canceled"
        assert reply.status == (200 if is_accepted else 400)
        if before["status"] in ENDED:
            assert self.job(id)["status"] == before["status"]

    @rule(id=jobs)
    def fail_on_their_side(self, id: str) -> None:
        if self.job(id)["status"] in ("validating", "in_progress"):
            apply_state(self.world, VENDORS, {"stripe": {"batch_jobs": [{"id": id, "status": "batch_failed"}]}}, "set")

    @rule(by=JUMPS)
    def advance(self, by: str) -> None:
        number, unit = (int(by[:-2]), "ms") if by.endswith("ms") else (int(by[:-1]), by[-1])
        units = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
        self.world.advance_by(timedelta(**{units[unit]: number}))

    @rule(id=jobs)
    def results_match_the_counts(self, id: str) -> None:
        job = self.job(id)
        details = (job["status_details"] or {}).get(job["status"], {})
        if "output_file" not in details:
            return
        link = details["output_file"]["download_url"]["url"].removeprefix("http://localhost")
        reply = self.send("GET", link)
        if reply.status == 403:
            return
        content = b"".join(reply.body.chunks)
        assert len(content) == reply.body.length == int(details["output_file"]["size"])
        rows = [json.loads(row) for row in content.splitlines()]
        assert sum(row["status"] == 200 for row in rows) == int(details["success_count"])
        assert sum(row["status"] != 200 for row in rows) == int(details["failure_count"])
        ids = Counter(str(_id_of(row)) for row in self.files.get(id, ()))
        assert Counter(str(row["id"]) for row in rows) <= ids
        if job["status"] == "complete":
            assert len(rows) == len(self.files[id])
        assert self.ended.setdefault(id, content) == content

    @precondition(lambda self: len(self.alive) < MOST)
    @rule(target=destinations, name=st.text(min_size=1, max_size=5))
    def make_a_destination(self, name: str) -> str:
        body = {"type": "webhook_endpoint", "event_payload": "thin", "enabled_events": ["v2.core.batch_job.canceled"]}
        reply = self.send("POST", DESTINATIONS, body | {"name": name, "webhook_endpoint": {"url": "http://localhost/"}})
        assert reply.status == 200
        id: str = reply.body["id"]
        self.alive.add(id)
        return id

    @rule(id=destinations, verb=st.sampled_from(["", "/enable", "/disable", "/ping"]))
    def switch_a_destination(self, id: str, verb: str) -> None:
        assert self.send("POST", f"{DESTINATIONS}/{id}{verb}", {}).status == (200 if id in self.alive else 404)

    @rule(id=destinations)
    def delete_a_destination(self, id: str) -> None:
        assert self.send("DELETE", f"{DESTINATIONS}/{id}").status == (200 if id in self.alive else 404)
        self.alive.discard(id)

    @rule(limit=st.integers(1, 5))
    def pages_make_the_whole_list(self, limit: int) -> None:
        with self.world.transaction("look") as tx:
            events = sorted((event for event in tx.group(Event) if tx.now < event.since + LIFETIME), key=lambda event: -event.n)
        ids, url = [], f"/v2/core/events?limit={limit}"
        while url:
            page = self.send("GET", url).body
            ids += [event["id"] for event in page["data"]]
            url = page["next_page_url"]
        assert ids == [event.id for event in events]

    @rule()
    def a_state_that_is_shown_can_be_given(self) -> None:
        state = self.state()
        again = world_of(state, self.world.clock.now().isoformat())
        with again.transaction("look") as tx:
            assert STRIPE.state.dump(tx) == state

    @rule()
    def looking_changes_nothing(self) -> None:
        before = self.state()
        self.send("GET", "/v2/core/events?limit=3")
        self.send("GET", "/v2/core/event_destinations")
        assert self.state() == before

    @invariant()
    def counts_fit_the_file(self) -> None:
        for job in self.state()["batch_jobs"]:
            rows = len(self.files.get(job["id"], ()))
            assert job["rows"] == rows
            assert 0 <= job["success_count"] + job["failure_count"] <= rows
            assert job["validated_count"] <= rows
            assert job["failure_count"] <= job["failing_rows"] <= rows
            if job["status"] == "complete":
                assert job["success_count"] + job["failure_count"] == rows
            if job["status"] in ("ready_for_upload", "upload_timeout"):
                assert job["id"] not in self.files

    @invariant()
    def time_runs_forward(self) -> None:
        assert [*self.world.history] == sorted(self.world.history, key=lambda commit: commit.at)

    @invariant()
    def every_job_has_a_story_that_can_be(self) -> None:
        with self.world.transaction("look") as tx:
            for id in self.links:
                types = [event.type.rpartition(".")[2] for event in tx.group(Event, "object", id)]
                assert not types or all(later in MAY_FOLLOW.get(earlier, ()) for earlier, later in pairwise(types))


def _id_of(row: bytes) -> Any:
    try:
        return json.loads(row).get("id")
    except ValueError:
        return None


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=60, stateful_step_count=40)
