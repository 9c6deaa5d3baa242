"""Verification: what a client asked, how often, in which order, with which bodies; a failure names the nearest miss."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import Emulator, EmulatorServer
from emulator.client.journal import Journal
from emulator.client.server import ControlError
from emulator.control.recorded_request import form_fields
from emulator.kernel.limits import Limits
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from tests.support.waiting import wait_until

PAY = "/za/pay/batches"
NEW = {"name": "Wages", "payments": [{"msisdn": "27821231234", "amount": 100.5}]}


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A world that was asked for an account, a new batch and, twice, a stop."""
    with Emulator("first-run") as emulator, httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1") as client:
        client.headers["Emulator-World"] = emulator.id
        client.get("/live/account", params={"api_key": emulator.serpwow.api_key})
        client.post(PAY, json=NEW, headers={"Authorization": "Bearer demo"})
        client.get("/live/batches/2A6F94BB/stop", params={"api_key": emulator.serpwow.api_key})
        client.get("/live/batches/2A6F94BB/stop", params={"api_key": emulator.serpwow.api_key})
        yield emulator


STOP, ACCOUNT, CREATE = "serpwow.batches.stop", "serpwow.account.get", "6dot50.batches.create"

Assertion = Callable[[Journal], None]


@pytest.mark.parametrize(
    "holds",
    [
        lambda emulator: emulator.assert_called(STOP),
        lambda emulator: emulator.assert_called(STOP, times=2),
        lambda emulator: emulator.assert_called("serpwow.batches.stopall", times=0),
        lambda emulator: emulator.assert_called(CREATE, times=1, json={"name": "Wages"}),
        lambda emulator: emulator.assert_called(CREATE, json={"payments": [{"amount": 100.5}]}),
        lambda emulator: emulator.assert_called(CREATE, times=0, json={"name": "Salaries"}),
        lambda emulator: emulator.assert_called(STOP, times=2, id="2A6F94BB"),
        lambda emulator: emulator.assert_called(STOP, times=0, id="9E867FAA"),
        lambda emulator: emulator.assert_called(CREATE, times=1, headers={"AUTHORIZATION": "Bearer demo"}),
        lambda emulator: emulator.assert_order(ACCOUNT, STOP, STOP),
        lambda emulator: emulator.assert_order(ACCOUNT, CREATE),
        lambda emulator: emulator.assert_never("stripe.batch_jobs.cancel"),
    ],
)
def test_what_was_asked_is_verified(emulator: Emulator, holds: Assertion) -> None:
    holds(emulator.journal)


@pytest.mark.parametrize(
    ("fails", "message"),
    [
        (lambda emulator: emulator.assert_called(STOP, times=1), f"{STOP} was called twice, not once: exchanges 3, 4"),
        (
            lambda emulator: emulator.assert_called("serpwow.batches.get"),
            "serpwow.batches.get was never called; what was called is serpwow.account.get, 6dot50",
        ),
        (
            lambda emulator: emulator.assert_called(CREATE, json={"name": "Salaries"}),
            "the nearest is exchange 2, where name is 'Wages', not 'Salaries'",
        ),
        (lambda emulator: emulator.assert_called(STOP, json={"a": 1}), "the nearest is exchange 3, where there is no body"),
        (
            lambda emulator: emulator.assert_order(STOP, ACCOUNT),
            f"{ACCOUNT} was not called after {STOP} (exchange 3); only before that: exchange 1",
        ),
        (lambda emulator: emulator.assert_order(STOP, STOP, STOP), f"{STOP} was not called after {STOP} (exchange 4)"),
        (
            lambda emulator: emulator.assert_order("stripe.batch_jobs.cancel"),
            "stripe.batch_jobs.cancel was not called; what was called is",
        ),
        (
            lambda emulator: emulator.assert_called(STOP, id="9E867FAA"),
            f"{STOP} was never called with that id; the nearest is exchange 3, where the path names '2A6F94BB', not '9E867FAA'",
        ),
        (
            lambda emulator: emulator.assert_called(STOP, times=0, id="2A6F94BB"),
            "with that id twice, and never should be: exchanges 3, 4",
        ),
        (
            lambda emulator: emulator.assert_called(STOP, times=1, query={"page": 2}, headers={"X-A": "b"}),
            "never called with that query and header, and should have been called once; the nearest is exchange 3, where "
            "query has no 'page' (it has api_key); there is no header X-A",
        ),
        (lambda emulator: emulator.assert_never(STOP), f"{STOP} was called twice, and never should be: exchanges 3, 4"),
    ],
)
def test_a_failure_names_the_nearest_miss(emulator: Emulator, fails: Assertion, message: str) -> None:
    with pytest.raises(AssertionError) as excinfo:
        fails(emulator.journal)
    assert message in str(excinfo.value)


@pytest.mark.parametrize(
    ("wish", "detail"),
    [
        ({}, "needs at least one of called, order, never"),
        ({"never": []}, "could not fail"),
        ({"never": ["serpwow.batches.stopal"]}, "did you mean 'serpwow.batches.stopall'"),
        ({"called": [{"at": "serpwow.batches"}]}, "no operation is called 'serpwow.batches'"),
        ({"called": [{"at": STOP, "time": 1}]}, "did you mean 'times'"),
        ({"called": [{"at": STOP, "times": -1}]}, "minimum"),
        ({"order": [STOP, "nothing"]}, "no operation is called 'nothing'"),
        ({"called": [{"at": ACCOUNT, "id": "B1"}]}, "the path of serpwow.account.get names no resource"),
        ({"called": [{"at": STOP, "headers": {"page": 2}}]}, "expected text, not a number: put it in quotes"),
    ],
)
def test_a_verification_that_could_match_nothing_is_an_error(emulator: Emulator, wish: dict[str, Any], detail: str) -> None:
    with pytest.raises(ControlError, match="422") as excinfo:
        emulator.ask("POST", "/verify", wish)
    assert detail in str(excinfo.value)


def test_a_journal_that_dropped_entries_cannot_be_verified_until_it_is_cleared() -> None:
    limits = Limits(journal=2)
    with (
        ThreadedServer(create_app(worlds_of([]), limits=limits)) as threaded,
        EmulatorServer(threaded.url) as server,
        Emulator("first-run", server=server) as emulator,
    ):
        for _ in range(3):
            httpx.get(f"{emulator.serpwow.url}/account", params={"api_key": emulator.serpwow.api_key})
        with pytest.raises(ControlError, match="dropped 1 entries"):
            emulator.journal.assert_never(STOP)
        emulator.ask("DELETE", "/journal")
        emulator.journal.assert_never(STOP)
        assert not emulator.ledger.complete


def test_everything_that_failed_is_told_at_once(emulator: Emulator) -> None:
    answer = emulator.ask(
        "POST", "/verify", {"called": [{"at": STOP, "times": 3}], "order": [STOP, CREATE], "never": [ACCOUNT]}
    )
    assert (answer["ok"], [failure["at"] for failure in answer["failures"]]) == (False, [STOP, CREATE, ACCOUNT])
    assert answer["failures"][0]["exchanges"] == [3, 4]


def test_a_body_that_was_kept_in_part_is_not_compared() -> None:
    app = create_app(worlds_of([]), limits=Limits(journal_bytes=10))
    with (
        ThreadedServer(app) as threaded,
        EmulatorServer(threaded.url) as server,
        Emulator("first-run", server=server) as emulator,
    ):
        url = f"{emulator.serpwow.url}/batches?api_key={emulator.serpwow.api_key}"
        httpx.post(url, json={"name": "Wages of the month"})
        emulator.journal.assert_called("serpwow.batches.create", times=1)
        with pytest.raises(ControlError, match="kept a part of the body of exchange 1"):
            emulator.journal.assert_called("serpwow.batches.create", times=0, json={"name": "Wages"})


def test_a_credential_is_compared_but_not_told(emulator: Emulator) -> None:
    token = "6dot50.authentication.getToken"
    body = {"key": emulator.sixdot50.key, "secret": emulator.sixdot50.secret}
    httpx.post(f"{emulator.sixdot50.url}/authentication/getToken", json=body)
    emulator.journal.assert_called(token, json=body)
    with pytest.raises(AssertionError) as excinfo:
        emulator.journal.assert_called(token, json={"secret": "another-secret-altogether"})
    assert emulator.sixdot50.secret not in str(excinfo.value)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"[" * 10_000, "the body is not JSON"),
        (b"\xff", "the body is not JSON"),
        (b'{"skip_validation": false}', "skip_validation is false, not true"),
        (b'{"skip_validation": null}', "skip_validation is null, not true"),
    ],
)
def test_a_body_that_is_another_is_told_as_json_spells_it(emulator: Emulator, body: bytes, message: str) -> None:
    httpx.post(f"{emulator.sixdot50.url}/batches", content=body, headers={"Emulator-World": emulator.id})
    emulator.ask("DELETE", "/journal")
    httpx.post(f"{emulator.sixdot50.url}/batches", content=body, headers={"Emulator-World": emulator.id})
    with pytest.raises(AssertionError) as excinfo:
        emulator.journal.assert_called(CREATE, json={"skip_validation": True})
    assert message in str(excinfo.value)


@pytest.mark.parametrize(
    ("vendor", "json", "query", "found"),
    [
        ("6dot50", {"name": "n", "payments": [{"msisdn": "1", "AMOUNT": 2}]}, {}, True),
        ("6dot50", {"NAME": "n", "Other": 1}, {"take": "2"}, True),
        ("6dot50", {"name": "N"}, {}, False),
        ("6dot50", {"name": "n", "payments": [{"msisdn": "1"}, {}]}, {}, False),
        ("serpwow", {"name": "n"}, {}, False),
        ("serpwow", {"Name": "n"}, {"TAKE": "2"}, True),
        ("serpwow", {"Name": "n"}, {"take": "2"}, False),
    ],
)
def test_names_are_found_in_any_case_where_the_vendor_takes_them_so(
    emulator: Emulator, vendor: str, json: dict[str, Any], query: dict[str, str], found: bool
) -> None:
    url, operation = {
        "6dot50": (f"{emulator.sixdot50.url}/batches", CREATE),
        "serpwow": (f"{emulator.serpwow.url}/batches", "serpwow.batches.create"),
    }[vendor]
    emulator.journal.clear()
    sent = {"Name": "n", "Payments": [{"Msisdn": "1", "Amount": 2}], "Other": 1}
    httpx.post(f"{url}?TAKE=2", json=sent, headers={"Emulator-World": emulator.id})
    emulator.journal.assert_called(operation, times=int(found), json=json, query=query)


@pytest.mark.parametrize("body", [b'{"a": ' + b"[" * 600 + b"]" * 600 + b"}", b'{"a": 1e-99999999999999999999}'])
def test_a_body_beyond_all_bounds_is_shown_as_text_and_not_compared(emulator: Emulator, body: bytes) -> None:
    httpx.post(f"{emulator.sixdot50.url}/batches", content=body, headers={"Emulator-World": emulator.id})
    exchange = emulator.journal.exchanges()[-1]
    assert exchange.body == body.decode()
    assert exchange.explain().told["request"]["body"] == exchange.body
    with pytest.raises(ControlError, match=f"the body of exchange {exchange.n} cannot be compared"):
        emulator.journal.assert_called(CREATE, json={"a": 1})


NEW_BATCH = "serpwow.batches.create"
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def send() -> Iterator[Callable[..., Journal]]:
    """Send new batches in one world, each with these arguments of httpx, and read the journal."""
    with Emulator() as emulator, httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1") as client:

        def journal_of(*requests: dict[str, Any], query: str = "") -> Journal:
            for request in requests:
                client.post(f"/live/batches?api_key={emulator.serpwow.api_key}{query}", **request)
            return emulator.journal

        yield journal_of


JOB = {"name": "J", "enabled": True}
OTHER = {"name": "K", "enabled": False}


@pytest.mark.parametrize(
    ("requests", "nearest", "message"),
    [
        ([{"data": {"name": "x"}}, {"json": {**JOB, "name": "j"}}, {}], 2, "name is 'j', not 'J'"),
        ([{}, {"content": b"no JSON"}, {"json": OTHER}, {"json": {**OTHER, "name": "J"}}], 4, "enabled is false, not true"),
        ([{"content": b"no JSON"}, {"data": {"name": "J", "enabled": "false"}}], 2, "enabled is false, not true"),
        ([{}, {"json": OTHER}], 2, "name is 'K', not 'J'; enabled is false, not true"),
        ([{"content": BOM_UTF8 + b'{"name": "J", "enabled": false}'}], 1, "enabled is false, not true"),
        ([{}, {"content": b"no JSON"}], 1, "there is no body"),
        ([{"content": b"no JSON"}, {}], 1, "the body is not JSON"),
        ([{"json": []}, {"json": {"name": "J"}}], 2, "the body has no 'enabled'"),
        ([{"json": []}, {"content": b"no JSON"}], 1, "the body is a list, not an object"),
    ],
)
def test_the_nearest_miss_is_the_call_that_differs_least(
    send: Callable[..., Journal], requests: list[dict[str, Any]], nearest: int, message: str
) -> None:
    journal = send(*requests)
    with pytest.raises(AssertionError) as excinfo:
        journal.assert_called(NEW_BATCH, json=JOB)
    assert f"the nearest is exchange {nearest}, where {message}" in str(excinfo.value)


@pytest.mark.parametrize(
    ("requests", "nearest", "message"),
    [
        ([{"json": {"name": "m"}}, {"json": ["x", "z"]}], 2, "[0] is 'x', not 'y'"),
        ([{"json": {"name": "m"}}], 1, "the body is an object, not a list"),
        ([{"data": {"name": "m"}}], 1, "the body is an object, not a list"),
        ([{"json": "text"}], 1, "the body is 'text', not"),
    ],
)
def test_a_body_of_another_kind_is_farther_off_than_a_list_of_other_items(
    send: Callable[..., Journal], requests: list[dict[str, Any]], nearest: int, message: str
) -> None:
    journal = send(*requests)
    with pytest.raises(AssertionError) as excinfo:
        journal.assert_called(NEW_BATCH, json=["y", "z"])
    assert f"the nearest is exchange {nearest}, where {message}" in str(excinfo.value)


@pytest.mark.parametrize(
    ("body", "expected_body"),
    [
        ("name=Fr%C3%BChling+%26+Co", {"name": "Frühling & Co"}),
        ("enabled=true", {"enabled": True}),
        ("enabled=True", {"enabled": True}),
        ("enabled=true", {"enabled": "true"}),
        ("enabled=1", {"enabled": True}),
        ('{"name": "A", "ids": [1]}', {"name": "A", "ids": [1]}),
        ("rows=5&share=1.50", {"rows": 5, "share": 1.5}),
        ("note=", {"note": None}),
        ("note=", {"note": ""}),
        ("ids=a&ids=b", {"ids": ["a", "b"]}),
        ("ids[]=1&ids[]=2", {"ids[]": [1, 2]}),
        ("ids[]=1", {"ids[]": "1"}),
        ("ids=a", {"ids": ["a"]}),
        ("a[b]=1", {"a[b]": 1}),
    ],
)
def test_a_form_is_compared_as_if_it_were_json(send: Callable[..., Journal], body: str, expected_body: dict[str, Any]) -> None:
    send({"content": body, "headers": FORM}).assert_called(NEW_BATCH, times=1, json=expected_body)


@pytest.mark.parametrize(
    "expected_body", [{"enabled": False}, {"enabled": 1}, {"rows": 6}, {"rows": True}, {"note": None}, {"x": "y"}]
)
def test_a_form_that_says_something_else_does_not_match(send: Callable[..., Journal], expected_body: dict[str, Any]) -> None:
    send({"content": "enabled=true&rows=5&note=n", "headers": FORM}).assert_called(NEW_BATCH, times=0, json=expected_body)


@pytest.mark.parametrize(
    "expected_body", [{"page": "2"}, {"page": 2}, {"flag": True}, {"tags": ["a", "b"]}, {"range[from]": "3"}]
)
def test_a_query_is_compared_like_a_form(send: Callable[..., Journal], expected_body: dict[str, Any]) -> None:
    journal = send({}, query="&page=2&flag=true&tags=a&tags=b&range[from]=3")
    journal.assert_called(NEW_BATCH, times=1, query=expected_body)


def test_no_credential_of_a_query_or_header_is_told(send: Callable[..., Journal]) -> None:
    journal = send({"headers": {"authorization": "Bearer a-secret-of-mine"}})
    with pytest.raises(AssertionError) as excinfo:
        journal.assert_called(
            NEW_BATCH, query={"api_key": "another-key-of-mine"}, headers={"Authorization": "Bearer a-secret-of-yours"}
        )
    message = str(excinfo.value)
    assert "the header Authorization is another than expected: both are shown as" in message
    assert not [secret for secret in ("a-secret", "another-key", "of-mine", "of-yours") if secret in message]


@given(st.text(st.sampled_from("a[]=&0%+b"), max_size=40))
def test_any_form_is_read(text: str) -> None:
    assert isinstance(form_fields(text), dict)


@pytest.mark.parametrize("name", ["a" + "[x]" * 5000, f"a[{'9' * 5000}]", "a[٣]"])
def test_a_form_that_nobody_writes_is_read_too(name: str) -> None:
    assert form_fields(f"{name}=1")[name] == "1"


@pytest.fixture
def held_emulator() -> Iterator[Emulator]:
    """A world in which a fault holds up the request of a client that has given up."""
    with Emulator() as emulator:
        emulator.faults.add(at="serpwow", where="before-commit", do="delay", delay="5m", clock="real")
        url = f"{emulator.serpwow.url}/account"
        with pytest.raises(httpx.ReadTimeout):
            httpx.get(url, params={"api_key": emulator.serpwow.api_key}, timeout=httpx.Timeout(5, read=0.01))
        wait_until(emulator.faults.held)
        yield emulator


UNDER_WAY = (
    r"under way, and not counted until a fault lets it take effect: GET /live/account\?api_key=\S+ \(delay before-commit\)$"
)


@pytest.mark.parametrize(
    ("fails", "message"),
    [
        (lambda emulator: emulator.assert_called(ACCOUNT), rf"{ACCOUNT} was never called; {UNDER_WAY}"),
        (lambda emulator: emulator.assert_called(ACCOUNT, query={"a": "b"}), UNDER_WAY),
        (lambda emulator: emulator.assert_called(STOP), rf"{STOP} was never called; {UNDER_WAY}"),
        (lambda emulator: emulator.assert_order(ACCOUNT), UNDER_WAY),
        (lambda emulator: emulator.assert_never(ACCOUNT), rf"{ACCOUNT} was called, and never should be; {UNDER_WAY}"),
    ],
)
def test_a_request_that_a_fault_holds_up_is_told_of(held_emulator: Emulator, fails: Assertion, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        fails(held_emulator.journal)


def test_a_request_that_a_virtual_delay_holds_up_is_told_of(emulator: Emulator) -> None:
    emulator.clock.run("real")
    emulator.faults.add(at=ACCOUNT, where="before-commit", do="delay", delay="1h")
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(
            f"{emulator.serpwow.url}/account", params={"api_key": emulator.serpwow.api_key}, timeout=httpx.Timeout(5, read=0.01)
        )
    wait_until(emulator.faults.held)
    with pytest.raises(AssertionError, match=f"was called once, not twice: exchange 1; {UNDER_WAY}"):
        emulator.journal.assert_called(ACCOUNT, times=2)
