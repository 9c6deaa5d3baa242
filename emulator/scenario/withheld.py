"""Problems of a file that a scenario includes: they say where it is, and repeat nothing that stands there.

It may be included by mistake, or by somebody who is not to read it. What a message quotes are words of the grammar.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Set
from decimal import Decimal
from typing import Any

from emulator.kernel.errors import Path, Problem
from emulator.kernel.resource import structs
from emulator.scenario.document import Document, JsonObject
from emulator.text.checkpoint import checkpoint
from emulator.text.pattern import pattern

HIDDEN = "…"

_QUOTED = pattern(r"(?<!\w)(?:'(?:[^'\\]|\\.)*(?:'|\\?\Z)|\"(?:[^\"\\]|\\.)*(?:\"|\\?\Z))", re.DOTALL)
"""Text in quotes; a long message may be cut within them."""
_MARKED = pattern(r"(?<!\w)[&*!][^\s,;:]+")
"""Names of anchors and tags."""
_WORD = pattern(r"[^\s,;:()\[\]{}]+")
_NUMBER = pattern(r"(?<![\w.])-?[0-9][0-9.]*(?!\w)")


def withheld_problems(problems: Iterable[Problem], document: Document, schema: JsonObject) -> list[Problem]:
    """Return problems, of which those in files that are included repeat nothing of them but words of the schema."""
    words = frozenset(_words_of(schema))
    numbers = {
        str(it) for it in (value_at(document.value, path) for path in document.sources) if isinstance(it, (int, Decimal))
    }
    return [_withheld(it, document.value, words, numbers) if it.source else it for it in problems]


def _withheld(problem: Problem, value: Any, words: Set[str], numbers: Set[str]) -> Problem:
    message = _QUOTED.sub(lambda quoted: quoted[0] if quoted[0][1:-1] in words else HIDDEN, problem.message)
    message = _MARKED.sub(HIDDEN, message)
    message = _NUMBER.sub(lambda number: HIDDEN if number[0] in numbers else number[0], message)
    texts = {*_texts_at(value, problem.path)} - words
    message = _WORD.sub(lambda word: HIDDEN if word[0] in texts else word[0], message)
    return structs.replace(problem, message=message, path=())


def _words_of(schema: Any) -> Iterator[str]:
    """Yield the keys and choices that a schema knows."""
    if isinstance(schema, dict):
        yield from (key for key in schema.get("properties", ()) if isinstance(key, str))
        yield from (str(choice) for choice in schema.get("enum", ()))
    for part in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from _words_of(part)


def _texts_at(value: Any, path: Path) -> Iterator[str]:
    """Yield the names on the way to a part of a value, and that part where it is plain."""
    yield from (part for part in path if isinstance(part, str) and part)
    part = value_at(value, path)
    if not (part is None or part == "" or isinstance(part, (dict, list, bool))):
        yield str(part)


def value_at(value: Any, path: Path) -> Any:
    """Return the part of a value at a path; None where there is none."""
    checkpoint()
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value
