"""Values as Python writes them: what is short on a line of its own, the rest below one another; texts with names in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from keyword import iskeyword
from math import isfinite
from typing import Any

from emulator.scenario.schema import PLACEHOLDER
from emulator.text.checkpoint import checkpoint

WIDTH = 110
"""Characters of a line up to which a value is written on it."""

INDENT = 4


def literal(text: str) -> str:
    """Return the literal of a text, in double quotes where these need no escape."""
    shown = repr(text)
    return f'"{shown[1:-1]}"' if shown[0] == "'" and '"' not in shown else shown


def number(value: Any) -> str:
    """Return the literal of a number as JSON reads it; a decimal where no float is the same."""
    if isinstance(value, int):
        return str(value)
    return repr(float(value)) if is_float(value) else f'Decimal("{value}")'


def is_float(value: Any) -> bool:
    """Tell whether a float is the same number."""
    return isfinite(float(value)) and Decimal(repr(float(value))) == Decimal(str(value))


def identifier(name: str, taken: set[str]) -> str:
    """Return a name for a variable that is not taken yet, and take it."""
    base = re.sub(r"[^a-z0-9_]", "_", name.lower()) or "value"
    base = f"_{base}" if base[0].isdigit() else f"{base}_" if iskeyword(base) else base
    found = next(it for count in range(1, len(taken) + 2) if (it := f"{base}_{count}" if count > 1 else base) not in taken)
    taken.add(found)
    return found


class Python:
    """Writes values. `names` are the variables that stand for names in braces."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def text(self, text: str) -> str:
        """Return an expression for a text, in which variables stand for names."""
        parts = PLACEHOLDER.split(text)  # a name between two texts, each time
        if self._names.keys().isdisjoint(parts[1::2]):
            return literal(text)
        if len(parts) == 3 and not (parts[0] or parts[2]):
            return self._names[parts[1]]
        return f"f{literal(''.join(self._formatted(parts)))}"

    def _formatted(self, parts: list[str]) -> Iterator[str]:
        for place, part in enumerate(parts):
            if place % 2:
                yield f"{{{self._names[part]}}}" if part in self._names else f"{{{{{part}}}}}"
            else:
                yield part.replace("{", "{{").replace("}", "}}")

    def value(self, value: Any, indent: int = 0, column: int = 0) -> str:
        """Return an expression for a JSON value that begins in a column, in a line that is indented so."""
        checkpoint()
        if not isinstance(value, (Mapping, list, tuple)) or not value:
            return self._short(value)
        if len(line := self._short(value)) + column <= WIDTH:
            return line
        inner = indent + INDENT
        begin, end = "{}" if isinstance(value, Mapping) else "[]"
        parts = self._items(value, inner) if isinstance(value, Mapping) else (self.value(it, inner, inner) for it in value)
        return "\n".join([begin, *(f"{' ' * inner}{it}," for it in parts), f"{' ' * indent}{end}"])

    def _items(self, value: Mapping[str, Any], indent: int) -> Iterator[str]:
        for key, part in value.items():
            head = f"{literal(key)}: "
            yield head + self.value(part, indent, indent + len(head))

    def _short(self, value: Any) -> str:
        if isinstance(value, Mapping):
            return f"{{{', '.join(f'{literal(key)}: {self._short(part)}' for key, part in value.items())}}}"
        if isinstance(value, (list, tuple)):
            return f"[{', '.join(map(self._short, value))}]"
        if isinstance(value, str):
            return self.text(value)
        return repr(value) if value is None or isinstance(value, bool) else number(value)
