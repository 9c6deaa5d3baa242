"""Forms in parts (multipart/form-data) in which no field can be read that is called a secret."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict

from emulator.text.pattern import pattern
from emulator.text.secrets import is_secret, redact

_DELIMITER = pattern(r"^--([^\r\n]++)", re.MULTILINE)
_PART = pattern(
    r"^--([^\r\n]++)\r?\n((?:[A-Za-z][\w-]*+[ \t]*+:[^\r\n]*+\r?\n(?:[ \t]++[^\r\n]*+\r?\n)*+)++)\r?\n", re.MULTILINE
)
"""A line that begins a part, the part's headers, and the empty line that ends them."""

_FIELD = pattern(r"[;\s]name\*?[ \t]*+=[ \t]*+(?=([^\r\n]{1,200}))", re.IGNORECASE)


def redact_parts(text: str) -> str:
    """Return a text in which each part that is named like a secret is covered, up to the next line with its boundary.

    A text without such headers, as a preamble has none, begins no part. Parts may nest.
    """
    ends: dict[str, list[int]] = defaultdict(list)
    for line in _DELIMITER.finditer(text):
        ends[line[1].rstrip().removesuffix("--")].append(line.start())
    pieces: list[str] = []
    done = 0
    for part in _PART.finditer(text):
        if part.start() >= done and _is_secret(part[2]):
            start, later = part.end(), ends[part[1].rstrip().removesuffix("--")]
            place = bisect_left(later, start)
            done_before, done = done, later[place] if place < len(later) else len(text)
            value = text[start:done].rstrip()
            pieces += text[done_before:start], redact(value), text[start + len(value) : done]
    return "".join([*pieces, text[done:]])


def _is_secret(headers: str) -> bool:
    """Tell whether any parameter `name` of a part's headers is that of a secret, be its value quoted or not."""
    for field in _FIELD.finditer(headers):
        name = field[1][1:].partition('"')[0] if field[1][0] == '"' else field[1].partition(";")[0]
        if is_secret(name.rpartition("'")[2] or name):
            return True
    return False
