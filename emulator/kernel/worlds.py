"""The worlds of one server, and the credentials that pick them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from threading import Lock

from emulator.kernel.errors import Conflict, NotFound, TooMany
from emulator.kernel.keeping import WorldsKeeper
from emulator.kernel.limits import Limits
from emulator.kernel.world import World

DEFAULT = "default"
MOST_FORMER = 1_000
"""Credentials of former scenarios that pick a world, at most."""

Claim = tuple[str, str]
"""(vendor, credential)."""


class Worlds:
    """The default world takes every credential that no other world has claimed. `budget` bounds what all of them keep.

    `owners` are the worlds that claimed a credential, by vendor and credential. `keeper` records all this, where one does.
    `on_put_back` hears of a world that was put as it was kept in the place of another, or taken out.
    """

    def __init__(self, default: World, limit: int = 10_000) -> None:
        self._limit = limit
        self._lock = Lock()
        self._worlds: dict[str, World] = {default.id: default}
        self.owners: dict[Claim, World] = {}
        self._claims: dict[str, dict[Claim, None]] = {}
        self.default = default
        self.budget = default.quota.budget
        self.keeper: WorldsKeeper | None = None
        self.on_put_back: Callable[[World, World | None], None] = lambda _, __: None

    def __iter__(self) -> Iterator[World]:
        return iter([*self._worlds.values()])

    def __len__(self) -> int:
        return len(self._worlds)

    def __contains__(self, id: str) -> bool:
        return id in self._worlds

    def find(self, id: str) -> World | None:
        """Return the world of an id, or None."""
        return self._worlds.get(id)

    def get(self, id: str) -> World:
        """Return the world of an id.

        Raises:
            NotFound: there is none.
        """
        try:
            return self._worlds[id]
        except KeyError:
            raise NotFound("world", id, self._worlds) from None

    def add(self, world: World, claims: Iterable[Claim]) -> None:
        """Add a world together with the credentials that pick it: all of them, or nothing.

        Raises:
            Conflict: the id or one of the credentials is another world's.
            TooMany: there are as many worlds as there may be.
        """
        with self._lock:
            self.check(world.id, ())
            wanted = tuple(dict.fromkeys(claims))
            self.check_claims(world.id, wanted, None)
            if self.keeper is not None:
                self.keeper.added(world, wanted)
            self._take(wanted, world)
            self._worlds[world.id] = world

    def check(self, id: str, claims: Iterable[Claim]) -> None:
        """Check that a world of this id, with these credentials among others, could be added now, before it is made.

        Raises:
            Conflict: the id or one of the credentials is another world's.
            TooMany: there are as many worlds as there may be.
        """
        if id in self._worlds:
            raise Conflict(f"there is a world {id!r} already")
        if len(self._worlds) >= self._limit:
            raise TooMany(f"there are {self._limit} worlds, and no more are allowed: {Limits.more('worlds')}")
        self.check_claims(id, claims, None)

    def check_claims(self, id: str, claims: Iterable[Claim], former: World | None) -> None:
        """Check that each of the credentials is free, or of the former world of this id, before that is replaced.

        Raises:
            Conflict: one of them is another world's.
        """
        for claim in claims:
            if self.owners.get(claim, former) is not former:
                owner = self.owners[claim].id
                raise Conflict(
                    f"world {id!r} lists a {claim[0]} credential that picks the world {owner!r} already: "
                    "leave it out of the scenario, and use the one that each world has of its own; or drop that world"
                )

    def claim(self, world: World, claims: Iterable[Claim]) -> None:
        """Add credentials that pick a world, which is not kept yet.

        Raises:
            Conflict: one of them is another world's.
        """
        with self._lock:
            wanted = tuple(claims)
            self.check_claims(world.id, wanted, world)
            self._take(wanted, world)

    def replace(self, old: World, new: World, claims: Iterable[Claim], given_up: Iterable[Claim] = ()) -> None:
        """Put a world in the place of another of the same id, with its credentials but for those that are given up.

        Of the credentials that it had before, the MOST_FORMER newest go on to pick it.

        Raises:
            Conflict: one of the new credentials is another world's.
        """
        with self._lock:
            wanted = dict.fromkeys(claims)
            self.check_claims(new.id, wanted, old)
            former = [claim for claim in self._claims.get(old.id, ()) if claim not in wanted]
            dropped = {*given_up, *former[:-MOST_FORMER]}
            claimed = (*(claim for claim in former if claim not in dropped), *wanted)
            if self.keeper is not None:
                self.keeper.added(new, claimed)
            self._put_in_place(old, new, claimed)

    def remove(self, id: str) -> None:
        """Remove a world and its credentials.

        Raises:
            NotFound: there is none of that id.
            Conflict: it is the default world, without which a stray request would have nowhere to go.
        """
        with self._lock:
            world = self.get(id)
            if world is self.default:
                raise Conflict("the default world cannot be deleted; it can be reset")
            self._take_out(world)
            if self.keeper is not None:
                self.keeper.dropped(world)

    def claims_of(self, id: str) -> tuple[Claim, ...]:
        """Return the credentials that pick the world of an id."""
        return tuple(self._claims.get(id, ()))

    def put_back(self, old: World, new: World | None, claims: Iterable[Claim]) -> None:
        """Put a world as it was kept, and who picks it, in the place of the one that it was kept of; None takes that out."""
        with self._lock:
            present = self._worlds.get(old.id)
            if present is not None and present is not old:
                return
            if new is not None:
                self._put_in_place(old, new, [it for it in claims if self.owners.get(it, old) is old])
            elif present is not None:
                self._take_out(old)
        self.on_put_back(old, new)

    def _put_in_place(self, old: World, new: World, claims: Iterable[Claim]) -> None:
        self._forget_claims(old)
        self._take(claims, new)
        self._worlds[new.id] = new
        old.epoch += 1
        if old is self.default:
            self.default = new

    def _take_out(self, world: World) -> None:
        del self._worlds[world.id]
        world.epoch += 1
        self._forget_claims(world)

    def _forget_claims(self, world: World) -> None:
        for claim in self._claims.pop(world.id, ()):
            del self.owners[claim]

    def _take(self, claims: Iterable[Claim], world: World) -> None:
        wanted = dict.fromkeys(claims)
        self.owners.update(dict.fromkeys(wanted, world))
        self._claims.setdefault(world.id, {}).update(wanted)
