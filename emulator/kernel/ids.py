"""Ids that a world mints, each made from bytes that its seed decides."""

from __future__ import annotations

from collections.abc import Callable, Container

from emulator.kernel.machine import Resource, View


def mint_id(view: View, of: type[Resource], form: Callable[[bytes], str], taken: Container[str] = ()) -> str:
    """Return an id, made by `form` from 32 bytes, that is not `taken`, and that no resource has, as one loaded may."""
    while (id := form(view.mint(of.kind))) in taken or view.find(of, id) is not None:
        pass
    return id
