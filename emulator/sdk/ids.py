"""New ids: made from bytes that the world's seed decides, until one is unused."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from emulator.kernel.machine import View

Form = Callable[[bytes], str]
"""Makes an id from 32 bytes."""


def mint_id(view: View, kind: str, form: Form, is_used: Callable[[str], object] | None = None) -> str:
    """Return an id that no resource of the kind has, or that is not used by another measure.

    `kind` also names the count from which the bytes come. A loaded state may hold ids of the same seed, hence the search.
    """
    while (id := form(view.mint(kind))) and (view.find(kind, id) is not None if is_used is None else is_used(id)):
        pass
    return id


def guid(digest: bytes) -> str:
    """Return a random GUID in lower case."""
    return str(UUID(bytes=digest[:16], version=4))
