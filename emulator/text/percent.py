"""Percent-encoding undone; the standard library is thirty times slower where `%` encodes nothing, so that is hidden from it."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import unquote_plus, unquote_to_bytes

from emulator.text.checkpoint import checkpoint
from emulator.text.pattern import pattern

PIECE = 30_000
"""Characters of a long text that are decoded at once."""

_ENCODED, _STRAY = "%[0-9A-Fa-f]{2}", "%(?![0-9A-Fa-f]{2})"
_ENCODED_IN_TEXT, _STRAY_IN_TEXT = pattern(_ENCODED), pattern(_STRAY)
_ENCODED_IN_BYTES, _STRAY_IN_BYTES = pattern(_ENCODED.encode()), pattern(_STRAY.encode())


def percent_decoded(text: bytes) -> bytes:
    """Return a text as `unquote_to_bytes` does."""
    return unquote_to_bytes(_STRAY_IN_BYTES.sub(b"%25", text)) if _ENCODED_IN_BYTES.search(text) else text


def form_decoded(text: str) -> str:
    """Return a text as `unquote_plus` does."""
    return unquote_plus(_STRAY_IN_TEXT.sub("%25", text)) if _ENCODED_IN_TEXT.search(text) else text.replace("+", " ")


def form_fields(text: str) -> Iterator[tuple[bytes, bytes]]:
    """Yield the names and the values of a form, decoded, as `parse_qsl` does with those that are blank kept."""
    for field in filter(None, text.replace("+", " ").split("&")):
        name, _, value = field.partition("=")
        yield _decoded_in_pieces(name), _decoded_in_pieces(value)


def _decoded_in_pieces(text: str) -> bytes:
    """Return a text as `unquote_to_bytes` does; a long one in pieces, since that takes a hundred times its size."""
    decoded, start = bytearray(), 0
    while start < len(text):
        checkpoint()
        end = start + PIECE
        cut = text.find("%", end - 2, end)  # an escape is not cut in two
        end = end if cut < 0 else cut
        decoded += unquote_to_bytes(text[start:end])
        start = end
    return bytes(decoded)
