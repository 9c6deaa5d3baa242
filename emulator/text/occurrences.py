"""Occurrences of many texts in a text, replaced in a time that does not grow with how many are looked for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

from emulator.text.checkpoint import checkpoint

FEW = 50
"""Texts up to which one pattern of all is the quickest way."""

BEGINNING = 6
"""Letters by which many texts are found; all of them are longer."""

PIECE = 65_536
"""Characters of a text that are searched at once."""


class Occurrences:
    """Replaces texts, each of more than BEGINNING letters, by others; where two begin at one place, the longer."""

    def __init__(self, by: Mapping[str, str]) -> None:
        self._by = by
        self._longest = max(map(len, by), default=0)
        wanted = sorted(by, key=lambda it: (-len(it), it))
        self._pattern = re.compile("|".join(map(re.escape, wanted))) if 0 < len(wanted) <= FEW else None
        self._beginnings: dict[str, list[str]] = {}
        for it in wanted:
            self._beginnings.setdefault(it[:BEGINNING], []).append(it)

    def replaced(self, text: str) -> str:
        """Return a text with every one of them replaced."""
        if len(text) <= BEGINNING or not self._by:
            return text
        pieces, done = list[str](), 0
        for start, found in self._found(text):
            if start >= done:
                pieces += text[done:start], self._by[found]
                done = start + len(found)
        return "".join([*pieces, text[done:]]) if pieces else text

    def _found(self, text: str) -> Iterator[tuple[int, str]]:
        bounds = [*range(0, len(text), PIECE), len(text)]
        for start, end in pairwise(bounds):
            checkpoint()
            if self._pattern is not None:
                within = self._pattern.finditer(text, start, min(len(text), end + self._longest))
                yield from ((it.start(), it[0]) for it in within if it.start() < end)
            else:
                yield from self._beginning_in(text, start, end)

    def _beginning_in(self, text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
        beginnings = self._beginnings
        for place in [it for it in range(start, end) if text[it : it + BEGINNING] in beginnings]:
            found = next((it for it in beginnings[text[place : place + BEGINNING]] if text.startswith(it, place)), None)
            if found is not None:
                yield place, found
