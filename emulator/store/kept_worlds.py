"""The worlds of a server that outlive it: opened as they were kept, recorded from then on, taken back where that fails."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from functools import partial
from secrets import token_hex

from emulator.kernel.budget import Budget
from emulator.kernel.clock import REALTIME
from emulator.kernel.errors import BadInput, EmulatorError, TooMany
from emulator.kernel.limits import Limits
from emulator.kernel.world import World
from emulator.kernel.worlds import Claim, Worlds
from emulator.sdk.vendor import Vendors
from emulator.store.image import FORMAT, ImageWriter
from emulator.store.keeper import WorldKeeper
from emulator.store.port import Append, Engine, StoreUnavailable
from emulator.store.receipt import Receipt
from emulator.store.records import Claims, ImageHead
from emulator.store.recovery import Recovery
from emulator.store.replay import Opened, WorldReader
from emulator.store.values import Values, as_json
from emulator.store.writer import Writer

RECORDS, BYTES = 1_000, 8_000_000
"""Records, and bytes of them, after which a world's image is kept anew: opening it costs what it has, not its age."""

WHAT_TO_DO = "put back a copy of the store, or forget all that it has with --fresh"

log = logging.getLogger("emulator")


class KeptWorlds:
    """Keeps the worlds of one server in an engine, through its writer.

    `receipt` is that of the newest change of which worlds there are.
    """

    def __init__(self, engine: Engine, vendors: Vendors, limits: Limits) -> None:
        self._writer = Writer(engine, on_failure=self.take_back)
        self._vendors = vendors
        self._limits = limits
        self._values = Values(vendors)
        self._by = token_hex(6)
        self._keepers: dict[str, WorldKeeper] = {}
        self._claims: dict[str, Claims] = {}
        self._since_image: dict[str, tuple[int, int]] = {}
        self._imaged: set[str] = set()
        self._dropped_in_vain: dict[str, World] = {}
        self._worlds: Worlds | None = None
        self._recovery = Recovery(self._writer, self._take_all_back)
        self.receipt: Receipt | None = None

    @property
    def refusal(self) -> str | None:
        """Why nothing can be kept at present; None where it can."""
        return self._writer.refusal or ("the worlds are taken back to what was kept" if self._recovery.is_under_way else None)

    def ids(self) -> list[str]:
        """Return the ids of the worlds that are kept."""
        return [*self._writer.call(lambda engine: engine.list()).result()]

    def open(self, id: str, budget: Budget) -> Opened:
        """Return a world as it was kept. What it keeps counts in a budget.

        Raises:
            BadInput: its records cannot be read.
            TooMany: there is no room for it.
            StoreUnavailable: nothing can be read.
        """

        def read(engine: Engine) -> tuple[tuple[int, list[bytes]] | None, list[tuple[int, bytes]]]:
            image = engine.newest_image(id)
            kept = None if image is None else (image.n, [*image.pieces])
            return kept, [*engine.read(id, 0 if kept is None else kept[0])]

        image, records = self._writer.call(read).result()
        self._since_image[id] = len(records), sum(len(body) for _, body in records)
        try:
            return WorldReader(self._values, self._vendors, self._limits, budget).read(image, records)
        except BadInput as error:
            raise BadInput.at(f"the world {id!r} cannot be read from the store: {error}; {WHAT_TO_DO}") from None

    def forget(self, ids: Iterable[str]) -> None:
        """Drop worlds that are kept, and return when they are."""
        for future in [self._writer.drop(id) for id in ids]:
            future.result()

    def watch(self, worlds: Worlds, opened: Iterable[Opened]) -> None:
        """Record from now on what happens to these worlds, of which some were opened, and to those that are made."""
        self._worlds = worlds
        known = {it.world.id: it for it in opened if it.world is not None}
        for world in worlds:
            if world.id in known:
                self._go_on(world, known[world.id])
                if (doubtful := known[world.id].doubtful) is not None:
                    _doubt(world, doubtful)
            else:
                self.added(world, worlds.claims_of(world.id))
        worlds.keeper = self

    def _go_on(self, world: World, opened: Opened) -> None:
        """Record what happens to a world from now on, as it was opened."""
        self._claims[world.id] = opened.claims
        self._watch(world, opened.n, opened.newest).is_at_rest = opened.doubtful is None

    def _watch(self, world: World, n: int, newest: str) -> WorldKeeper:
        keeper = self._keepers[world.id] = WorldKeeper(world, self, self._values, self._by, n, newest)
        keeper.watch()
        return keeper

    def added(self, world: World, claims: Iterable[Claim]) -> None:
        """Keep a world that is new, or in the place of another of its id, before anybody can reach it."""
        former = self._ended(world.id)
        self._claims[world.id] = tuple(claims)
        with world.lock:
            keeper = self._watch(world, former.n if former else 0, former.newest if former else "")
            keeper.begin(self._claims[world.id])
        self.receipt = keeper.receipt

    def _ended(self, id: str) -> WorldKeeper | None:
        """End the keeper of a world, and return it, if there is one."""
        if (keeper := self._keepers.pop(id, None)) is not None:
            keeper.is_ended = True
        return keeper

    def dropped(self, world: World) -> None:
        """Forget a world."""
        self._ended(world.id)
        self._since_image.pop(world.id, None)
        self.receipt = receipt = Receipt()
        self._writer.drop(world.id).add_done_callback(partial(self._end_drop, world, receipt))

    def _end_drop(self, world: World, receipt: Receipt, done: Future[None]) -> None:
        if error := done.exception():
            self._dropped_in_vain[world.id] = world
            self._recovery.begin()
        receipt.end(str(error) if error else None)

    def append(self, keeper: WorldKeeper, append: Append) -> Receipt:
        """Have a record kept, and an image after it where that is due. The caller holds the world's lock."""
        receipt = self._writer.append(append)
        records, size = self._since_image.get(append.world, (0, 0))
        self._since_image[append.world] = records + 1, size + len(append.body)
        if (records >= RECORDS or size >= BYTES) and append.world not in self._imaged:
            self._since_image[append.world] = 0, 0
            self._imaged.add(append.world)
            head = ImageHead(FORMAT, self._claims[append.world], keeper.newest, REALTIME(), keeper.world.ttl)
            lines = ImageWriter(keeper.world, self._values).lines()
            done = self._writer.keep_image(append.world, append.n, _pieces(head, lines))
            done.add_done_callback(partial(self._end_image, append.world))
        return receipt

    def _end_image(self, id: str, done: Future[None]) -> None:
        self._imaged.discard(id)
        if (error := done.exception()) and not self._writer.is_closed:
            log.warning("no image of a world was kept; its records are: %s", error)

    def close(self) -> None:
        """Note that all answers were sent, write what waits, and close the engine."""
        for keeper in [*self._keepers.values()]:
            with keeper.world.lock:
                keeper.rest()
        self._writer.close()

    def take_back(self) -> None:
        """Have the worlds taken back of which something could not be kept."""
        self._recovery.begin()

    def _take_all_back(self) -> None:
        """Take back each world of which something could not be kept, or that could not be dropped."""
        for keeper in [*self._keepers.values()]:
            if keeper.is_lost:
                self._try_to_put_back(keeper.world, keeper)
        for world in [*self._dropped_in_vain.values()]:
            if self._worlds is not None and world.id not in self._worlds:
                self._try_to_put_back(world)
            del self._dropped_in_vain[world.id]
        if self.receipt is not None and self.receipt.is_over:
            self.receipt = None  # what that could not keep is taken back

    def _try_to_put_back(self, world: World, keeper: WorldKeeper | None = None) -> None:
        """Put a world as it was kept in the place of what became of it; one that cannot be read stands in nobody's way.

        Raises:
            StoreUnavailable: nothing can be read at present.
        """
        try:
            with world.lock:
                if keeper is None or not keeper.is_ended:
                    self._put_back(world)
        except StoreUnavailable:
            raise
        except EmulatorError:
            log.exception("the world %r cannot be taken back to what was kept", world.id)

    def _put_back(self, old: World) -> None:
        worlds = self._worlds
        assert worlds is not None  # noqa: S101  worlds that are put back are of these
        try:
            opened = self.open(old.id, worlds.budget)
        except TooMany:
            old.empty()  # there may be no room for both
            opened = self.open(old.id, worlds.budget)
        self._ended(old.id)
        new, claims = opened.world, opened.claims
        if new is not None:
            new.set_receivers(old.receivers)
            self._go_on(new, opened)
        elif old is worlds.default:  # of which nothing was kept yet
            new, claims = old.spawn(old.id, old.rules), self._claims[old.id]
            self.added(new, claims)
        worlds.put_back(old, new, claims)
        old.empty()


def _doubt(world: World, newest: frozenset[int]) -> None:
    with world.lock:  # so that it is recorded
        world.journal.doubt(newest)


def _pieces(head: ImageHead, lines: Iterator[bytes]) -> Iterator[bytes]:
    yield as_json(head)
    yield from lines
