"""Long texts, searched and compared in pieces, so that others have their turn."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator

from emulator.text.checkpoint import checkpoint

PIECE = 32_768
"""Characters that are looked at in one go."""

FEW = 3
"""Words that are looked for one by one: with more, it takes less time to take a text apart."""

Fold = Callable[[str], str]
"""Makes texts alike that are to count as the same, letter by letter."""


def is_in(term: str, text: str, fold: Fold) -> bool:
    """Return whether a text has a term in it, once both are folded."""
    term = fold(term)
    return any(term in fold(text[max(start - 1, 0) : start + PIECE + len(term) + 1]) for start in _starts(len(text)))


def has_words(words: Collection[str], text: str) -> bool:
    """Return whether each of some words, in small letters, is a whole word of a text."""
    if len(words) <= FEW:
        return all(_has_word(word, f" {text} ") for word in words)
    missing, longest, rest = {*words}, max(map(len, words)), ""
    for start in _starts(len(text)):
        found = re.split(r"[\W_]+", rest + text[start : start + PIECE].lower())
        rest = found.pop()[: longest + 1]  # it may go on in the next piece
        missing.difference_update(found)
    return missing <= {rest}


def _has_word(word: str, text: str) -> bool:
    """Return whether a word stands by itself in a text that begins and ends with spaces, which is not taken apart for that."""
    it, margin = re.escape(word), len(word) + 1
    alone = re.compile(rf"{it}(?=[\W_])(?<=[\W_]{it})")
    return any(alone.search(text[max(start - 1, 0) : start + PIECE + margin].lower()) for start in _starts(len(text)))


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
