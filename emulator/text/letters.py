"""Long texts, searched and compared in pieces, so that others have their turn."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from emulator.text.checkpoint import checkpoint

PIECE = 32_768
"""Characters that are looked at in one go."""

Fold = Callable[[str], str]
"""Makes texts alike that are to count as the same, letter by letter."""


def is_in(term: str, text: str, fold: Fold) -> bool:
    """Return whether a text has a term in it, once both are folded."""
    term = fold(term)
    return any(term in fold(text[max(start - 1, 0) : start + PIECE + len(term) + 1]) for start in _starts(len(text)))


class Words:
    """Words in small letters that are looked for together: `whole`, or inside longer ones too."""

    def __init__(self, words: Iterable[str], *, whole: bool = False) -> None:
        escaped = {word: re.escape(word) for word in words}
        self._found = {word: re.compile(rf"{it}(?=[\W_])(?<=[\W_]{it})" if whole else it) for word, it in escaped.items()}
        self._margin = max(map(len, escaped), default=0) + 1

    def are_in(self, text: str) -> bool:
        """Return whether a text has each of the words, once it is in small letters."""
        missing, text = self._found, f" {text} "
        for start in _starts(len(text)):
            piece = text[max(start - 1, 0) : start + PIECE + self._margin].lower()
            missing = {word: found for word, found in missing.items() if word not in piece or not found.search(piece)}
            if not missing:
                break
        return not missing


class Sortable:
    """A text as a key to sort by, once it is folded."""

    __slots__ = ("_fold", "_text")

    def __init__(self, text: str, fold: Fold) -> None:
        self._text = text
        self._fold = fold

    def __lt__(self, other: Sortable) -> bool:
        if self._text is other._text:
            return False
        for start in _starts(max(len(self._text), len(other._text))):
            one, two = (self._fold(it._text[start : start + PIECE]) for it in (self, other))
            if one != two:
                return one < two
        return False


def _starts(length: int) -> Iterator[int]:
    """Yield where each piece of a text begins, with a checkpoint before it."""
    for start in range(0, length or 1, PIECE):
        checkpoint()
        yield start
