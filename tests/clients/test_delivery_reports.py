"""The story of a failed test tells each attempt, and of deliveries that no receiver has what to do about them."""

from __future__ import annotations

from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from emulator import Emulator
from emulator.client.failure_report import failure_report

JOB, HOOKS, CANCELED = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz", "https://example.test/hooks", "v2.core.batch_job.canceled"
DESTINATION = {"id": "ed_1", "url": HOOKS, "enabled_events": [CANCELED], "signing_secret": "whsec_test"}
SCENARIO: dict[str, Any] = {
    "given": {"stripe": {"batch_jobs": [{"id": JOB, "status": "cancelling"}], "event_destinations": [DESTINATION]}}
}
LIVE = {"stripe.webhook-retries": "live"}

pytestmark = pytest.mark.scenario(SCENARIO)


def story(emulator: Emulator, *answers: tuple[int, str], url: str = HOOKS, wait: str = "3s") -> list[str]:
    """Return the story of a world whose receiver gives these answers, one after the other."""
    left = [*answers]

    async def hook(_: Request) -> Response:
        status, body = left.pop(0) if left else (204, "")
        return Response(body, status)

    emulator.receiver(url, Starlette(routes=[Route("/hooks", hook, methods=["POST"])]))
    emulator.clock.advance(wait)
    return [line.strip() for line in failure_report(emulator).splitlines()]


def test_an_attempt_is_told_with_its_event_and_its_number(emulator: Emulator) -> None:
    told = story(emulator, (500, "no room"), wait="11m")
    (delivery,) = emulator.deliveries
    sent = f"v2.core.batch_job.canceled {delivery.event_id} -> {HOOKS}, attempt"
    assert [line for line in told if sent in line] == [f"4 00:00:02  {sent} 1", f"6 00:10:02  {sent} 2"]


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ((500, "no room"), "the receiver answered 500: no room"),
        ((422, '{"error": "no such order"}'), 'the receiver answered 422: {"error": "no such order"}'),
        ((500, ""), "the receiver answered 500"),
        ((500, "x" * 201), f"the receiver answered 500: {'x' * 200}…"),
        ((200, "thanks"), "the receiver answered 200"),
    ],
)
def test_what_a_receiver_says_is_told_where_it_took_nothing(emulator: Emulator, answer: tuple[int, str], line: str) -> None:
    assert line in story(emulator, answer)


def test_a_fault_of_a_notification_is_told_at_its_attempts(emulator: Emulator) -> None:
    emulator.faults.add(at="stripe.webhook", do="duplicate")
    assert story(emulator).count("fault: duplicate notification (fault-1)") == 2


def test_it_is_told_that_an_event_came_before_the_answer(emulator: Emulator) -> None:
    emulator.faults.add(at="stripe.webhook", do="before-response")
    assert "fault: before-response notification (fault-1): what caused it was not answered yet" in story(emulator)


@pytest.mark.parametrize(
    ("scenario", "url", "wait", "advice"),
    [
        ({}, HOOKS, "1s", "it is due at 2026-01-01T00:00:02Z: let time pass until then"),
        ({"timing": {"stripe.webhook.delay": "never"}}, HOOKS, "1s", "it never is: stripe.webhook.delay has no end"),
        ({}, HOOKS, "3s", "its next attempt is due at 2026-01-01T00:10:02Z: let time pass until then"),
        (
            {},
            "https://example.test/hook",
            "3s",
            "no receiver is at its URL: those of this test are at https://example.test/hook",
        ),
        ({"timing": {"stripe.webhook.duration": "5s"}}, HOOKS, "3s", "its receiver has not answered yet"),
        (
            {},
            HOOKS,
            "1d",
            "stripe sends it no more: assume: {stripe.webhook-retries: sandbox or live or none} or timing:"
            " {stripe.webhook.retries: [10m, 1d]} say when it tries again, and .resend() sends it once more",
        ),
    ],
)
def test_what_no_receiver_has_is_told_with_what_to_do(
    emulator: Emulator, scenario: dict[str, Any], url: str, wait: str, advice: str
) -> None:
    emulator.load({**SCENARIO, **scenario})
    told = story(emulator, *[(500, "")] * 4, url=url, wait=wait)
    assert told[told.index(advice) - 1].startswith(f"{CANCELED} to {HOOKS} is {emulator.deliveries[0].status}")


def test_what_a_receiver_took_is_told_by_its_attempt_alone(emulator: Emulator) -> None:
    assert not [line for line in story(emulator) if line.startswith(f"{CANCELED} to")]


def test_the_newest_ten_of_many_are_told(emulator: Emulator) -> None:
    jobs = [{"repeat": 12, "status": "cancelling"}]
    emulator.load({"given": {"stripe": {"batch_jobs": jobs, "event_destinations": [DESTINATION]}}})
    told = story(emulator, wait="1s")
    assert len([line for line in told if line.startswith(f"{CANCELED} to")]) == 10
    assert "(2 deliveries more that no receiver has)" in told


@pytest.mark.scenario({**SCENARIO, "assume": LIVE})
def test_a_story_of_days_says_which_day_it_is(emulator: Emulator) -> None:
    emulator.faults.add(at="stripe.webhook", do="outage", for_="1d")
    told = story(emulator, wait="3d")
    assert [line for line in told if line in ("2026-01-01", "2026-01-02", "2026-01-03")] == ["2026-01-02"]
    assert told.index("2026-01-02") < next(n for n, line in enumerate(told) if line.endswith("attempt 10"))


@pytest.mark.scenario({**SCENARIO, "assume": LIVE})
def test_of_many_attempts_a_delivery_tells_the_first_and_the_last(emulator: Emulator) -> None:
    emulator.faults.add(at="stripe.webhook", do="outage", for_="2h")
    story(emulator, wait="1d")
    missed = "the receiver was not reached at 2026-01-01T00:00:02Z"
    assert str(emulator.deliveries[0]) == (
        f"{CANCELED} to {HOOKS} is delivered, {missed}, 4 more attempts, answered 204 at 2026-01-01T02:35:02Z"
    )


def test_an_attempt_is_explained_by_what_came_of_it(emulator: Emulator) -> None:
    story(emulator, (500, ""))
    (attempt,) = emulator.journal.attempts()
    said = f"attempt     1 of {CANCELED} {attempt.event_id} to {HOOKS}: the receiver answered 500"
    assert said in attempt.explain().text


FAULTS = [
    ({"do": "outage", "times": 1}, "struck", "it covers this attempt, and its turn had come"),
    ({"do": "outage", "event": "v2.core.batch_job.completed"}, "not struck", "it is for the event v2.core.batch_job.completed"),
    ({"do": "outage", "id": "ed_9"}, "not struck", "it is for ed_9, and this is of "),
    (
        {"do": "corrupt", "after": 1},
        "not struck",
        "its turn has not come: of what it covers, it has counted 1 by now, and struck 0",
    ),
    ({"do": "outage", "between": ["2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z"]}, "not struck", "it begins at 2026-01-02T"),
    (
        {"do": "corrupt", "match": {"body": {"type": "other"}}},
        "not struck",
        "this does not hold what its match wants at body.type",
    ),
]


@pytest.mark.parametrize(("fault", "label", "why"), FAULTS)
def test_an_attempt_is_explained_by_each_fault_that_could_have_struck_it(
    emulator: Emulator, fault: dict[str, Any], label: str, why: str
) -> None:
    emulator.faults.add(at="stripe.webhook", do="duplicate", event="v2.core.batch_job.completed")
    emulator.faults.add(at="stripe.webhook", **fault)
    story(emulator)
    told = emulator.journal.attempts()[0].explain()
    assert f"  {label:<12}fault-2: {why}" in told.text
    assert [(it["id"], it["struck"]) for it in told.told["rules"]] == [("fault-2", label == "struck")]


def test_a_notification_is_explained_by_the_faults_of_notifications(emulator: Emulator) -> None:
    emulator.faults.add(at="stripe.webhook", do="corrupt")
    emulator.faults.add(at="stripe.webhook", do="delay", delay="1m", times=1)
    emulator.faults.add(at="stripe.webhook", do="drop")
    story(emulator)
    made = next(it for it in emulator.journal.changes() if (it.resource, it.source) == ("delivery", "absent"))
    assert [(it["id"], it["struck"], it["why"]) for it in made.explain().told["rules"]] == [
        ("fault-2", True, "it covers this notification, and its turn had come"),
        ("fault-3", False, "fault-2 comes first"),
    ]
