"""A body's text, in whatever encoding of Unicode it plainly is."""

from __future__ import annotations

import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, BOM_UTF32_BE, BOM_UTF32_LE, getincrementaldecoder

MARKS = {BOM_UTF32_LE: "utf-32", BOM_UTF32_BE: "utf-32", BOM_UTF16_LE: "utf-16", BOM_UTF16_BE: "utf-16"}
"""Encodings by the byte order marks with which they begin; that of UTF-32-LE begins with that of UTF-16-LE."""

_BINARY = re.compile(rb"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")
"""Bytes that are in no text of any encoding but UTF-16 and UTF-32."""


def text_of(content: bytes) -> str | None:
    """Return the text of a body, which may end within a character; None where its bytes are no text.

    Bytes that are not in UTF-8 are replaced where the rest may be read, as in Latin-1.
    """
    encoding = _encoding_of(content)
    try:
        return getincrementaldecoder(encoding)().decode(content)
    except UnicodeDecodeError:
        return None if encoding != "utf-8" or _BINARY.search(content) else content.decode("utf-8", "replace")


def _encoding_of(content: bytes) -> str:
    for mark, encoding in MARKS.items():
        if content.startswith(mark):
            return encoding
    zeros = [content[place::4].count(0) for place in range(4)]
    characters = len(content) // 4
    if zeros[3] > characters * 3 // 4 and zeros[2] > characters // 2:
        return "utf-32-le"
    if zeros[0] > characters * 3 // 4 and zeros[1] > characters // 2:
        return "utf-32-be"
    even, odd = zeros[0] + zeros[2], zeros[1] + zeros[3]
    if max(even, odd) * 4 <= len(content) // 2:
        return "utf-8"
    return "utf-16-le" if odd > even else "utf-16-be"
