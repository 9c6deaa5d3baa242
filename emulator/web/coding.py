"""Content codings (RFC 9110, 8.4): no body is decoded here, so that one that is compressed is named as what it is."""

from __future__ import annotations

from collections.abc import Iterable

GZIP = b"\x1f\x8b"
"""The first bytes of what gzip makes."""

BODILESS = frozenset({b"", b"0"})


def coding_of(headers: Iterable[tuple[bytes, bytes]], body: bytes) -> str | None:
    """Return in what a request's body is compressed: as its headers say, or as it begins; None where it is plain, or empty.

    Of the body of an upload, the first bytes of gzip are kept and nothing else.
    """
    said, length, chunked = "", b"", False
    for name, value in headers:
        if name == b"content-encoding":
            said = value.decode("latin-1").strip().lower()
        elif name == b"content-length":
            length = value
        elif name == b"transfer-encoding":
            chunked = True
    if not body and not chunked and length in BODILESS:
        return None
    if said not in ("", "identity"):
        return said
    return "gzip" if body.startswith(GZIP) else None
