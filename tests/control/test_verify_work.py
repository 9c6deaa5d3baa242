"""The work of a verification: each body is read once, and what would compare too much is refused before it is done."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import Emulator
from emulator.control import verify
from emulator.sdk.exact_json import load
from emulator.state.compare import count_differences, differences

CREATE = "serpwow.batches.create"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2) | st.sampled_from([Decimal("1.50"), "a", ""]),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.sampled_from("abc"), part, max_size=3),
)


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """A world that was asked for ten batches."""
    with Emulator("first-run") as emulator, httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1") as client:
        for n in range(10):
            client.post(
                "/live/batches", params={"api_key": emulator.serpwow.api_key}, json={"name": f"n{n}", "schedule_type": "manual"}
            )
        yield emulator


@given(VALUES, VALUES)
def test_as_many_differences_are_counted_as_are_said(expected: Any, actual: Any) -> None:
    assert count_differences(expected, actual) == len(list(differences(expected, actual)))


def test_each_body_is_read_once(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[bytes] = []

    def reading(content: bytes, **options: Any) -> Any:
        reads.append(content)
        return load(content, **options)

    monkeypatch.setattr("emulator.control.recorded_request.load", reading)
    expected_calls = [{"at": CREATE, "json": {"name": f"z{n}"}} for n in range(50)]
    assert len(_verify(emulator, called=expected_calls).json()["failures"]) == 50
    assert len(reads) == 10


def test_what_is_held_up_is_told_in_each_failure_and_made_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []

    def redacting(text: str) -> str:
        made.append(text)
        return text

    monkeypatch.setattr(verify, "redact_text", redacting)
    request, fault = SimpleNamespace(method="GET", target="/a", operation_name=CREATE), SimpleNamespace(do="hang", where="x")
    held: Any = [SimpleNamespace(request=request, fault=fault)] * 3
    recorded = verify.Recorded((), held)
    assert all("under way" in failure.message for _ in range(9) for failure in recorded.check_called({"at": CREATE}))
    assert made == ["/a"] * 3


def test_what_compares_too_much_is_refused_before_it_is_done(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "mismatches", None)
    expectation = {"searches": [{"q": n} for n in range(1_000)]}
    response = _verify(emulator, called=[{"at": CREATE, "json": expectation} for _ in range(100)])
    assert response.status_code == 422
    assert "and 1000000 is the most: verify fewer calls at once" in response.json()["detail"]


@pytest.mark.parametrize(
    ("part", "items"),
    [("called", [{"at": CREATE}] * 201), ("order", [CREATE] * 1_001), ("never", [CREATE] * 1_001)],
)
def test_too_many_items_are_refused_by_name(emulator: Emulator, part: str, items: list[Any]) -> None:
    response = _verify(emulator, **{part: items})
    assert response.status_code == 422
    assert f"has more than {len(items) - 1} items" in response.json()["errors"][0]["detail"]
    assert response.json()["errors"][0]["pointer"] == f"/{part}"


def test_the_first_differences_are_said_and_the_rest_are_counted(emulator: Emulator) -> None:
    answer = _verify(emulator, called=[{"at": CREATE, "json": {f"k{n}": n for n in range(1_000)}}]).json()
    assert "the body has no 'k19'; and 980 more differences" in answer["failures"][0]["message"]


def _verify(emulator: Emulator, **expectation: Any) -> httpx.Response:
    with httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1") as client:
        return client.post(f"/_emulator/worlds/{emulator.id}/verify", json=expectation)
