"""The journal: what clients sent and heard, number for number, and as much of it as was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
import stripe

from emulator import Emulator
from emulator.client.server import ControlError
from emulator.sdk.exact_json import Unreadable, load
from emulator.text.redact import DEEPEST

RUNNING = {"given": {"stripe": {"batch_jobs": [{"id": "batchv2_1", "status": "in_progress", "rows": 100}]}}}
LOGGED_IN = [{"token": "demo", "key": "k", "expiresAt": "2030-01-01T00:00:00Z"}]
RICH = {"given": {"6dot50": {"accounts": [{"name": "Acme", "balance": "999999999999998.99"}], "tokens": LOGGED_IN}}}


@pytest.fixture
def client(emulator: Emulator) -> Iterator[httpx.Client]:
    with httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1") as client:
        client.headers["Emulator-World"] = emulator.id
        yield client


def test_a_retry_of_stripes_client_carries_the_same_idempotency_key(emulator: Emulator) -> None:
    emulator.load(
        {**RUNNING, "faults": [{"at": "stripe.batch_jobs.cancel", "where": "after-commit", "do": "drop", "times": 1}]}
    )
    client = stripe.StripeClient(emulator.stripe.api_key, base_addresses={"api": emulator.stripe.url}, max_network_retries=1)
    client.v2.core.batch_jobs.cancel("batchv2_1")
    first, second = emulator.journal.exchanges("stripe.batch_jobs.cancel")
    assert first.headers["Idempotency-Key"] == second.headers["idempotency-key"] != ""
    assert (first.delivered, second.delivered) == (False, True)
    assert first.headers["authorization"] == "Bearer sk_t…"


def test_an_exchange_has_the_headers_and_the_body_that_the_client_sent(emulator: Emulator, client: httpx.Client) -> None:
    client.post("/za/pay/batches", json={"name": "Wages"}, headers=[("X-Twice", "a"), ("X-Twice", "b")])
    (exchange,) = emulator.journal.exchanges()
    assert (exchange.body, exchange.headers["Content-Type"]) == ({"name": "Wages"}, "application/json")
    assert exchange.headers["x-TWICE"] == "a, b"
    assert "nothing" not in exchange.headers
    (entry,) = emulator.ask("GET", "/journal")["entries"]
    assert ["x-twice", "a"] in entry["request"]["headers"]


@pytest.mark.parametrize(
    ("content", "body"),
    [
        (b"name=a&api_key=0123456789", "name=a&api_key=0123…"),
        (b"\xff", "\ufffd"),
        (b'{"a": 1.50}', {"a": Decimal("1.5")}),
    ],
)
def test_a_body_is_shown_as_json_or_text_or_not_at_all(
    emulator: Emulator, client: httpx.Client, content: bytes, body: Any
) -> None:
    client.post("/za/pay/batches", content=content)
    assert emulator.journal.exchanges()[0].body == body


def test_money_is_told_to_the_cent(emulator: Emulator, client: httpx.Client) -> None:
    emulator.load(RICH)
    client.headers["Emulator-World"] = emulator.id
    client.get("/za/pay/accounts", headers={"Authorization": "Bearer demo"})
    wish = {"method": "GET", "url": "/za/pay/accounts", "headers": {"Authorization": "Bearer demo"}}
    page = client.get(f"/_emulator/worlds/{emulator.id}/journal").text
    assert "999999999999998.99" in page
    assert (
        client.post(f"/_emulator/worlds/{emulator.id}/dry-run", json=wish).text.count("999999999999998.99")
        == page.count("999999999999998.99") * 2
    )


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b'{"a": 1.10, "b": 1}', {"a": Decimal("1.10"), "b": 1}),
        (b"9223372036854775807", 9223372036854775807),
        (b"123456789012345678901234567890", Decimal("123456789012345678901234567890")),
        (b"1e999", Decimal("1e999")),
    ],
)
def test_json_is_read_exactly(content: bytes, value: Any) -> None:
    assert load(content, max_depth=DEEPEST, is_strict=False) == value


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"{", "Expecting property name"),
        (b"NaN", "NaN is not a JSON value"),
        (b'"\\ud800"', "surrogate|hex escape"),
        (b"\xff", "utf-8"),
        (b"[" * 10_000, "depth|ecursion|end of data"),
    ],
)
def test_what_is_no_json_is_not_read(content: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as excinfo:
        load(content, max_depth=DEEPEST, is_strict=False)
    assert not isinstance(excinfo.value, Unreadable)


@pytest.mark.parametrize("content", [b"1e-99999999999999999999", b"[" * 600 + b"]" * 600])
def test_what_is_json_and_beyond_all_bounds_is_told_from_what_is_none(content: bytes) -> None:
    with pytest.raises(Unreadable):
        load(content, max_depth=DEEPEST, is_strict=False)


def test_a_journal_is_read_page_by_page_from_its_beginning(emulator: Emulator, client: httpx.Client) -> None:
    for _ in range(5):
        client.get("/live/account", params={"api_key": emulator.serpwow.api_key})
    first, second = (emulator.ask("GET", f"/journal?limit=2&since={since}")["entries"] for since in (0, 2))
    assert ([entry["n"] for entry in first], [entry["n"] for entry in second]) == ([1, 2], [3, 4])
    assert emulator.ask("GET", "/journal/4") == second[-1]
    with pytest.raises(ControlError, match="this journal has no entry 6: it has 1 to 5"):
        emulator.ask("GET", "/journal/6")
