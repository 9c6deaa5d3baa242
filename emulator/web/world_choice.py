"""Which world a request reaches: that of its link, of the header Emulator-World, or of its credential."""

from __future__ import annotations

from emulator.kernel.words import hint
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds
from emulator.sdk.request import Request
from emulator.sdk.vendor import Vendor
from emulator.web.response import WORLD_HEADER


def world_of(worlds: Worlds, vendor: Vendor, request: Request) -> World | None:
    """Return the world that a request names or its credential picks; None where there is none, or two are named.

    A link whose world is unknown, as in `/_files/stripe/any/...`, leads into the one that the header names.
    """
    linked, named = request.parameters.get("world"), _named(request)
    if linked is None and named is None:
        return worlds.pick(vendor.name, request.credential)
    known = {id for id in (linked, named) if id is not None and id in worlds}
    is_plain = len(known) == 1 and (named is None or named in known)
    return worlds.get(known.pop()) if is_plain else None


def why_no_world(worlds: Worlds, request: Request) -> str:
    """Return why a request reaches no world, and the nearest name that there is."""
    linked, named = request.parameters.get("world"), _named(request)
    if linked is not None and linked in worlds and named is not None and named in worlds:
        return f"this link is of the world {linked!r}, and the header Emulator-World names {named!r}: leave the header out"
    source, name = ("the path", linked) if named is None else ("the header Emulator-World", named)
    return f"{source} names {name!r}, and no world is called so{hint(str(name), (it.id for it in worlds))}"


def _named(request: Request) -> str | None:
    """The last of the headers that name a world."""
    names = [value.decode("latin-1") for name, value in request.raw_headers if name == WORLD_HEADER]
    return names[-1] if names else None
