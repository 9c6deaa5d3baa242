"""Whatever a client sent, what shows it can be read: journal, explanation, ledger, state, differences and story."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from emulator import Emulator
from emulator.client.failure_report import failure_report

ADDRESS = "http://127.0.0.1"
STRIPE = {"Authorization": "Bearer sk_test_1", "Stripe-Version": "2026-03-25.preview"}


def _nest(depth: int, part: str, core: str) -> str:
    """Return a value within a value, so many times over, as a query has it."""
    return part * depth + core


def _encode(depth: int, core: str) -> str:
    for _ in range(min(depth, 200)):
        core = quote(core, safe="") if len(core) < 4_000 else core
    return core


DEPTHS = st.sampled_from([0, 1, 3, 39, 40, 99, 100, 101, 1_000])
TEXTS = st.one_of(
    st.text(max_size=20),
    st.builds(
        _nest,
        DEPTHS,
        st.sampled_from(["http://a/?url=", "?a=", "[b]", "%25", "%5B", "&=", '"', "{", "//u:p@", "\\"]),
        st.sampled_from(["", "%41", "%", "x=%2525", "@"]),
    ),
    st.builds(lambda depth: "http://a/?url=" * depth + "%" + "25" * depth + "41", DEPTHS),
    st.builds(_encode, DEPTHS, st.sampled_from(["http://u:p@h/?api_key=secret", "%", "a=b"])),
)
TARGETS = TEXTS.map(lambda text: quote(text, safe="%?&=/[]:@{}")[:15_000])

CORES = st.sampled_from(["1", "null", '"x"', "9" * 5_000, "-1e999999", "1e-400", "NaN", '"\\ud800"', '"\\u0000"', "1.10", ""])
JSON = st.one_of(
    st.builds(lambda depth, core: "[" * depth + core + "]" * depth, DEPTHS, CORES),
    st.builds(lambda depth, core: '{"a":' * depth + core + "}" * depth, DEPTHS, CORES),
    st.builds(
        lambda depth, text: json.dumps({"name": _encode(depth, text), "payload": json.dumps({"api_key": text})}), DEPTHS, TEXTS
    ),
)
SEARCHES = JSON.map(lambda value: f'{{"name": "n", "schedule_type": "manual", "searches": [{{"q": {value or 1}}}]}}')
METADATA = JSON.map(
    lambda value: f'{{"endpoint": {{"path": "/v1/customers/:id", "http_method": "post"}}, "metadata": {value or 1}}}'
)
BODIES = st.one_of(
    st.binary(max_size=40),
    JSON.map(str.encode),
    SEARCHES.map(str.encode),
    METADATA.map(str.encode),
    TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from([b"\xff\xfe{}", b"\xed\xa0\x80", b'{"a": 1, "a": 2}', b'{"a":"' + b"x" * 20_000 + b'"}']),
)
TYPES = st.sampled_from(
    ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "text/plain", ""]
)
HEADERS = st.one_of(
    st.just({}),
    st.builds(
        lambda text: {"Referer": text.encode("utf-8", "surrogatepass").translate(None, bytes(range(32)) + b"\x7f").strip()},
        TEXTS,
    ),
    st.builds(lambda depth: {"x_" + "expires_" * depth: "1"}, DEPTHS),
    st.just({"X-Bytes": b"\xff\xfe\x80"}),
)
PATHS = st.sampled_from(["/live/batches", "/live/account", "/v2/core/batch_jobs", "/za/pay/batches", "/live/batches/x"])


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    """A world that is asked everything."""
    with Emulator("first-run") as emulator:
        yield emulator


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.sampled_from(["GET", "POST", "PATCH"]), PATHS, TARGETS, HEADERS, TYPES, BODIES)
def test_whatever_an_entry_holds_can_be_read(
    emulator: Emulator, method: str, path: str, target: str, headers: dict[str, Any], content_type: str, body: bytes
) -> None:
    emulator.reset()
    with httpx.Client(transport=emulator.transport(), base_url=ADDRESS) as client:
        headers_sent = {**STRIPE, "Emulator-World": emulator.id, "Content-Type": content_type, **headers}
        request = httpx.Request(
            method, f"{ADDRESS}{path}?api_key={emulator.serpwow.api_key}&url={target}", headers=headers_sent, content=body
        )
        assert client.send(request).status_code < 500
        for view in ("journal", "journal/last", "journal/last/explain", "ledger", "state", "faults", "unmatched"):
            answer = client.get(f"/_emulator/worlds/{emulator.id}/{view}")
            assert answer.status_code in (200, 404), view
            answer.json()
        expectation = {"called": [{"at": "serpwow.batches.create", "json": {"name": {"a": [1]}}, "query": {"url": "x"}}]}
        assert client.post(f"/_emulator/worlds/{emulator.id}/verify", json=expectation).status_code in (200, 422)
    report = failure_report(emulator)
    assert "cannot be told" not in report
    report.encode()


def test_a_fault_is_shown_with_its_long_texts_cut(emulator: Emulator) -> None:
    fault = {"at": "serpwow", "where": "after-commit", "do": "status", "status": 503, "body": "x" * 10_001}
    with httpx.Client(transport=emulator.transport(), base_url=ADDRESS) as client:
        faults = f"/_emulator/worlds/{emulator.id}/faults"
        shown = client.post(faults, json=fault).json()
        assert client.get(faults).json()["faults"] == [shown]
        assert client.get(f"{faults}/{shown['id']}").json() == shown
    assert "x" * 10_000 + "… (10,001 characters)" in str(shown)
