"""A scenario as a value, written as people write one: what is short on a line of its own, the rest below one another.

A text that is not in ASCII stands in quotes: there it keeps its meaning where it is printed with escapes in place of letters.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

import yaml

from emulator.scenario.document import MARK, JsonObject
from emulator.scenario.scalars import CORE, plain
from emulator.sdk.exact_json import digits_of
from emulator.text.checkpoint import checkpoint
from emulator.text.pattern import pattern

WIDTH = 128
"""Characters of a line up to which a mapping or a list is written on it."""

LISTS = frozenset({"faults", "replies", "timeline", "steps"})
"""Parts whose items stand below one another, however short they are."""

STATES = frozenset({"given"})
"""Parts of which each vendor's stands below its name."""

_PLAIN = pattern(r"[A-Za-z0-9_/.](?:[ -~]*[!-9;-~])?")
_NEVER_PLAIN = pattern(r": | #")
_OF_FLOW = pattern(r"[,\[\]{}]")
_BLOCK = pattern(r"[!-~][ -~\n]*+")
_RESOLVERS: Mapping[str | None, Any] = yaml.SafeDumper.yaml_implicit_resolvers
_VERBS = frozenset(
    {"send", "advance", "set", "revoke", "see", "expect_state", "expect_delivery", "fault", "reply", "steps", "together"}
)

LEAST_BLOCK = 40
"""Characters of a text in lines from which on it is written line by line."""


def to_yaml(scenario: JsonObject) -> str:
    """Return the text of a scenario file, which the strict loader reads back to the same value."""
    return "".join(f"{line}\n" for key, value in scenario.items() for line in part_lines(key, value))


def part_lines(key: str, value: Any) -> Iterator[str]:
    """Yield the lines of a part of a scenario."""
    return _member(key, value, 0, below=2 if key in STATES else int(key in LISTS))


def step_lines(step: JsonObject) -> Iterator[str]:
    """Yield the lines of a step, as they stand below `steps`."""
    return _item(step, 2)


def _member(key: str, value: Any, indent: int, below: int = 0) -> Iterator[str]:
    """Yield the lines of a member of a mapping; the parts of its value, `below` levels of it, stand below one another."""
    checkpoint()
    head = f"{' ' * indent}{_text(key)}:"
    if _is_block(value):
        yield from _block(f"{head} ", value, indent + 2)
    elif not _has_parts(value):
        yield f"{head} {scalar(value)}"
    elif not below and _fits(value, len(head) + 1):
        yield f"{head} {_flow(value)}"
    else:
        yield head
        yield from _parts(value, indent + 2, max(0, below - 1))


def _parts(value: Any, indent: int, below: int = 0) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _member(key, part, indent, below)
    else:
        for part in value:
            yield from _item(part, indent)


def _item(value: Any, indent: int) -> Iterator[str]:
    """Yield the lines of an item of a list; a step has a line for each of its keys."""
    checkpoint()
    head = f"{' ' * indent}- "
    if _is_block(value):
        yield from _block(head, value, indent + 2)
    elif not _has_parts(value):
        yield head + scalar(value)
    elif _fits(value, len(head)) and not _is_step(value):
        yield head + _flow(value)
    else:
        for number, line in enumerate(_parts(value, indent + 2)):
            yield line if number else head + line[indent + 2 :]


def _is_step(value: Any) -> bool:
    return isinstance(value, Mapping) and (len(value) == 1 or "send" in value) and not _VERBS.isdisjoint(value)


def _has_parts(value: Any) -> bool:
    return isinstance(value, (Mapping, list, tuple)) and bool(value)


def _parts_of(value: Any) -> Any:
    return value.values() if isinstance(value, Mapping) else value


def _fits(value: Any, column: int) -> bool:
    """Tell whether a mapping or a list is written on one line, behind so many characters."""
    return not _has_block(value) and _room_behind(value, WIDTH - column) >= 0


def _has_block(value: Any) -> bool:
    return any(_has_block(it) if _has_parts(it) else _is_block(it) for it in _parts_of(value))


def _room_behind(value: Any, room: int) -> int:
    """Return the characters that are left of some room behind a value; less than 0 where it has none."""
    if not _has_parts(value):
        return room - len(scalar(value, in_flow=True))
    for key in value if isinstance(value, Mapping) else ():
        room -= len(_text(key)) + len(": ")
    for part in _parts_of(value):
        if room < 0:
            break
        room = _room_behind(part, room - len(", "))
    return room


def _flow(value: Any) -> str:
    if not _has_parts(value):
        return scalar(value, in_flow=True)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_text(key)}: {_flow(part)}' for key, part in value.items())}}}"
    return f"[{', '.join(map(_flow, value))}]"


def scalar(value: Any, in_flow: bool = False) -> str:
    """Return a text, a number, a truth value, nothing, or an empty mapping or list, as YAML has it."""
    if isinstance(value, str):
        return _text(value, in_flow)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (Mapping, list, tuple)):
        return "{}" if isinstance(value, Mapping) else "[]"
    return str(value) if isinstance(value, int) else digits_of(Decimal(str(value)))


def _text(text: str, in_flow: bool = True) -> str:
    """Return a text as it is where every reader of YAML takes it for this text, and else in quotes."""
    text = _literal(text)
    return (_written if len(text) <= WIDTH else _written.__wrapped__)(text, in_flow)


@lru_cache(maxsize=1_000)
def _written(text: str, in_flow: bool) -> str:
    if _PLAIN.fullmatch(text) and not _NEVER_PLAIN.search(text) and not (in_flow and _OF_FLOW.search(text)) and _is_text(text):
        return text
    if '"' in text and "'" not in text and text.isascii() and text.isprintable():
        return f"'{text}'"
    return "".join(it if it.isprintable() else _escape(it) for it in json.dumps(text, ensure_ascii=False))


def _literal(text: str) -> str:
    """Return a text in which no parameter is read."""
    return text.replace(MARK, f"${MARK}")


def _is_text(text: str) -> bool:
    """Tell whether a scalar without quotes is a text here and in YAML 1.1."""
    return plain(text) == text and all(
        tag == f"{CORE}str" or not form.match(text) for first in (text[0], None) for tag, form in _RESOLVERS.get(first, ())
    )


def _escape(letter: str) -> str:
    return f"\\U{ord(letter):08x}" if ord(letter) > 0xFFFF else f"\\u{ord(letter):04x}"


def _is_block(value: Any) -> bool:
    """Tell whether a value is a text that is written line by line, as it is."""
    return isinstance(value, str) and len(value) > LEAST_BLOCK and "\n" in value and _BLOCK.fullmatch(value) is not None


def _block(head: str, text: str, indent: int) -> Iterator[str]:
    lines = _literal(text).split("\n")
    ending = "-" if lines[-1] else "" if lines[-2] else "+"
    yield f"{head}|{ending}"
    for line in lines if lines[-1] else lines[:-1]:
        yield f"{' ' * indent}{line}" if line else ""
