"""The values of a JSON body are counted before it is read: 100 of them here."""

from __future__ import annotations

import json
import sys
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.kernel.errors import TooLarge
from emulator.kernel.limits import Limits
from emulator.sdk import load
from emulator.sdk.exact_json import LONG_TEXT
from emulator.web.requests import check_values

LIMITS = Limits(values=100)


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b",".join([b"1.5"] * 100) + b"]",
        b'{"a":"' + b",[{" * 500 + b'"}',
        rb'["' + rb"\",\\" * 500 + rb'"]',
        b"[" + b" " * 500 + b"]",
        b'["' + b'","' * 49 + b'"]',
        b"a=" + b"," * 500,
        b"{" + b",".join([b'"a":"b:"', b'"c" : 1'] * 40) + b"}",
        b'["' + b'k\\":","' * 30 + b'"]',
        b'["' + b'\\"k":' * 50,
    ],
)
def test_a_body_with_few_values_passes(body: bytes) -> None:
    check_values(body, LIMITS)


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b",".join([b"1"] * 101) + b"]",
        b"[" + b",".join([b"{}"] * 51) + b"]",
        b" [" + b",".join([b"[]"] * 51) + b"]",
        b" \r\n\t{" + b",".join(b'"%d":1' % n for n in range(101)) + b"}",
        b"[" * 500,
        b"[" + b'"",' * 500,
        b"[" + b'",' * 500,
    ],
)
def test_a_body_with_more_is_too_large(body: bytes) -> None:
    with pytest.raises(TooLarge, match=r"at most 100 values in JSON here: .*--max-values"):
        check_values(body, LIMITS)


@pytest.mark.parametrize(
    "names",
    [
        [b'"%d"' % n for n in range(5)],
        [b'"a\\"%d" \n' % n for n in range(5)],
        [b'"\\\\%d"' % n for n in range(5)],
        [b'"%d"' % (n % 5) for n in range(20)],
        [b'"a":"%d","k%d"' % (n, n) for n in range(4)],
    ],
)
def test_a_body_with_more_names_than_one_for_25_values_is_too_large(names: list[bytes]) -> None:
    with pytest.raises(
        TooLarge, match=r"at most 4 different names in JSON here: .*--max-values\) allows more, one for 25 values"
    ):
        check_values(b"{" + b",".join(name + b":1" for name in names) + b"}", LIMITS)


@pytest.mark.parametrize("body", [b'{"a":"' + b"k" * 10_000_000, b'["' + b'\\"' * 5_000_000, b"[" + b'"a",' * 2_000_000])
def test_it_takes_no_longer_than_the_body_is_long(body: bytes) -> None:
    steps = 0

    def count(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal steps
        steps += event == "c_call"

    sys.setprofile(count)
    try:
        check_values(body, Limits(values=10_000_000))
    finally:
        sys.setprofile(None)
    assert steps < len(body) / 100


@pytest.mark.parametrize(
    ("body", "values"),
    [
        (b"[1,1.5" + b",2,2.5" * 499 + b"]", 1_000),
        (b'["' + b'","' * (LONG_TEXT // 3) + b'"]', LONG_TEXT // 3),
        (b"[[]" + b",[]" * (LONG_TEXT // 3) + b"]", LONG_TEXT // 3),
        (b"{" + b",".join(b'"%d":{}' % n for n in range(LONG_TEXT // 8)) + b"}", LONG_TEXT // 8),
    ],
)
def test_other_threads_may_have_a_turn_at_each_number_and_in_a_long_text_at_each_value(body: bytes, values: int) -> None:
    calls = 0

    def count(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        load(body)
    finally:
        sys.setprofile(None)
    assert calls >= values


@given(
    st.text(st.sampled_from('"\\u0041d8,:{}[]-+.eE019 \n\u0661ntf\x01'))
    | st.from_regex(r'\[("[a-z\\"]*"|[0-9.eE+-]*|\{"a":1\}|,)*\]')
)
def test_a_long_text_is_read_as_a_short_one_is(text: str) -> None:
    results = []
    for padding in ("", " " * LONG_TEXT):
        try:
            results.append(repr(load(text + padding)))
        except ValueError as error:
            results.append(type(error).__name__)
    assert results[0] == results[1]


def test_as_many_payments_as_a_body_may_hold_are_not_too_many_values() -> None:
    payment = {"msisdn": "27821231234", "amount": 1, "firstname": "A", "lastname": "B", "externalId": "12345"}
    body = json.dumps({"payments": [payment] * 100_000})[: Limits().body].encode()
    check_values(body, Limits())
