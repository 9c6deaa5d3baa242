"""Hints at the control path that was meant by one that there is not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from itertools import zip_longest

CLOSE = 0.6
"""The least likeness, of 1, at which one segment of a path is a misspelling of another."""


def hint(path: str, known: Iterable[str]) -> str:
    """The known path closest to an unknown one, as a clause to follow a message; nothing where none is close.

    Known paths have parameters in braces, which are filled in as far as the unknown one tells.
    """
    patterns = [re.sub(r":\w+}", "}", it) for it in known]
    bare = path.rstrip("/")
    if bare != path and any(_fits(bare.split("/"), it.split("/")) for it in patterns):
        return f"; leave out the slash at the end: {bare}"
    found = _misspelt(path, patterns) or _cut_short(path, patterns)
    return f"; did you mean {found}?" if found else ""


def _misspelt(path: str, patterns: Iterable[str]) -> str | None:
    """The path that differs in nothing but the spelling of one segment."""
    segments = path.split("/")
    known = [pattern for pattern in (it.split("/") for it in patterns) if len(pattern) == len(segments)]
    for index in range(len(segments) - 1, 0, -1):
        words = {it[index]: None for it in known if not it[index].startswith("{")}
        for word in get_close_matches(segments[index], words, n=1, cutoff=CLOSE):
            meant = [*segments[:index], word, *segments[index + 1 :]]
            if any(_fits(meant, pattern) for pattern in known):
                return "/".join(meant)
    return None


def _cut_short(path: str, patterns: Iterable[str]) -> str | None:
    """The path that ends as this one does, from which segments in the middle were left out."""
    segments = path.split("/")
    ends = (it.split("/") for it in patterns if segments[-1] and it.endswith(f"/{segments[-1]}"))
    found = min(ends, key=len, default=None)
    return None if found is None else "/".join(_begun(segments, found))


def _begun(segments: Sequence[str], pattern: Sequence[str]) -> Iterator[str]:
    """The pattern with its parameters filled in for as long as the segments fit it."""
    fit = True
    for actual, written in zip_longest(segments[:-1], pattern):
        fit = fit and actual is not None and _fits([actual], [written])
        if written is not None:
            yield actual if fit else written


def _fits(segments: Sequence[str], pattern: Sequence[str]) -> bool:
    return len(segments) == len(pattern) and all(
        (written.startswith("{") and actual != "") or written == actual
        for actual, written in zip(segments, pattern, strict=True)
    )
