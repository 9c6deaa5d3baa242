"""The values of a JSON body are counted before it is read: 100 of them here."""

from __future__ import annotations

import sys
from types import FrameType

import pytest

from emulator.kernel.errors import TooLarge
from emulator.kernel.limits import Limits
from emulator.sdk import load
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


def test_other_threads_may_have_a_turn_at_each_number() -> None:
    calls = 0

    def count(_frame: FrameType, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        load(b"[1,1.5" + b",2,2.5" * 499 + b"]")
    finally:
        sys.setprofile(None)
    assert calls >= 1_000
