"""What a client or a file says is shown on a terminal and in a log, and never obeyed there."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.cli.stderr import StandardError, _Handler, line_of
from emulator.cli.terminal import printing_anything
from emulator.client.journal import Change
from emulator.kernel.clock import DEFAULT_START
from emulator.kernel.errors import BadInput, Problem
from emulator.scenario.player import StepDifference
from emulator.state.diff import Difference
from emulator.text.escape import escaped, escaped_lines

NASTY = [
    "\x1b[2J",
    "\n",
    "\r",
    "\x07",
    "\x7f",
    "\x9b",
    "\u202e",
    "\u2066",
    "\u200b",
    "\u2028",
    "\ud800",
    "\ufeff",
    "\U000e0041",
    "\x85",
    "é",
    "日",
    "a",
    " ",
]
TEXTS = st.one_of(st.text(), st.lists(st.sampled_from(NASTY)).map("".join))


def _is_obeyed(character: str) -> bool:
    return category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")


LINES: dict[str, Callable[[str], str]] = {
    "a line of any kind": escaped,
    "a line of serve": line_of,
    "a mistake": lambda text: str(BadInput([Problem(text, (text,))], text)),
    "a change": lambda text: str(Change(DEFAULT_START, text, text, text, text, text, text, None)),
    "a difference of a state": lambda text: str(Difference(text, text, text, {"a": text}, {"a": "b"}, {text: (text, "b")})),
    "a difference that play finds": lambda text: str(StepDifference(text, text)),
}


@pytest.mark.parametrize("escape", LINES.values(), ids=LINES)
@given(TEXTS)
def test_a_line_stays_one_line_that_nothing_obeys(escape: Callable[[str], str], text: str) -> None:
    assert [character for character in escape(text) if _is_obeyed(character)] == []


@given(TEXTS)
def test_what_is_harmless_is_shown_as_it_is(text: str) -> None:
    assert escaped(escaped(text)) == escaped(text)
    if text.isprintable():
        assert escaped(text) == escaped_lines(text) == text


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "latin-1"])
@given(TEXTS)
def test_the_commands_write_nothing_that_a_terminal_obeys(encoding: str, text: str) -> None:
    file = io.BytesIO()
    stream = printing_anything(io.TextIOWrapper(file, encoding=encoding, newline=""))
    stream.write(text)
    stream.flush()
    assert [
        character for character in file.getvalue().decode(encoding) if _is_obeyed(character) and character not in "\n\t"
    ] == []


@given(TEXTS)
def test_a_log_line_is_one_line_and_a_traceback_is_indented(text: str) -> None:
    lines: list[str] = []

    class Collecting(StandardError):
        def __init__(self) -> None:
            self.left_out = 0

        def say(self, line: str) -> None:
            lines.append(line)

    try:
        raise ValueError(text)
    except ValueError as error:
        record = logging.LogRecord("x", logging.ERROR, "f", 1, "%s", (text,), (ValueError, error, error.__traceback__))
    _Handler(Collecting()).emit(record)
    first, *others = lines[0].split("\n")
    assert first.startswith("ERROR: ")
    assert all(line.startswith("  ") for line in others)
    assert [character for character in lines[0] if _is_obeyed(character) and character not in "\n\t"] == []
