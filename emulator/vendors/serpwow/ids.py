"""Ids in the forms of the published ones."""

from __future__ import annotations

from collections.abc import Callable, Container

from emulator.sdk import View

Form = Callable[[bytes], str]
"""Makes an id of 32 bytes."""


def code(digest: bytes) -> str:
    """Eight capital hexadecimal digits."""
    return digest.hex()[:8].upper()


def letters(digest: bytes, count: int = 16) -> str:
    """Capitals: sixteen, as of a search, unless another count is asked for."""
    return "".join(chr(65 + byte % 26) for byte in digest[:count])


def seven_letters(digest: bytes) -> str:
    """Seven capitals, as in the printed id of a destination. Evidence: serpwow-destinations-1."""
    return letters(digest, 7)


def fresh(view: View, purpose: str, form: Form, taken: Callable[[str], object]) -> str:
    """An id that is not taken: a state that was shown may have brought some of the same seed along."""
    while taken(id := form(view.mint(purpose))):
        continue
    return id


def fresh_code(view: View, kind: str, others: Container[str] = (), form: Form = code) -> str:
    """An id that nothing of the kind has, nor any of the others."""
    return fresh(view, kind, form, lambda id: id in others or view.find(kind, id))
