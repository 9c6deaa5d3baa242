"""GUIDs: one in capitals is the same as one in small letters."""

from __future__ import annotations

from emulator.text.pattern import pattern

_GUID = pattern(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def fold(id: str) -> str:
    """Return an id in the letters in which it is compared: a GUID in small ones, any other as it is."""
    return id.lower() if _GUID.fullmatch(id) else id
