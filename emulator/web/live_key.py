"""Keys that look live, which are refused wherever a request's head has them."""

from __future__ import annotations

from binascii import a2b_base64
from collections.abc import Iterable
from urllib.parse import unquote_to_bytes

from emulator.kernel.secrets import LIVE

_DECODED = 3
"""How many times over a key may be percent-encoded and still be known."""


def has_live_key(headers: Iterable[tuple[bytes, bytes]], *target: bytes) -> bool:
    """Tell whether a key that looks live is in a header, in basic authentication too, or in a part of the target."""
    for text in target:
        if _is_live(text):
            return True
    for name, value in headers:
        if name.endswith(b"authorization") and value[:6].lower() == b"basic ":
            value = _decoded(value[6:])
        if _is_live(value):
            return True
    return False


def _is_live(text: bytes) -> bool:
    for _ in range(_DECODED):
        if b"%" not in text:
            break
        text = unquote_to_bytes(text)
    return b"k_live_" in text and LIVE.search(text.decode("latin-1")) is not None


def _decoded(base64: bytes) -> bytes:
    try:
        return a2b_base64(base64 + b"==")
    except ValueError:
        return base64
