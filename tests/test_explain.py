"""Every exchange explains: why it went so, on what evidence, what it changed, and what would have worked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from emulator import Emulator
from emulator.cli import main
from emulator.handle.server import Refused
from tests.conftest import Live
from tests.walking import LIBRARY, Walker, walk, world_that_goes

JOB = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz"
BATCH = "f945d71c-b00f-4e77-8175-253093157a2f"


pytestmark = pytest.mark.scenario("first-run")


def send(emulator: Emulator, method: str, path: str, **options: Any) -> httpx.Response:
    with httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1") as client:
        return client.request(method, path, headers={"Emulator-World": emulator.id, **options.pop("headers", {})}, **options)


def stop(emulator: Emulator, batch: str) -> httpx.Response:
    return send(emulator, "GET", f"/live/batches/{batch}/stop?api_key={emulator.serpwow.api_key}")


@pytest.mark.parametrize("name", LIBRARY.names())
def test_every_entry_of_the_library_explains(name: str) -> None:
    async def look(walker: Walker, request: httpx.Request) -> None:
        if world := world_that_goes(request):
            for entry in (await walker.ask("GET", f"{world}/journal"))["entries"]:
                told = await walker.ask("GET", f"{world}/journal/{entry['n']}/explain")
                holds(told)

    walk(name, look)


def holds(told: dict[str, Any]) -> None:
    """What every explanation holds, and that none is at odds with itself."""
    if told["type"] == "change":
        assert told["because"] or told["evidence"] in (None, "the scenario")
        return
    assert told["scripted"] or told["faults"] or told["because"]["source"]
    assert told["differences"] is not None
    assert {it["id"] for it in told["changes"]} <= {it["id"] for it in told["rows"]} | {it["id"] for it in told["differences"]}
    if told["assumption"]:
        assert told["assumption"] in [it["id"] for it in told["assumptions"]]
    assert told["status"] >= 400 or told["would_work"] == []
    assert told["operation"] in told["text"]


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (lambda it: stop(it, "2A6F94BX"), "there is no batch '2A6F94BX'; the nearest is '2A6F94BB'"),
        (lambda it: stop(it, "9E867FAA"), "stop does something where a batch is queued or running; this one was idle"),
        (lambda it: send(it, "GET", "/live/batchez/B/stop"), "the nearest operation is GET /live/batches/{id}/stop"),
        (lambda it: send(it, "POST", "/live/batches/stopall"), "this path can be asked with GET"),
        (lambda it: send(it, "GET", "/live/batches"), "the request carries no credential"),
        (
            lambda it: send(it, "POST", f"/za/pay/batches/{BATCH[:-1]}b/cancel", headers={"Authorization": "Bearer demo"}),
            f"there is no batch '{BATCH[:-1]}b'; the nearest is '{BATCH}'",
        ),
    ],
)
def test_what_did_not_work_is_told_the_nearest_that_does(
    emulator: Emulator, ask: Callable[[Emulator], httpx.Response], expected: str
) -> None:
    ask(emulator)
    assert expected in emulator.journal.exchanges()[-1].explain().told["would_work"]


def test_a_key_that_the_world_does_not_take_is_told_the_nearest_and_no_key_can_be_read() -> None:
    with Emulator({"credentials": {"serpwow": ["a-secret-key-1234"]}}) as emulator:
        send(emulator, "GET", "/live/account?api_key=a-secret-key-1243")
        explanation = emulator.journal.exchanges()[-1].explain()
        assert "the nearest is a-se…" in str(explanation)
        assert "a-secret" not in str(explanation.told)


def test_a_refund_is_told_with_row_guards_evidence_and_what_changed(emulator: Emulator) -> None:
    stop(emulator, "2A6F94BB")
    told = emulator.journal.exchanges()[-1].explain().told
    (row,) = told["rows"]
    assert (row["in"], row["cause"], row["to"], row["effect"]) == ("queued", "stop", "idle", "refund_credits")
    assert "fails_to_stop" in [it["condition"] for it in row["passed_over"]]
    assert (told["because"]["evidence"], told["because"]["kind"]) == ("serpwow-stop-2", "documented")
    account = next(it for it in told["differences"] if it["at"] == "account")
    assert account["changed"]["credits_used"] == {"before": 230, "after": 30}
    assert "serpwow.stop-schedule" in [it["id"] for it in told["assumptions"]]


def test_a_scripted_reply_is_told_with_its_file_and_line() -> None:
    with Emulator("serpwow/stopall-is-busy-once") as emulator:
        send(emulator, "GET", f"/live/batches/stopall?api_key={emulator.serpwow.api_key}")
        told = emulator.journal.exchanges()[-1].explain().told
    file, _, line = told["scripted"].rpartition(":")
    assert (file.endswith("serpwow/stopall-is-busy-once.yaml"), line.isdecimal()) == (True, True)
    assert told["scripted"] in told["text"]
    assert told["differences"] == []


def test_what_time_did_explains_too(emulator: Emulator) -> None:
    emulator.clock.advance("2s")
    told = emulator.ask("GET", "/journal/1/explain")
    assert (told["type"], told["why"]) == ("change", "after serpwow.queue")
    assert told["because"]["evidence"] in told["text"]


def test_a_cancel_of_many_payments_is_told_in_few_words(emulator: Emulator) -> None:
    send(emulator, "POST", f"/za/pay/batches/{BATCH}/cancel", headers={"Authorization": "Bearer demo"})
    explanation = emulator.journal.exchanges()[-1].explain()
    assert len(explanation.told["differences"]) == 186
    assert len(str(explanation).splitlines()) < 60


@pytest.mark.parametrize(("n", "status", "detail"), [("7", 404, "'7'"), ("x", 422, "'x' is none"), ("0", 404, "'0'")])
def test_an_entry_that_is_not_there_is_refused(emulator: Emulator, n: str, status: int, detail: str) -> None:
    with pytest.raises(Refused, match=str(status)) as refused:
        emulator.ask("GET", f"/journal/{n}/explain")
    assert detail in str(refused.value)


def test_the_command_prints_it_for_people(live: Live) -> None:
    world = live.load("first-run")
    httpx.get(f"{world.serpwow['url']}/batches/9E867FAA/stop", params={"api_key": world.serpwow["api_key"]})
    done = CliRunner().invoke(main, ["explain", "1", "--url", live.url, "--world", world.id])
    assert done.exit_code == 0
    assert "would work  stop does something where a batch is queued or running" in done.output
    missing = CliRunner().invoke(main, ["explain", "9", "--url", live.url, "--world", world.id])
    assert (missing.exit_code, "9" in missing.output) == (1, True)
    nobody = CliRunner().invoke(main, ["explain", "1", "--url", "http://127.0.0.1:1"])
    assert (nobody.exit_code, "no explanation" in nobody.output) == (1, True)
