"""Rules for calls: which a rule covers, which of several comes first, and how a rate limit counts."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.kernel.calls import Call, Window
from emulator.kernel.matching import UNREAD, Fields, first_mismatch
from emulator.kernel.replies import ScriptedReply, select_reply
from emulator.kernel.world import World
from emulator.scenario.document import JsonObject
from emulator.scenario.replies import add_reply
from emulator.sdk.request import read_request
from emulator.web.calls import MOST_FIELDS, call_of
from tests.support.serpwow import ROUTES
from tests.support.toy import kitchen

STOP = "serpwow.batches.stop"
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=2), part, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("value", "wanted", "mismatch"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, None),
        ({"a": 1}, {"a": 2}, ("a",)),
        ({"a": 1}, {"b": 1}, ("b",)),
        ({"a": {"b": [1, {"c": 2, "d": 3}]}}, {"a": {"b": [{"c": 2}]}}, None),
        ({"a": {"b": [1, {"c": 2}]}}, {"a": {"b": [{"c": 3}]}}, ("a", "b", 0)),
        ([1, 2, 3], [1, 3], None),
        ([1, 2, 3], [3, 1], (1,)),
        ([], [], None),
        ({"a": None}, {"a": None}, None),
        ({}, {"a": None}, ("a",)),
        ({"a": True}, {"a": 1}, ("a",)),
        ({"a": 0}, {"a": False}, ("a",)),
        ({"a": Decimal("1.50")}, {"a": Decimal("1.5")}, None),
        ({"a": "1"}, {"a": 1}, ("a",)),
        ("a text", {"a": 1}, ()),
        ("a text", "a text", None),
        ("a text", "a", ()),
        (None, [], ()),
        (Fields(page=["1", "2"]), {"page": 2}, None),
        (Fields(page=["1"]), {"page": "2"}, ("page",)),
        (Fields(all=["true"]), {"all": True}, None),
        (Fields(price=["1.50"]), {"price": Decimal("1.50")}, None),
        (Fields(), {"page": ""}, ("page",)),
        (Fields(), "page", ()),
        (UNREAD, {"whatever": [1]}, None),
    ],
)
def test_a_value_holds_what_is_a_part_of_it(value: Any, wanted: Any, mismatch: tuple[str | int, ...] | None) -> None:
    assert first_mismatch(value, wanted) == mismatch


@given(JSON)
def test_a_value_holds_itself(value: Any) -> None:
    assert first_mismatch(value, value) is None


@given(JSON, st.data())
def test_a_value_holds_whatever_is_left_of_it_when_parts_are_taken_away(value: Any, data: st.DataObject) -> None:
    def less(part: Any) -> Any:
        if isinstance(part, dict):
            return {name: less(it) for name, it in part.items() if data.draw(st.booleans())}
        if isinstance(part, list):
            return [less(it) for it in part if data.draw(st.booleans())]
        return part

    assert first_mismatch(value, less(value)) is None


def stop(*ids: str, caller: str | None = "demo", **parts: Any) -> Call:
    return Call("serpwow", STOP, ids, caller, {"query": Fields(), "headers": Fields(), "body": None, **parts}.__getitem__)


def reply_to(world: World, call: Call) -> str | None:
    """Return the id of the reply to a call, which counts it."""
    with world.transaction("call") as tx:
        reply = select_reply(tx, call).reply
    return reply.id if reply else None


def laid(world: World, **more: Any) -> ScriptedReply:
    return add_reply(world, {"at": STOP, "status": 503, **more})


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({}, {}),
        ({}, {"at": "serpwow"}),
        ({"at": "serpwow"}, {"at": "*", "id": "B1"}),
        ({"id": "B1"}, {}),
        ({"match": {"query": {"page": "2"}}}, {}),
        ({"id": "B1"}, {"match": {"query": {"page": "2"}}}),
        ({"at": ["serpwow.account.get", STOP]}, {"at": "serpwow", "match": {"query": {"page": "2"}}}),
    ],
)
def test_the_nearest_answers_whichever_was_laid_first(first: JsonObject, second: JsonObject) -> None:
    call = stop("B1", query=Fields(page=["2"]))
    world = kitchen()
    nearest = laid(world, **first, times=1)
    other = laid(world, **second)
    assert [reply_to(world, call) for _ in range(2)] == [nearest.id, other.id]
    if first != second:
        world = kitchen()
        other = laid(world, **second)
        nearest = laid(world, **first, times=1)
        assert [reply_to(world, call) for _ in range(2)] == [nearest.id, other.id]


def test_what_names_a_call_twice_counts_it_once() -> None:
    world = kitchen()
    laid(world, at=[STOP, "serpwow", "*"])
    reply_to(world, stop("B1", "B1"))
    assert [(it.seen, it.struck) for it in world.store.group(ScriptedReply.kind)] == [(1, 1)]


def test_each_reply_counts_the_calls_that_another_answers() -> None:
    world = kitchen()
    one, two = laid(world, times=1), laid(world, after=1, times=1)
    assert [reply_to(world, stop()) for _ in range(3)] == [one.id, two.id, None]


@given(
    st.integers(1, 4),
    st.integers(1, 20),
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 12), st.sampled_from(("a", "b", None))), max_size=30),
)
def test_a_rate_limit_strikes_what_is_beyond_it(
    calls: int, seconds: int, everyone: bool, steps: list[tuple[int, str | None]]
) -> None:
    world = kitchen()
    laid(world, rate_limit={"calls": calls, "per": f"{seconds}s", "of": "everyone" if everyone else "key"})
    begun: dict[str | None, datetime] = {}
    counts: Counter[str | None] = Counter()
    for wait, caller in steps:
        world.advance_by(timedelta(seconds=wait))
        now, whose = world.clock.now(), None if everyone else caller
        if whose not in begun or begun[whose] + timedelta(seconds=seconds) <= now:
            begun[whose], counts[whose] = now, 0
        counts[whose] += 1
        assert (reply_to(world, stop(caller=caller)) is not None) == (counts[whose] > calls)


def test_the_calls_that_a_rule_spares_are_in_no_window() -> None:
    world = kitchen()
    laid(world, after=2, rate_limit={"calls": 1, "per": "1m"})
    assert [reply_to(world, stop()) is not None for _ in range(4)] == [False, False, False, True]


def test_windows_that_have_passed_are_forgotten() -> None:
    world = kitchen()
    laid(world, rate_limit={"calls": 1, "per": "1s"})
    for number in range(200):
        reply_to(world, stop(caller=str(number)))
        world.advance_by(timedelta(seconds=1))
    assert world.store.size(Window.kind) == 1


def test_what_was_rolled_back_is_in_no_window() -> None:
    world = kitchen()
    laid(world, rate_limit={"calls": 1, "per": "1m"})
    tx = world.transaction("call")
    select_reply(tx, stop())
    tx.roll_back()
    assert world.store.size(Window.kind) == 0
    assert [reply_to(world, stop()) is not None for _ in range(2)] == [False, True]


FORM, JSON_TYPE = b"application/x-www-form-urlencoded", b"application/json"


def call(body: bytes = b"", media: bytes = JSON_TYPE, query: str = "api_key=k", *headers: tuple[bytes, bytes]) -> Call:
    route = ROUTES.find("GET", "/live/batches/B1/stop")
    assert route is not None
    request = read_request("GET", "/live/batches/B1/stop", query, [(b"content-type", media), *headers], body)
    route.apply(request)
    return call_of(request)


@pytest.mark.parametrize(
    ("body", "media", "value"),
    [
        (b"", JSON_TYPE, None),
        (b'{"amount": 1.10}', JSON_TYPE, {"amount": Decimal("1.10")}),
        (b'{"a": 1}', b"text/plain", {"a": 1}),
        (b"[1]", FORM, [1]),
        (b"a=1&a=2&b=", FORM, {"a": ["1", "2"], "b": [""]}),
        (b"17", FORM, {"17": [""]}),
        (b"17", JSON_TYPE, 17),
        (b"{broken", JSON_TYPE, "{broken"),
        (b"\xff", JSON_TYPE, "\ufffd"),
        (b"[" * 5_000, JSON_TYPE, "[" * 5_000),
        (b"a&" * MOST_FIELDS + b"a", FORM, "a&" * MOST_FIELDS + "a"),
    ],
)
def test_a_body_is_json_or_a_form_or_a_text(body: bytes, media: bytes, value: Any) -> None:
    assert call(body, media).read("body") == value


def test_query_and_headers_have_every_value_of_a_name() -> None:
    asked = call(b"", JSON_TYPE, "a=1&b=%20&a=+2", (b"X-Trace", b"1"), (b"x-trace", b"2"))
    assert asked.read("query") == {"a": ["1", " 2"], "b": [" "]}
    assert asked.read("headers")["x-trace"] == ["1", "2"]
    assert asked.ids == ("B1",)


def test_a_part_is_read_once_and_only_where_a_rule_looks_into_it(monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[object] = []

    def load(content: bytes) -> dict[str, int]:
        reads.append(content)
        return {"a": 1}

    monkeypatch.setattr("emulator.web.calls.load", load)
    asked = call(b"{}")
    world = kitchen()
    laid(world, match={"query": {"api_key": "k"}})
    assert (reply_to(world, asked), reads) == ("reply-1", [])
    laid(world, match={"body": {"a": 2}})
    laid(world, match={"body": {"a": 1}})
    reply_to(world, asked)
    assert reads == [b"{}"]
