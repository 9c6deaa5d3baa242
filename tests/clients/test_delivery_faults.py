"""Faults of deliveries: an event comes twice, late, out of order or never, an attempt fails or is spoilt, and it is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
import stripe
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator import Emulator
from emulator.client.failure_report import failure_report
from emulator.client.server import ControlError
from emulator.kernel.delivery_faults import ATTEMPT, EFFECTS, NOTIFICATION
from emulator.kernel.faults import DO
from emulator.vendors import VENDORS

JOB, OTHER, SECRET, HOOKS = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz", "batchv2_1", "whsec_test", "https://example.test/hooks"
CANCELED, COMPLETED, EMAIL = "v2.core.batch_job.canceled", "batch_resultset_completed", "notification_email"
DESTINATION = {"id": "ed_1", "url": HOOKS, "signing_secret": SECRET, "enabled_events": [CANCELED]}
JOBS = [{"id": id, "status": "in_progress", "rows": 1000} for id in (JOB, OTHER)]
GIVEN = {"stripe": {"batch_jobs": JOBS, "event_destinations": [DESTINATION]}}


class Receiver:
    """An application that notes when each body comes, and checks its signature."""

    def __init__(self, emulator: Emulator) -> None:
        self.client = stripe.StripeClient(emulator.stripe.api_key, base_addresses={"api": emulator.stripe.url})
        self.came: list[str] = []
        self.events: list[str] = []
        self.refused: list[str] = []
        self._emulator = emulator
        emulator.receiver(HOOKS, Starlette(routes=[Route("/{path:path}", self._hook, methods=["POST"])]))

    async def _hook(self, request: Request) -> Response:
        self.came.append(f"{self._emulator.clock.now:%j %H:%M:%S}".removeprefix("001 "))
        try:
            event: Any = self.client.parse_event_notification(await request.body(), request.headers["stripe-signature"], SECRET)
        except (stripe.SignatureVerificationError, ValueError) as error:
            self.refused.append(type(error).__name__)
            return Response(status_code=400)
        self.events.append(event.id)
        return Response()


@pytest.fixture
def receiver(emulator: Emulator) -> Receiver:
    emulator.load({"given": GIVEN})
    return Receiver(emulator)


def cancel(emulator: Emulator, *jobs: str) -> None:
    client = stripe.StripeClient(emulator.stripe.api_key, base_addresses={"api": emulator.stripe.url})
    for job in jobs or (JOB,):
        client.v2.core.batch_jobs.cancel(job)


def lay(emulator: Emulator, do: str, **more: Any) -> Any:
    return emulator.faults.add(at="stripe.webhook", do=do, **more)


FIRST, AGAIN, THIRD, LAST = "00:00:02", "00:10:02", "00:50:02", "03:30:02"
"""The instants of attempts: the first, and those after 10, 40 and 160 minutes."""


@pytest.mark.parametrize(
    ("do", "more", "came", "ends"),
    [
        ("duplicate", {}, [FIRST, FIRST], ["delivered", "delivered"]),
        ("duplicate", {"delay": "5m"}, [FIRST, "00:05:02"], ["delivered", "delivered"]),
        ("delay", {"delay": "5m"}, ["00:05:02"], ["delivered"]),
        ("reorder", {}, ["01:00:02"], ["delivered"]),
        ("reorder", {"delay": "30s"}, ["00:00:32"], ["delivered"]),
        ("drop", {}, [], ["dropped"]),
        ("before-response", {}, ["00:00:01"], ["delivered"]),
        ("outage", {"for": "10m"}, [AGAIN], ["delivered"]),
        ("outage", {"times": 2}, [THIRD], ["delivered"]),
        ("outage", {"between": ["2026-01-01T00:10:00Z", "2026-01-01T03:00:00Z"]}, [FIRST], ["delivered"]),
        ("outage", {}, [], ["exhausted"]),
        ("lose-response", {}, [FIRST, AGAIN], ["delivered"]),
        ("lose-response", {"times": 2}, [FIRST, AGAIN, THIRD], ["delivered"]),
        ("lose-response", {"times": 9}, [FIRST, AGAIN, THIRD, LAST], ["exhausted"]),
        ("wrong-secret", {"times": 1}, [FIRST, AGAIN], ["delivered"]),
        ("stale-timestamp", {"times": 1}, [FIRST, AGAIN], ["delivered"]),
        ("corrupt", {"times": 1}, [FIRST, AGAIN], ["delivered"]),
        ("corrupt", {}, [FIRST, AGAIN, THIRD, LAST], ["exhausted"]),
    ],
    ids=str,
)
def test_each_fault_strikes_at_its_point(
    emulator: Emulator, receiver: Receiver, do: str, more: dict[str, Any], came: list[str], ends: list[str]
) -> None:
    lay(emulator, do, **more)
    cancel(emulator)
    emulator.clock.advance("1d")
    assert receiver.came == came
    assert [it.status for it in emulator.deliveries] == ends
    assert len(set(receiver.events)) <= 1, "a second delivery of the same event has the id of the first"
    (fault,) = emulator.faults.list()
    delivery = emulator.deliveries[0]
    point = EFFECTS[do].point
    hits = delivery.faults if point == NOTIFICATION else [it for attempt in delivery.attempts for it in attempt.faults]
    assert [(it.id, it.where, it.do) for it in hits] == [(fault.id, point, do)] * fault.struck


@pytest.mark.parametrize("do", ["wrong-secret", "stale-timestamp", "corrupt"])
def test_the_vendors_own_library_refuses_what_is_spoilt(emulator: Emulator, receiver: Receiver, do: str) -> None:
    lay(emulator, do, times=1)
    cancel(emulator)
    emulator.clock.advance("1d")
    assert (receiver.refused, len(receiver.events)) == (["SignatureVerificationError"], 1)
    (delivery,) = emulator.deliveries
    assert [it.status for it in delivery.attempts] == [400, 200]


@pytest.mark.parametrize("do", ["wrong-secret", "stale-timestamp", "corrupt"])
@pytest.mark.scenario({"given": GIVEN})
def test_what_is_collected_is_spoilt_too(emulator: Emulator, do: str) -> None:
    lay(emulator, do)
    cancel(emulator)
    emulator.clock.advance(until="idle")
    delivery = emulator.deliveries.expect(CANCELED).once()
    body, headers = delivery.request
    client = stripe.StripeClient(emulator.stripe.api_key)
    with pytest.raises(stripe.SignatureVerificationError):
        client.parse_event_notification(body, headers["Stripe-Signature"], SECRET)
    assert [(it.where, it.do) for it in delivery.faults] == [(ATTEMPT, do)]


@pytest.mark.scenario({"given": GIVEN})
def test_one_byte_is_corrupted_and_always_the_same(emulator: Emulator) -> None:
    cancel(emulator)
    emulator.clock.advance("1s")
    whole, _ = emulator.deliveries[0].request
    lay(emulator, "corrupt")
    bodies = []
    for _ in range(2):
        emulator.snapshot("before")
        emulator.clock.advance("1s")
        bodies.append(emulator.deliveries[0].request[0])
        emulator.restore("before")
    assert bodies[0] == bodies[1]
    assert sum(a != b for a, b in zip(whole, bodies[0], strict=True)) == 1


@pytest.mark.parametrize(
    ("do", "more", "then"),
    [
        ("outage", {"for": "1d"}, ["waiting", "exhausted"]),
        ("outage", {"for": "10m"}, ["waiting", "collected"]),
        ("lose-response", {}, ["waiting", "collected"]),
    ],
    ids=str,
)
@pytest.mark.scenario({"given": GIVEN})
def test_what_fails_waits_and_is_collected_later(emulator: Emulator, do: str, more: dict[str, Any], then: list[str]) -> None:
    lay(emulator, do, **more)
    cancel(emulator)
    seen = []
    for jump in ("1m", "1d"):
        emulator.clock.advance(jump)
        seen.append(emulator.deliveries[0].status)
    assert seen == then
    attempts = emulator.journal.attempts()
    assert {it.error for it in attempts} == {EFFECTS[do].error}
    assert [it.faults[0].do for it in attempts] == [do] * len(emulator.deliveries[0].attempts)


def test_a_notification_comes_after_the_next_one(emulator: Emulator, receiver: Receiver) -> None:
    lay(emulator, "reorder", times=1)
    cancel(emulator, JOB)
    emulator.clock.advance("30s")
    cancel(emulator, OTHER)
    emulator.clock.advance("1d")
    assert receiver.came == ["00:00:32", "00:00:33"]
    assert [it.subject for it in emulator.deliveries] == [JOB, OTHER]
    assert receiver.events == [emulator.deliveries[1].event_id, emulator.deliveries[0].event_id]


def test_without_end_each_pair_is_reordered(emulator: Emulator, receiver: Receiver) -> None:
    lay(emulator, "reorder")
    cancel(emulator, JOB, OTHER)
    emulator.clock.advance("1d")
    assert receiver.came == ["00:00:02", "00:00:03"]


@pytest.mark.parametrize(
    ("rule", "struck"),
    [
        ({"event": CANCELED}, [True, True]),
        ({"event": "v2.core.batch_job.completed"}, [False, False]),
        ({"id": JOB}, [True, False]),
        ({"id": "ed_1"}, [True, True]),
        ({"id": "ed_2"}, [False, False]),
        ({"times": 1}, [True, False]),
        ({"after": 1}, [False, True]),
        ({"every": 2}, [False, True]),
        ({"for": "10s"}, [True, False]),
        ({"match": {"body": {"related_object": {"id": OTHER}}}}, [False, True]),
        ({"match": {"headers": {"Content-Type": "application/json; charset=utf-8"}}}, [True, True]),
        ({"match": {"headers": {"Content-Type": "text/plain"}}}, [False, False]),
        ({"probability": 0.000001}, [False, False]),
    ],
    ids=str,
)
@pytest.mark.parametrize("do", ["drop", "corrupt"])
@pytest.mark.scenario({"given": GIVEN})
def test_deliveries_are_counted_as_calls_are(emulator: Emulator, do: str, rule: dict[str, Any], struck: list[bool]) -> None:
    lay(emulator, do, **rule)
    for job in (JOB, OTHER):
        cancel(emulator, job)
        emulator.clock.advance("30s")
    assert [bool(it.faults) for it in emulator.deliveries] == struck


@pytest.mark.scenario({"given": GIVEN})
def test_the_nearest_fault_strikes_and_every_one_counts(emulator: Emulator) -> None:
    wide, near = lay(emulator, "drop"), lay(emulator, "duplicate", event=CANCELED)
    cancel(emulator)
    emulator.clock.advance(until="idle")
    assert [it.status for it in emulator.deliveries] == ["collected", "collected"]
    assert {it.id: (it.seen, it.struck) for it in emulator.faults.list()} == {wide.id: (1, 0), near.id: (1, 1)}


POSSIBLE = [
    (outbox, do)
    for vendor in VENDORS.values()
    for outbox in vendor.outboxes
    for do, effect in EFFECTS.items()
    if outbox.sign is not None or not effect.signed
]


@pytest.mark.parametrize(("outbox", "do"), POSSIBLE, ids=lambda it: it if isinstance(it, str) else it.name)
@pytest.mark.scenario({})
def test_every_effect_that_means_something_is_laid(emulator: Emulator, outbox: Any, do: str) -> None:
    options = {"delay": "1m"} if EFFECTS[do].takes_delay else {}
    fault = emulator.faults.add(at=outbox.name, do=do, event=outbox.events[0], **options)
    assert (fault.fault["do"], fault.seen, fault.left) == (do, 0, None)
    emulator.faults.remove(fault.id)
    assert emulator.faults.list() == []


HOOK, MAIL = {"at": "stripe.webhook"}, {"at": "serpwow.webhook"}
MISTAKES: list[tuple[dict[str, Any], str, str]] = [
    ({**HOOK, "do": "duplicate", "where": "after-commit"}, "/where", "strikes when a notification is made"),
    ({**HOOK, "do": "outage", "where": "before-auth"}, "/where", "strikes when an attempt to deliver is made"),
    *[({**HOOK, "do": do, "status": 500}, "/do", f"{do} strikes calls") for do in DO if do not in EFFECTS],
    *[({"at": "stripe", "do": do}, "/at", f"{do} strikes deliveries") for do in EFFECTS if do not in DO],
    ({"at": "*", "do": "duplicate"}, "/at", "write at: serpwow.webhook or stripe.webhook"),
    (
        {"at": "stripe", "do": "drop"},
        "",
        "'where' is missing: before-auth, before-commit, after-commit, mid-body or after-reply",
    ),
    ({"at": ["stripe", "stripe.webhook"], "do": "drop"}, "/at", "write another one at stripe.webhook"),
    ({"at": "stripe", "where": "after-commit", "do": "drop", "event": CANCELED}, "/event", "calls have no event"),
    ({"at": "stripe.webhok", "do": "drop"}, "/at", "did you mean 'stripe.webhook'"),
    ({**HOOK, "do": "duplicat"}, "/do", "did you mean 'duplicate'"),
    ({**HOOK, "do": "drop", "event": "v2.core.batch_job.cancelled"}, "/event", f"did you mean {CANCELED!r}"),
    ({**MAIL, "do": "drop", "event": CANCELED}, "/event", "serpwow.webhook has no event"),
    ({**MAIL, "do": "wrong-secret"}, "/do", "serpwow.webhook is not signed"),
    ({**MAIL, "do": "stale-timestamp"}, "/do", "serpwow.webhook is not signed"),
    ({**MAIL, "do": "outage", "event": EMAIL}, "/do", "recorded and sent to nobody"),
    ({**HOOK, "do": "delay"}, "/delay", "how long?"),
    ({**HOOK, "do": "delay", "delay": "0s"}, "/delay", "delays nothing"),
    ({**HOOK, "do": "delay", "delay": "next"}, "/delay", "give a duration"),
    *[({**HOOK, "do": do, "delay": "1m"}, "/delay", "belongs to") for do, it in EFFECTS.items() if not it.takes_delay],
    *[
        ({**HOOK, "do": "drop", option: value}, f"/{option}", f"leave out '{option}'")
        for option, value in {
            "status": 500,
            "text": "",
            "headers": {"a": "b"},
            "retry_after": "1s",
            "clock": "real",
            "pace": "1s",
            "rate_limit": {"calls": 1, "per": "1s"},
        }.items()
    ],
    ({**HOOK, "do": "drop", "match": {"query": {"a": "b"}}}, "/match/query", "leave out 'query'"),
    ({**HOOK, "do": "drop", "for": "0s"}, "/for", "never strikes"),
]


@pytest.mark.parametrize(("fault", "pointer", "reason"), MISTAKES, ids=str)
@pytest.mark.scenario({})
def test_what_means_nothing_is_refused_with_its_reason(
    emulator: Emulator, fault: dict[str, Any], pointer: str, reason: str
) -> None:
    with pytest.raises(ControlError) as refused:
        emulator.faults.add(**fault)
    assert reason in str(refused.value)
    assert pointer in str(refused.value)
    assert emulator.faults.list() == []
    with pytest.raises(ControlError, match="faults"):
        emulator.load({"faults": [fault]})


@pytest.mark.parametrize(
    ("first", "second", "is_idle"),
    [
        ({"do": "duplicate"}, {"do": "drop"}, True),
        ({"do": "delay", "delay": "5m"}, {"do": "drop"}, True),
        ({"do": "drop", "event": CANCELED}, {"do": "duplicate", "event": CANCELED, "id": JOB}, False),
        ({"do": "drop"}, {"do": "duplicate", "event": CANCELED}, False),
        ({"do": "drop", "event": CANCELED}, {"do": "duplicate"}, False),
        ({"do": "drop"}, {"do": "outage"}, False),
        ({"do": "outage"}, {"do": "corrupt"}, True),
        ({"do": "outage", "for": "1d"}, {"do": "corrupt"}, False),
        ({"do": "lose-response"}, {"do": "corrupt"}, False),
    ],
    ids=str,
)
@pytest.mark.scenario({})
def test_a_fault_to_which_another_leaves_no_delivery_is_a_mistake(
    emulator: Emulator, first: dict[str, Any], second: dict[str, Any], is_idle: bool
) -> None:
    scenario = {"faults": [{**HOOK, **first}, {**HOOK, **second}]}
    if is_idle:
        with pytest.raises(ControlError, match=r"faults\[0\] comes first"):
            emulator.load(scenario)
    else:
        emulator.load(scenario)
        assert len(emulator.faults.list()) == 2


@pytest.mark.scenario(
    {"given": GIVEN, "faults": [{**HOOK, "do": "duplicate", "delay": "1h"}, {**HOOK, "do": "outage", "times": 1}]}
)
def test_the_state_is_given_again_with_all_that_faults_did(emulator: Emulator) -> None:
    cancel(emulator)
    emulator.clock.advance("5m")
    state = emulator.ask("GET", "/state")
    with Emulator({"clock": {"start": f"{emulator.clock.now:%Y-%m-%dT%H:%M:%SZ}"}, "given": state}) as other:
        assert other.ask("GET", "/state") == state
        for it in (emulator, other):
            it.clock.advance(until="idle")
        assert [str(it) for it in other.deliveries] == [str(it) for it in emulator.deliveries]


@pytest.mark.scenario({"given": GIVEN, "faults": [{**HOOK, "do": "outage", "times": 2}]})
def test_a_fork_counts_by_itself_and_an_undo_gives_a_strike_back(emulator: Emulator) -> None:
    cancel(emulator)
    emulator.clock.advance("1m")
    with emulator.fork() as fork:
        fork.clock.advance("1d")
        assert fork.faults.list()[0].struck == 2
    assert emulator.faults.list()[0].struck == 1
    emulator.undo()
    assert emulator.faults.list()[0].struck == 0


@pytest.mark.parametrize("jumps", [["4h"], ["1s"] * 5 + ["10m", "1h", "3h"]], ids=str)
@pytest.mark.scenario({"given": GIVEN, "faults": [{**HOOK, "do": "outage", "for": "1h"}]})
def test_one_jump_and_many_meet_the_same_outage(emulator: Emulator, jumps: list[str]) -> None:
    receiver = Receiver(emulator)
    cancel(emulator)
    for jump in jumps:
        emulator.clock.advance(jump)
    assert receiver.came == [LAST]
    assert [f"{it.at:%H:%M:%S}" for it in emulator.journal.attempts()] == [FIRST, AGAIN, THIRD, LAST]


def test_the_story_and_the_explanation_tell_of_the_fault(emulator: Emulator, receiver: Receiver) -> None:
    assert receiver.came == []
    lay(emulator, "duplicate")
    lay(emulator, "lose-response")
    lay(emulator, "drop", event="v2.core.batch_job.completed")
    cancel(emulator)
    emulator.clock.advance(until="idle")
    story = failure_report(emulator)
    for line in (
        "fault: duplicate notification (fault-1)",
        "      fault: lose-response attempt (fault-2)\n      the receiver answered 200\n      the receiver's answer was lost",
        "fault-3 (drop, at stripe.webhook) never struck",
    ):
        assert line in story
    entries = [it.explain() for it in emulator.journal if not hasattr(it, "method")]
    assert sum("fault       fault-1: duplicate notification" in str(it) for it in entries) == 2
    assert sum("fault       fault-2: lose-response attempt" in str(it) for it in entries) == 2


POSTED = "https://example.test/results"
BATCH = {"id": "B1", "searches": 2, "notification_webhook": POSTED}


@pytest.mark.scenario({"given": {"serpwow": {"batches": [BATCH]}}, "faults": [{**MAIL, "do": "duplicate", "delay": "1h"}]})
def test_a_duplicate_is_no_webhook_of_its_own(emulator: Emulator) -> None:
    bodies: list[bytes] = []
    emulator.receiver(POSTED, noting(bodies))
    get(emulator, "/batches/B1/start")
    emulator.clock.advance("5m")
    assert [it.status for it in emulator.deliveries] == ["delivered", "pending"]
    assert get(emulator, "/batches/B1/results/1")["result"]["webhook_status"]["status"] == "ok"
    emulator.clock.advance(until="idle")
    assert bodies[0] == bodies[1]


def noting(bodies: list[bytes]) -> Callable[..., Any]:
    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        bodies.append(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        start_response("204 No Content", [])
        return []

    return app


def get(emulator: Emulator, path: str) -> Any:
    return httpx.get(f"{emulator.serpwow.url}{path}?api_key={emulator.serpwow.api_key}").json()
