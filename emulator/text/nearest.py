"""Nearest words: the known words that a written one was probably meant to be, which is the same word spelt otherwise."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from heapq import nlargest
from os.path import commonprefix

from emulator.text.checkpoint import checkpoint
from emulator.text.pattern import pattern

LONGEST = 100
"""Letters beyond which words are only equal or not."""

ALIKE = 3
"""Words named at most where several are equally near."""

FEW = 16
"""Up to how many words all of them are listed, where none is near."""

SEARCHED = 100
"""Words beyond which not all of them are looked at one by one."""

_PARTS = pattern(r"[^\W_]+")
_DIGIT = pattern(r"^[0-9]")
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_CAMEL = pattern(r"(?<=[a-z0-9])(?=[A-Z])")
_ENDING = pattern(r"(?<=[^\W\d_]{3})(ies|ing|ed|es|s|e|y)$")

SAME, TYPO, STEM, PART, PREFIX, FREE, SHORT = range(7)
"""Kinds of nearness of two words, the surest first: but for case and separators the same; but for a slip of the finger; but for
an ending; one is a part of the other's parts; one is the beginning of the other; the other is a parameter, such as {id};
one leaves out parts of the other."""

SLIP, SWAPPED = 22, 34
"""Percent of two words that may differ after a slip of the finger: one letter of five; two that are swapped, of three."""

LONGEST_KNOWN = 100
"""Letters of a word up to which it is remembered how near it is to others: a client could fill the memory with longer ones."""


def near(name: str, known: Iterable[str], weakest: int = SHORT) -> list[str]:
    """Return the known words that are nearest to `name`, at most ALIKE of them; none where none has to do with it.

    Of more than SEARCHED words, those are looked at that begin and end most like it, as one does after a slip.
    """
    words = [*dict.fromkeys(known)]
    if len(words) > SEARCHED:
        words = nlargest(SEARCHED, words, key=partial(_overlap, name.casefold()))
    ranked = [(rank, word) for word in words if (rank := _rank(name, word)) and rank[0] <= weakest]
    best = min((rank for rank, _ in ranked), default=None)
    nearest = [word for rank, word in ranked if rank == best]
    return nearest if len(nearest) <= ALIKE else []


def _overlap(name: str, word: str) -> int:
    """Return how many letters two words have in common at their beginnings and ends."""
    other = word.casefold()
    return sum(len(commonprefix(pair)) for pair in ((name, other), (name[::-1], other[::-1])))  # noqa: RUF071  of letters


def hint(name: str, known: Iterable[str], few: int = FEW) -> str:
    """Return `"; did you mean 'x'?"`, or the known words where none is near and they are `few`, or nothing."""
    words = list(dict.fromkeys(known))
    if close := near(name, words):
        return f"; did you mean {' or '.join(map(repr, close))}?"
    first, _, rest = name.partition(".")
    others = elsewhere(name, words)
    more = f"; {first} has no {rest}, {' and '.join(others)} {'have' if others[1:] else 'has'}" if others else ""
    listed = below(name, words) or words
    if listed and listed[0].startswith(f"{name}."):
        return f"; name one of its own: {some(listed)}"
    if len(listed) > few:
        return f"; those like it: {some(listed)}{more}" if listed is not words else ""
    return f"; known: {', '.join(listed)}{more}" if listed else ""


def some(words: Sequence[str], total: int | None = None) -> str:
    """Return the first of the words, and how many more there are, of `total` words where these are not all."""
    left = (len(words) if total is None else total) - ALIKE
    more = f" and {left} more" if left > 0 else ""
    return f"{', '.join(words[:ALIKE])}{more}"


def elsewhere(name: str, known: Iterable[str]) -> list[str]:
    """Return the first parts of the known words that go on as `name` does, where its own first part is known too."""
    first, _, rest = name.partition(".")
    words = list(known)
    if not rest or not any(word.partition(".")[0] == first for word in words):
        return []
    return [word.partition(".")[0] for word in words if word.partition(".")[2] == rest]


def below(name: str, known: Iterable[str]) -> list[str]:
    """Return the dotted words that begin like `name`: with as many of its parts as possible."""
    words = list(known)
    for start in (f"{name}.", f"{name.rpartition('.')[0]}.", f"{name.partition('.')[0]}."):
        if found := [word for word in words if word.startswith(start)]:
            return found
    return []


def _rank(name: str, word: str) -> tuple[int, ...] | None:
    """Return how near two names are, part by part where they have dots or slashes; None where they are not."""
    checkpoint()
    if len(name) > LONGEST or len(word) > LONGEST:
        return (SAME, 0) if name.casefold() == word.casefold() else None
    name_parts, word_parts = re.split(r"[./]", name), re.split(r"[./]", word)
    if len(name_parts) > len(word_parts):
        return None
    if len(name_parts) < len(word_parts):
        return _rank_of_shortened(name_parts, word_parts)
    return _worst(name_parts, word_parts)


def _rank_of_shortened(name_parts: list[str], word_parts: list[str]) -> tuple[int, ...] | None:
    """`batches.stop` and `serpwow.stop` leave out a part of `serpwow.batches.stop`; `serpwow` names none of its operations."""
    for start in (len(word_parts) - len(name_parts), 0):
        parts = word_parts[start : start + len(name_parts) - 1] + word_parts[-1:]
        if (rank := _worst(name_parts, parts)) is not None:
            return SHORT, *rank
    return None


def _worst(name_parts: list[str], word_parts: list[str]) -> tuple[int, ...] | None:
    """Return the rank of the part that is least near; of equal ones that with the fewest parts in braces comes first."""
    ranks = [rank_of(left, right) for left, right in zip(name_parts, word_parts, strict=True)]
    known, free = [rank for rank in ranks if rank is not None], sum(right.startswith("{") for right in word_parts)
    return (*max(known), free) if len(known) == len(ranks) > free else None


def rank_of(name: str, word: str) -> tuple[int, int] | None:
    """Return how near two single words are, or None. What stands in braces in the second is anything."""
    return (_rank_of if len(name) <= LONGEST_KNOWN else _rank_of.__wrapped__)(name, word)


@lru_cache(maxsize=4096)
def _rank_of(name: str, word: str) -> tuple[int, int] | None:
    if name == word:
        return SAME, 0
    if word.startswith("{"):
        return FREE, 0
    left, right = _parts(name), _parts(word)
    one, other = "".join(left), "".join(right)
    if one == other:
        return (SAME, 1) if one else None
    if (distance := _distance(one, other)) is not None:
        return TYPO, distance
    if stem(one) == stem(other):
        return STEM, 0
    if _shares_parts(left, right):
        return PART, 0
    return (PREFIX, 0) if len(one) >= 3 and other.startswith(one) and len(other) <= 2 * len(one) else None


def _parts(word: str) -> list[str]:
    """Return the parts of a word in small letters; `6dot50` and `sixdot50` have the same."""
    return [part.casefold() for part in _PARTS.findall(_CAMEL.sub(" ", spell_first_digit(word)))]


def spell_first_digit(word: str) -> str:
    """Return a word whose first letter, where that is a digit, is spelt out: `sixdot50` for `6dot50`."""
    return _DIGIT.sub(lambda digit: _DIGITS[int(digit[0])], word)


def stem(word: str) -> str:
    """Return a word without what English puts at its end: `cancelled`, `cancelling` and `canceled` have one."""
    short = _ENDING.sub("", word)
    return short[:-1] if len(short) > 3 and short[-1] == short[-2] else short


def _shares_parts(name_parts: list[str], known: list[str]) -> bool:
    """`failed` is a part of `batch_failed`, and `status` of `status_code`; three letters are too few to tell."""
    if {*known} < {*name_parts}:
        return len("".join(known)) > 3
    return {*map(stem, name_parts)} < {*map(stem, known)} and len("".join(name_parts)) > 3


def _distance(one: str, other: str) -> int | None:
    """Return in percent how much two words differ, if that is so little that it can be a slip of the finger.

    Hardly anybody errs in the first letter, but by leaving it out, doubling it or typing it second; and three letters are too
    few to tell a slip from the beginning of another word.
    """
    shorter, longer = sorted((one, other), key=len)
    begin_alike = shorter[:1] == longer[:1] or shorter[:2] == longer[1::-1] or (len(shorter) > 3 and shorter == longer[1:])
    if not begin_alike or len(longer) > len(shorter) + 1 or (len(shorter) < 4 and shorter[-1:] != longer[-1:]):
        return None
    from difflib import SequenceMatcher

    percent = 100 - round(100 * SequenceMatcher(None, one, other, autojunk=False).ratio())
    return percent if percent <= (SWAPPED if sorted(one) == sorted(other) else SLIP) else None
