"""Forms are decoded as the standard library does, in the room of what they are."""

from __future__ import annotations

import tracemalloc
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.text import percent
from emulator.text.checkpoint import WORK
from emulator.text.percent import form_fields

TEXTS = st.text(st.sampled_from("a=&+%4Ag\u00e9\ufffd")) | st.text()


@given(TEXTS, st.integers(3, 9))
def test_a_form_is_decoded_as_by_the_standard_library(text: str, piece: int) -> None:
    before, percent.PIECE = percent.PIECE, piece
    try:
        decoded = [tuple(it.decode("utf-8", "replace") for it in field) for field in form_fields(text)]
    finally:
        percent.PIECE = before
    assert decoded == parse_qsl(text, keep_blank_values=True)


def test_a_long_value_takes_no_hundred_times_its_size_and_others_have_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "&".join(["a=" + "%41" * 100_000] * 2)
    pauses: list[None] = []
    monkeypatch.setattr(WORK, "pause", lambda: pauses.append(None))
    tracemalloc.start()
    try:
        assert [len(value) for _, value in form_fields(text)] == [100_000] * 2
        assert tracemalloc.get_traced_memory()[1] < 10 * len(text)
    finally:
        tracemalloc.stop()
    assert len(pauses) >= len(text) // percent.PIECE
