"""No text makes the redaction take longer than its length: it runs before any credential is asked for, and others wait."""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Callable
from itertools import chain

import pytest

from emulator.text.multipart import redact_parts
from emulator.text.named import redact_named
from emulator.text.redact import hide, redact_body, redact_header, redact_text
from emulator.text.secrets import as_it_looks, is_secret, may_name_secret, redact, redact_segments, redact_shapes
from tests.support.worst_texts import mixtures, single, that_grow

READERS: dict[str, Callable[[str], object]] = {
    "a text": redact_text,
    "a header": lambda text: redact_header("x-note", text),
    "a host": lambda text: redact_header("host", text),
    "the value of a secret header": lambda text: redact_header("authorization", text),
    "the name of a header": lambda text: redact_header(text, "1"),
    "a body": lambda text: redact_body({text: [text]}),
    "a named value": lambda text: redact_body({"name": text, "value": text}),
    "a secret value": lambda text: hide({text: text}),
    "a name": is_secret,
    "parts": redact_parts,
    "named values": redact_named,
    "segments": redact_segments,
    "shapes": redact_shapes,
    "looks": as_it_looks,
    "stems": may_name_secret,
    "a secret": redact,
}

CALLS = 12
"""Calls of functions for each character of a text, at most."""


@pytest.mark.parametrize("reader", READERS)
def test_no_text_takes_longer_than_its_length(reader: str) -> None:
    draw = random.Random(reader)
    texts = draw.sample([*single()], 300)
    assert that_grow(READERS[reader], chain(texts, (mixtures(draw) for _ in range(100)))) == []


@pytest.mark.parametrize("reader", [redact_text, is_secret])
def test_no_repeated_text_takes_longer_than_its_length_alone_or_beside_any_other(reader: Callable[[str], object]) -> None:
    assert that_grow(reader, single()) == []


@pytest.mark.parametrize(
    ("slow", "pump"),
    [
        (r"(\\*+)([\"'])", "\\"),
        (r"\\+u([0-9A-Fa-f]{4})", "\\"),
        (r"_(?:next|page)_\w*token_$", "page_"),
        (r"--a\n(?:.*\n)*\x01", "--a\n"),
    ],
)
def test_an_expression_that_is_searched_from_each_place_is_found_out(slow: str, pump: str) -> None:
    assert that_grow(re.compile(slow).findall, (text for text in single() if text.pump == pump))


def calls_of(text: str) -> int:
    """Return how many functions are called while a text is redacted."""
    calls = 0

    def count(_frame: object, event: str, _arg: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        redact_text(text)
    finally:
        sys.setprofile(None)
    return calls


def test_the_calls_that_a_text_takes_are_few_for_each_character() -> None:
    draw = random.Random(0)
    texts = [*draw.sample([*single()], 150), *(mixtures(draw) for _ in range(150))]
    calls = {text: calls_of(text.of(2_000)) for text in texts}
    assert {text: count for text, count in calls.items() if count > CALLS * 2_000} == {}
    longest = sorted(texts, key=calls.__getitem__)[-20:]
    assert {text for text in longest if calls_of(text.of(8_000)) > 4.4 * calls[text] + CALLS} == set()


def test_names_that_look_alike_once_redacted_are_numbered_in_linear_time() -> None:
    names = {f"abcdefghi-token=secr…{n}": 1 for n in range(5_000)}
    like = {f"abcdefghi-token=secret{n}": 2 for n in range(5_000)}
    assert len(redact_body(names | like)) == 10_000
