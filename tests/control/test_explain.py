"""Every exchange explains: why it went so, on what evidence, what it changed, and what would have worked."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from emulator import Emulator
from emulator.cli.main import main
from emulator.client.server import ControlError
from emulator.client.transport import InProcess
from emulator.server.app import create_app, worlds_of
from tests.support.commands import invoke
from tests.support.server import Live

JOB = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz"
BATCH = "f945d71c-b00f-4e77-8175-253093157a2f"
DEMO = {"Authorization": "Bearer demo"}
KEY = {"Authorization": "Bearer sk_test_1"}
VERSION = {"Stripe-Version": "2026-03-25.preview"}
NEW_JOB = {"endpoint": {"http_method": "post", "path": "/v1/customers/:id"}, "skip_validation": True, "metadata": {}}
ENDPOINT = {"http_method": "post", "path": "/v1/customer/:id"}
UNREAD = "the {} has {!r}, which is not read here; did you mean {!r}?"
BUSY: dict[str, Any] = {"do": "status", "status": 500, "times": 1}


pytestmark = pytest.mark.scenario("first-run")


def send(emulator: Emulator, method: str, path: str, **options: Any) -> httpx.Response:
    with httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1") as client:
        return client.request(method, path, headers={"Emulator-World": emulator.id, **options.pop("headers", {})}, **options)


def stop(emulator: Emulator, batch: str) -> httpx.Response:
    return send(emulator, "GET", f"/live/batches/{batch}/stop?api_key={emulator.serpwow.api_key}")


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (lambda emulator: stop(emulator, "2A6F94BX"), "there is no batch '2A6F94BX'; the nearest is '2A6F94BB'"),
        (lambda emulator: stop(emulator, "9E867FAA"), "stop works where a batch is queued or running; this one was idle"),
        (
            lambda emulator: send(emulator, "DELETE", f"/live/batches/CAC8651D?api_key={emulator.serpwow.api_key}"),
            "delete works where a batch is idle; this one was running",
        ),
        (
            lambda emulator: send(emulator, "GET", f"/live/locations?q=mumbai&api_key={emulator.serpwow.api_key}"),
            "SerpWow publishes this path, but the Search API and the Locations API are not emulated",
        ),
        *(
            (
                lambda emulator, page=page: send(
                    emulator, "GET", f"/live/batches/2A6F94BB/searches/{page}?api_key={emulator.serpwow.api_key}"
                ),
                "the Batch 2A6F94BB has page 1 alone of searches; a client stops at searches_page_count",
            )
            for page in ("2", "0", "x")
        ),
        (
            lambda emulator: send(emulator, "GET", "/za/redemptions/accounts", headers=DEMO | {"Host": "api.6dot50.com"}),
            "6DOT50 publishes this path, but the Redemptions API is not emulated",
        ),
        (
            lambda emulator: send(emulator, "GET", "/live/batchez/B/stop"),
            "the nearest operation is GET /live/batches/{id}/stop",
        ),
        (lambda emulator: send(emulator, "POST", "/live/batches/stopall"), "this path takes GET"),
        (lambda emulator: send(emulator, "GET", "/live/batches"), "the request carries no credential"),
        (
            lambda emulator: send(emulator, "POST", f"/za/pay/batches/{BATCH[:-1]}b/cancel", headers=DEMO),
            f"there is no batch '{BATCH[:-1]}b'; the nearest is '{BATCH}'",
        ),
    ],
)
def test_what_did_not_work_is_told_the_nearest_that_does(
    emulator: Emulator, ask: Callable[[Emulator], httpx.Response], expected: str
) -> None:
    ask(emulator)
    assert expected in emulator.journal.exchanges()[-1].explain().told["would_work"]


@pytest.mark.parametrize("status", ["queued", "running"])
def test_a_refusal_that_another_state_would_not_change_names_no_state(emulator: Emulator, status: str) -> None:
    emulator.state.change(
        {"serpwow": {"batches": [{"id": "AAAAAAA1", "status": status, "fails_to_stop": True, "searches": 2}]}}
    )
    assert stop(emulator, "AAAAAAA1").status_code == 500
    assert emulator.journal.exchanges()[-1].explain().told["would_work"] == []


def test_an_explanation_tells_no_fact_twice(emulator: Emulator) -> None:
    emulator.state.change({"serpwow": {"error_logs": [{"parameters": {"q": "pizza"}}]}})
    send(emulator, "GET", f"/live/errorlogs?api_key={emulator.serpwow.api_key}")
    told = emulator.journal.exchanges()[-1].explain().told
    facts = [told["because"]["evidence"], *(fact["evidence"] for fact in told["also"])]
    assert len({*facts}) == len(facts)


def test_a_key_that_the_world_does_not_take_is_told_the_nearest_and_no_key_can_be_read() -> None:
    with Emulator({"credentials": {"serpwow": ["a-secret-key-1234"]}}) as emulator:
        send(emulator, "GET", "/live/account?api_key=a-secret-key-1243")
        explanation = emulator.journal.exchanges()[-1].explain()
        assert "the nearest is a-se…" in str(explanation)
        assert "a-secret" not in str(explanation.told)


def upload(emulator: Emulator, **headers: str) -> httpx.Response:
    job = send(emulator, "POST", "/v2/core/batch_jobs", headers=KEY | VERSION, json=NEW_JOB).json()
    url = httpx.URL(job["status_details"]["ready_for_upload"]["upload_url"]["url"])
    with httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1") as client:
        return client.put(url.path, headers=headers, content=b"{}")


def of_serpwow(emulator: Emulator, method: str, path: str = "", **options: Any) -> httpx.Response:
    address = f"/live/batches{path}{'&' if '?' in path else '?'}api_key={emulator.serpwow.api_key}"
    return send(emulator, method, address, **options)


def update(emulator: Emulator, content_type: str, body: str = '{"name": "x"}') -> httpx.Response:
    key = {"api_key": emulator.serpwow.api_key}
    path = "/live/batches/9E867FAA"
    return send(emulator, "PUT", path, params=key, content=body, headers={"content-type": content_type})


def told_of(emulator: Emulator) -> dict[str, Any]:
    return dict(emulator.journal.exchanges()[-1].explain().told)


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (
            lambda emulator: send(emulator, "GET", "/za/pay/batches/xyz", headers=DEMO),
            [f"there is no batch 'xyz'; this world has '{BATCH}'"],
        ),
        (
            lambda emulator: send(emulator, "GET", "/za/pay/payments/xyz", headers=DEMO),
            ["there is no payment 'xyz'; this world has '"],
        ),
        (
            lambda emulator: send(emulator, "GET", f"/live/batches/2A6F94BB/cancel?api_key={emulator.serpwow.api_key}"),
            ["GET works at /live/batches/{id}/start or /live/batches/{id}/stop or /live/batches/{id}/results"],
        ),
        (lambda emulator: send(emulator, "POST", f"/v2/core/batch_jobs/{JOB}", headers=KEY | VERSION), ["this path takes GET"]),
        (lambda emulator: send(emulator, "GET", "/za/pay/batches"), ["the request carries no credential"]),
        (
            lambda emulator: send(emulator, "GET", "/za/pay/batches", headers={"Authorization": "Bearer nonsense"}),
            [
                "the credential was not accepted",
                "this world has no such token, or no more: it expired, or a load, reset or undo took it; getToken gives one",
            ],
        ),
        (
            lambda emulator: send(emulator, "POST", f"/v2/core/batch_jobs/{JOB}/cancel", headers=KEY),
            ["the header Stripe-Version says for which version the request was written, such as 2026-03-25.preview"],
        ),
        (
            lambda emulator: send(
                emulator, "POST", "/v2/core/batch_jobs", headers=KEY | VERSION, json=NEW_JOB | {"endpoint": ENDPOINT}
            ),
            ["the nearest endpoint that jobs of 2026-03-25.preview may call is post /v1/customers/:customer"],
        ),
        (
            lambda emulator: send(emulator, "POST", "/za/pay/batches", headers=DEMO, content=b"{'a'"),
            ["6dot50 reads JSON here, and the body is not JSON: "],
        ),
        (
            lambda emulator: send(emulator, "POST", "/za/pay/batches", headers=DEMO, content='{"name": "é"}'.encode("latin-1")),
            ["6dot50 reads JSON here, and the body is not JSON: it is not encoded in UTF-8"],
        ),
        (lambda emulator: send(emulator, "POST", "/za/pay/batches", headers=DEMO, content=BOM_UTF8 + b"{}"), []),
        (
            lambda emulator: send(emulator, "POST", "/v2/core/batch_jobs", headers=KEY | VERSION, content=BOM_UTF8 + b"{}"),
            ["the body begins with a byte order mark, which JSON does not have"],
        ),
        (
            lambda emulator: send(
                emulator, "POST", "/v2/core/batch_jobs", headers=KEY | VERSION, json=NEW_JOB | {"metadata": []}
            ),
            ["PHP writes an empty array as a list, []: write (object) [], or leave it out"],
        ),
        (
            lambda emulator: send(emulator, "POST", f"/v2/core/batch_jobs/{JOB}/cancel", headers=KEY | VERSION, content=b"[]"),
            ["PHP writes an empty array as a list, []: write (object) [], or leave it out"],
        ),
        (
            lambda emulator: send(emulator, "POST", "/v2/core/batch_jobs", headers=KEY | VERSION, data={"maximum_rps": "10"}),
            [
                "the body is a form (Content-Type: application/x-www-form-urlencoded), and Stripe's v2 API takes JSON:"
                " send it as application/json"
            ],
        ),
        (
            lambda emulator: send(
                emulator, "POST", f"/v2/core/batch_jobs/{JOB}/cancel", headers=KEY | VERSION, files={"a": b"b"}
            ),
            [
                "the body is a form (Content-Type: multipart/form-data), and Stripe's v2 API takes JSON: send it as application/json"
            ],
        ),
        (
            lambda emulator: send(emulator, "POST", "/za/pay/batches", headers=DEMO, data={"a": "b"}),
            [
                "the body is a form (Content-Type: application/x-www-form-urlencoded), and 6DOT50 takes JSON:"
                " send it as application/json"
            ],
        ),
        (
            lambda emulator: send(emulator, "POST", f"/live/batches?api_key={emulator.serpwow.api_key}", files={"name": b"x"}),
            ["the body is a form (Content-Type: multipart/form-data), and SerpWow takes JSON: send it as application/json"],
        ),
        (lambda emulator: send(emulator, "POST", f"/live/batches?api_key={emulator.serpwow.api_key}", data={"name": ""}), []),
        (
            lambda emulator: upload(emulator, **{"Content-Type": "text/plain"}),
            [
                "this link takes a file whose content type is application/octet-stream or application/jsonlines or none;"
                " that of the request is text/plain"
            ],
        ),
        (lambda emulator: upload(emulator, **{"Content-Type": "application/octet-stream"}), []),
        (
            lambda emulator: update(emulator, "application/x-www-form-urlencoded", "{'name': 'A'}"),
            ["the body was read as JSON, since it begins so, though its content type is application/x-www-form-urlencoded"],
        ),
        (
            lambda emulator: of_serpwow(emulator, "PUT", "/9E867FAA", json={"Searches": []}),
            [UNREAD.format("body", "Searches", "searches")],
        ),
        (
            lambda emulator: of_serpwow(emulator, "POST", data={"name": "x", "shedule_type[]": ["a", "b"]}),
            [UNREAD.format("body", "shedule_type", "schedule_type")],
        ),
        (lambda emulator: of_serpwow(emulator, "POST", json={"name": "x", "source": "python"}), []),
        (
            lambda emulator: of_serpwow(emulator, "GET", "?pagesize=2&source=python"),
            [UNREAD.format("query", "pagesize", "page_size")],
        ),
        (lambda emulator: update(emulator, "application/x-www-form-urlencoded"), []),
        (lambda emulator: update(emulator, "application/json"), []),
    ],
)
def test_only_what_is_certain_to_work_is_told(
    emulator: Emulator, ask: Callable[[Emulator], httpx.Response], expected: list[str]
) -> None:
    ask(emulator)
    hints = told_of(emulator)["would_work"]
    assert [hint[: len(start)] for hint, start in zip(hints, expected, strict=True)] == expected


def test_a_platform_that_is_down_is_called_so(emulator: Emulator) -> None:
    emulator.state.change({"6dot50": {"platform": {"status": "down"}}})
    send(emulator, "GET", "/za/pay/batches/xyz", headers=DEMO)
    assert told_of(emulator)["would_work"] == ["the platform is down, as its status in the state says"]


def test_a_limit_of_a_minute_is_said_to_be_one_of_the_worlds_clock(emulator: Emulator) -> None:
    for _ in range(61):
        answer = send(emulator, "GET", f"/live/batches?api_key={emulator.serpwow.api_key}")
    assert answer.status_code == 429
    hint = "the minute is one of the world's clock, which stands still unless it is advanced or has a rate"
    assert told_of(emulator)["would_work"] == [hint]


def test_a_deposit_that_would_help_is_told_with_what_the_account_has(emulator: Emulator) -> None:
    emulator.state.change({"6dot50": {"accounts": [{"name": "AcmeCorp", "balance": "7.50", "availableBalance": "9.00"}]}})
    assert send(emulator, "POST", f"/za/pay/batches/{BATCH}/submit", headers=DEMO).status_code == 400
    hint = "AcmeCorp has 7.50; a state of {6dot50: {accounts: [{deposit: 100}]}} adds 100 to it"
    assert told_of(emulator)["would_work"] == [hint]
    emulator.state.change({"6dot50": {"accounts": [{"deposit": 100}]}})
    assert emulator.sixdot50.account("AcmeCorp").balance == Decimal("107.50")


def test_a_token_that_has_expired_is_called_expired(emulator: Emulator) -> None:
    tokens = [{"token": "late", "key": "k", "expiresAt": "2026-03-09T20:00:00Z"}]
    emulator.load({"clock": {"start": "2026-03-09T20:00:00Z"}, "given": {"6dot50": {"tokens": tokens}}})
    send(emulator, "GET", "/za/pay/batches", headers={"Authorization": "Bearer late"})
    hint = "the token expired at 2026-03-09T20:00:00Z: getToken gives another"
    assert told_of(emulator)["would_work"] == ["the credential was not accepted", hint]


def test_a_token_that_died_of_a_newer_one_is_not_called_unknown(emulator: Emulator) -> None:
    emulator.load({"assume": {"6dot50.older-tokens": "die"}})
    credentials = {"key": emulator.sixdot50.key, "secret": emulator.sixdot50.secret}
    path = "/za/pay/authentication/getToken"
    first, _ = (send(emulator, "POST", path, json=credentials).json()["token"] for _ in range(2))
    send(emulator, "GET", "/za/pay/accounts", headers={"Authorization": f"Bearer {first}"})
    hint = "getToken gave out a newer token for its key: that one is good, or this one with 6dot50.older-tokens: live"
    assert told_of(emulator)["would_work"] == ["the credential was not accepted", hint]
    assert "6dot50.older-tokens" in [it["id"] for it in told_of(emulator)["assumptions"]]


@pytest.mark.parametrize(
    ("at", "where", "ask", "expected"),
    [
        (
            "serpwow.batches.stop",
            "after-commit",
            lambda emulator: stop(emulator, "2A6F94BB"),
            ["it took effect; the 500 comes from fault-1"],
        ),
        (
            "stripe.batch_jobs.cancel",
            "after-commit",
            lambda emulator: send(emulator, "POST", f"/v2/core/batch_jobs/{JOB}/cancel", headers=KEY | VERSION),
            ["it took effect; the 500 comes from fault-1"],
        ),
        (
            "serpwow.batches.stop",
            "after-commit",
            lambda emulator: stop(emulator, "9E867FAA"),
            [
                "the 500 comes from fault-1",
                "stop works where a batch is queued or running; this one was idle",
            ],
        ),
        (
            "serpwow.batches.stop",
            "before-commit",
            lambda emulator: stop(emulator, "2A6F94BB"),
            ["nothing was done; the 500 comes from fault-1"],
        ),
    ],
)
def test_a_failure_of_a_fault_is_called_the_faults(
    emulator: Emulator, at: str, where: str, ask: Callable[[Emulator], httpx.Response], expected: list[str]
) -> None:
    emulator.faults.add(at=at, where=where, **BUSY)
    assert ask(emulator).status_code == 500
    assert told_of(emulator)["would_work"] == expected


@pytest.mark.parametrize(
    ("ask", "way"),
    [
        (lambda emulator: stop(emulator, "2A6F94BB"), "named by the header Emulator-World"),
        (lambda emulator: upload(emulator), "named by the path"),
        (
            lambda emulator: emulator.client.get(f"/live/account?api_key={emulator.serpwow.api_key}"),
            "picked by the credential ",
        ),
    ],
)
def test_an_explanation_says_how_the_world_was_found(
    emulator: Emulator, ask: Callable[[Any], httpx.Response], way: str
) -> None:
    with httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1") as client:
        ask(SimpleNamespace(**{name: getattr(emulator, name) for name in ("id", "serpwow", "transport")}, client=client))
    assert f"  world       {emulator.id}, {way}" in told_of(emulator)["text"]


def test_a_row_that_would_have_let_pass_what_was_refused_says_so(emulator: Emulator) -> None:
    send(emulator, "POST", f"/za/pay/batches/{BATCH}/payments", headers=DEMO, json={"x": 1})
    text = told_of(emulator)["text"]
    assert "DRAFT --add_payments--> DRAFT, would have answered added" in text
    assert "because Payments are added" not in text


def test_an_answer_of_a_switched_assumption_is_told_with_the_switch_as_its_reason() -> None:
    with Emulator(
        {"title": "t", "assume": {"6dot50.malformed-id": "404"}, "given": {"6dot50": {"tokens": [{"token": "t"}]}}}
    ) as emulator:
        send(emulator, "GET", "/za/pay/batches/none", headers={"Authorization": "Bearer t"})
        text = told_of(emulator)["text"]
    assert "  because     the scenario assumes 6dot50.malformed-id = 404\n  fact        " in text


def test_payments_that_are_cleared_are_told_as_cleared_and_not_as_deleted(emulator: Emulator) -> None:
    payment = {"msisdn": "27821231234", "amount": 1}
    for clear in (False, True):
        send(
            emulator,
            "POST",
            f"/za/pay/batches/{BATCH}/payments",
            headers=DEMO,
            json={"clearExisting": clear, "payments": [payment]},
        )
    text = told_of(emulator)["text"]
    assert "DRAFT --clear--> absent" in text
    assert "because Payments that are cleared are gone" in text


def test_a_refund_is_told_with_row_guards_evidence_and_what_changed(emulator: Emulator) -> None:
    stop(emulator, "2A6F94BB")
    explanation = emulator.journal.exchanges()[-1].explain().told
    (row,) = explanation["rows"]
    assert (row["in"], row["cause"], row["to"], row["effect"]) == ("queued", "stop", "idle", "refund_credits")
    assert "fails_to_stop" in [guard["condition"] for guard in row["passed_over"]]
    assert (explanation["because"]["evidence"], explanation["because"]["kind"]) == ("serpwow-stop-2", "documented")
    account = next(difference for difference in explanation["differences"] if difference["at"] == "account")
    assert account["changed"]["credits_used"] == {"before": 230, "after": 30}
    assert "serpwow.stop-schedule" in [assumption["id"] for assumption in explanation["assumptions"]]


def test_a_scripted_reply_is_told_with_its_file_and_line() -> None:
    with Emulator("serpwow/stopall-is-busy-once") as emulator:
        send(emulator, "GET", f"/live/batches/stopall?api_key={emulator.serpwow.api_key}")
        explanation = emulator.journal.exchanges()[-1].explain().told
    file, _, line = explanation["scripted"].rpartition(":")
    assert (file.endswith("serpwow/stopall-is-busy-once.yaml"), line.isdecimal()) == (True, True)
    assert explanation["scripted"] in explanation["text"]
    assert explanation["differences"] == []


def test_what_time_did_explains_too(emulator: Emulator) -> None:
    emulator.clock.advance("2s")
    explanation = emulator.ask("GET", "/journal/1/explain")
    assert (explanation["type"], explanation["why"]) == ("change", "after serpwow.queue")
    assert explanation["because"]["evidence"] in explanation["text"]


def test_a_cancel_of_many_payments_is_told_in_few_words(emulator: Emulator) -> None:
    send(emulator, "POST", f"/za/pay/batches/{BATCH}/cancel", headers={"Authorization": "Bearer demo"})
    explanation = emulator.journal.exchanges()[-1].explain()
    assert len(explanation.told["differences"]) == 186
    assert len(str(explanation).splitlines()) < 60


@pytest.mark.parametrize(
    ("n", "status", "detail"),
    [
        ("7", 404, "this journal has no entry 7: it has 1 to 1"),
        ("x", 422, "'x' is not the number of an entry"),
        ("0", 404, "this journal has no entry 0: it has 1 to 1"),
    ],
)
def test_an_entry_that_is_not_there_is_refused(emulator: Emulator, n: str, status: int, detail: str) -> None:
    stop(emulator, "2A6F94BB")
    with pytest.raises(ControlError, match=str(status)) as excinfo:
        emulator.ask("GET", f"/journal/{n}/explain")
    assert detail in str(excinfo.value)


def test_an_empty_journal_is_called_empty(emulator: Emulator) -> None:
    with pytest.raises(ControlError, match="this journal has no entry 1: it is empty"):
        emulator.ask("GET", "/journal/1/explain")


def test_the_newest_exchange_is_found_without_its_number(emulator: Emulator) -> None:
    with pytest.raises(ControlError, match="this journal has no entry of an exchange: it is empty"):
        emulator.ask("GET", "/journal/last/explain")
    url = f"{emulator.serpwow.url}/account?api_key={emulator.serpwow.api_key}"
    assert [httpx.get(url).status_code for _ in range(2)] == [200, 200]
    emulator.state.change({"serpwow": {"account": {"name": "Another"}}})
    assert emulator.ask("GET", "/journal/last")["n"] == emulator.ask("GET", "/journal/last/explain")["n"] == 2


@pytest.mark.parametrize(
    ("path", "headers", "clause"),
    [
        (
            "/live/account?api_key=somebody",
            {},
            "GET /live/account?api_key=… -> 200 came after this and reached the world default",
        ),
        ("/nosuch", {}, "GET /nosuch -> 404 came after this and reached no world (no-such-path)"),
        (
            "/live/account",
            {"Host": "attacker.example.com"},
            "GET /live/account -> 421 came after this and reached no world (host-not-allowed)",
        ),
        (
            "/live/account",
            {"Emulator-World": "nobodys"},
            "GET /live/account -> 404 came after this and reached no world (no-such-world)",
        ),
    ],
)
def test_a_newer_request_that_reached_another_world_or_none_is_named(
    live: Live, path: str, headers: dict[str, str], clause: str
) -> None:
    world = live.load("first-run")
    own = f"{world.serpwow['url']}/account?api_key={world.serpwow['api_key']}"
    httpx.get(own)
    plain = invoke(main, ["explain", "--url", live.url, "--world", world.id]).output
    httpx.get(live.url + path, headers=headers)
    line = f"  newer       {clause}: see /_emulator/worlds/{world.id}/unmatched\n"
    assert invoke(main, ["explain", "--url", live.url, "--world", world.id]).output == plain + line
    httpx.get(own)
    assert invoke(main, ["explain", "1", "--url", live.url, "--world", world.id]).output == plain


def test_in_the_only_world_a_request_that_reached_none_is_named_too() -> None:
    with httpx.Client(transport=InProcess(create_app(worlds_of([]))), base_url="http://127.0.0.1") as client:
        client.get("/live/account", params={"api_key": "demo"})
        url = "/_emulator/worlds/default/journal/last/explain"
        assert client.get(url).json()["newer"] is None
        client.get("/nosuch")
        body = client.get(url).json()
        assert (body["n"], body["newer"]["target"], body["newer"]["error"]) == (1, "/nosuch", "no-such-path")
        assert client.get("/_emulator/worlds/default/unmatched").json()["unmatched"] == [body["newer"]]
        client.get("/live/account", params={"api_key": "demo"})
        assert client.get(url).json()["newer"] is None


def test_the_command_prints_it_for_people(live: Live) -> None:
    world = live.load("first-run")
    httpx.get(f"{world.serpwow['url']}/batches/9E867FAA/stop", params={"api_key": world.serpwow["api_key"]})
    outcome = invoke(main, ["explain", "1", "--url", live.url, "--world", world.id])
    assert invoke(main, ["explain", "--url", live.url, "--world", world.id]).output == outcome.output
    assert outcome.exit_code == 0
    assert "hint        stop works where a batch is queued or running" in outcome.output
    missing = invoke(main, ["explain", "9", "--url", live.url, "--world", world.id])
    assert (missing.exit_code, "9" in missing.output) == (1, True)
    result = invoke(main, ["explain", "1", "--url", "http://127.0.0.1:1"])
    assert (result.exit_code, "no explanation" in result.output) == (1, True)
