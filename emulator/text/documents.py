"""Elements of XML and columns of tables that are called secrets."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from itertools import islice

from emulator.text.pattern import pattern
from emulator.text.secrets import is_secret, redact

_ELEMENT = pattern(r"<([\w:.-]++)([^<>]*+)(?<!/)>\s*+(?:<!\[CDATA\[)?+")
_NAMED = pattern(
    r"<([\w:.-]++)[^<>]*+>\s*+(?:<!\[CDATA\[)?+([^<>\]]{1,100}+)(?:\]\]>)?+</\1\s*+>\s*+(?=(<([\w:.-]++)[^<>]*+(?<!/)>\s*+(?:<!\[CDATA\[)?+))"
)
"""An element that holds a text alone, and the one that begins behind it: `<name>password</name><value>`, as XML-RPC has it."""

_CALLED = pattern(r"(?<![\w.-])(?:name|key|field)[ \t]*+=[ \t]*+\\*+[\"']([\w .-]{1,100}+)")
_END = pattern(r"</([\w:.-]++)")

_HEADING = pattern(r"\s*+[\"']?[\w.-]*+(?: [\w.-]++){0,2}[\"']?\s*+")
_DELIMITERS = ",;\t|"
_QUOTE = pattern("[\"']")
MOST_QUOTES = 10
"""Quotes in a first line behind which the headings of a table are looked for."""

_CELL = pattern(r"(\"(?:[^\"]|\"\")*+(?:\"|\Z)|[^,;\t|\r\n]*+)([,;\t|]|\r?\n|\r|\Z)")


def redact_elements(text: str) -> str:
    """Return a text in which each element of XML is covered that is called a secret, with all that it holds.

    So is the one behind an element that holds the name of a secret.
    """
    found = [
        (it.end(), it[1]) for it in _ELEMENT.finditer(text) if is_secret(it[1]) or any(map(is_secret, _CALLED.findall(it[2])))
    ]
    found += [(it.end(3), it[4]) for it in _NAMED.finditer(text) if is_secret(it[2].strip())]
    if not found:
        return text
    ends: dict[str, list[int]] = defaultdict(list)
    for end in _END.finditer(text):
        ends[end[1]].append(end.start())
    pieces: list[str] = []
    done = 0
    for start, name in sorted(found):
        if start >= done:
            later = ends[name]
            place = bisect_left(later, start)
            end_of_text = text.find("<", start + 1) % (len(text) + 1) if text[start : start + 1] != "<" else len(text)
            pieces.append(text[done:start])
            done = later[place] if place < len(later) else end_of_text
            pieces.append(redact(text[start:done]))
    return "".join([*pieces, text[done:]])


def redact_columns(text: str) -> str:
    """Return a table with each column covered whose heading is the name of a secret: with commas, semicolons, tabs or bars.

    A text is a table if its first line has nothing but names, or nothing else behind a quote: in JSON, or in a message.
    """
    line, line_break, rows = text.partition("\n")
    found = (_secret_columns(line[start:]) for start in (0, *(it.end() for it in islice(_QUOTE.finditer(line), MOST_QUOTES))))
    delimiter, columns = next(filter(None, found), ("", frozenset[int]()))
    if not columns:
        return text
    pieces, place = [line, line_break], 0
    for cell in _CELL.finditer(rows):
        pieces += redact(cell[1]) if cell[1] and place in columns else cell[1], cell[2]
        place = 0 if cell[2] in ("\r\n", "\n", "\r") else place + (cell[2] == delimiter)
    return "".join(pieces)


def _secret_columns(headings: str) -> tuple[str, frozenset[int]] | None:
    """Return what separates the headings of a table, and which of them name secrets; None where it has no such table's."""
    delimiter = max(_DELIMITERS, key=headings.count)
    names = headings.split(delimiter)
    if len(names) == 1 or not all(map(_HEADING.fullmatch, names)):
        return None
    columns = frozenset(place for place, name in enumerate(names) if is_secret(name.strip(" \"'\r\t")))
    return (delimiter, columns) if columns else None
