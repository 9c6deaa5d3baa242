"""The worlds of a server that outlive it: opened as they were kept, recorded from then on, taken back where that fails."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from secrets import token_hex
from threading import Event, Lock, Thread

from emulator.kernel.budget import Budget
from emulator.kernel.clock import REALTIME
from emulator.kernel.errors import BadInput, EmulatorError
from emulator.kernel.limits import Limits
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds
from emulator.sdk.vendor import Vendors
from emulator.store.image import ImageWriter
from emulator.store.keeper import WorldKeeper
from emulator.store.port import Append, Engine
from emulator.store.receipt import Receipt
from emulator.store.records import FORMAT, ImageHead
from emulator.store.replay import Opened, WorldReader
from emulator.store.values import Values, as_json
from emulator.store.writer import BETWEEN_PROBES, Writer

RECORDS, BYTES = 1_000, 8_000_000
"""Records, and bytes of them, after which a world's image is kept anew: opening it costs what it has, not its age."""

log = logging.getLogger("emulator")


class KeptWorlds:
    """Keeps the worlds of one server in an engine, through its writer.

    `receipt` is that of the newest change of which worlds there are.
    """

    def __init__(self, engine: Engine, vendors: Vendors, limits: Limits) -> None:
        self._writer = Writer(engine, on_failure=self._recover_soon)
        self._vendors = vendors
        self._limits = limits
        self._values = Values(vendors)
        self._by = token_hex(6)
        self._keepers: dict[str, WorldKeeper] = {}
        self._since_image: dict[str, tuple[int, int]] = {}
        self._worlds: Worlds | None = None
        self._recovery = Lock()
        self._is_recovering = False
        self.receipt: Receipt | None = None

    @property
    def refusal(self) -> str | None:
        """Why nothing can be kept at present; None where it can."""
        return self._writer.refusal or ("the worlds are taken back to what was kept" if self._is_recovering else None)

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
        try:
            return WorldReader(self._values, self._vendors, self._limits, budget).read(image, records)
        except BadInput as error:
            raise BadInput.at(f"the world {id!r} cannot be read from the store: {error}") from None

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
                self._watch(world, known[world.id].n, known[world.id].newest)
            else:
                self.added(world)
        worlds.keeper = self

    def _watch(self, world: World, n: int, newest: str) -> WorldKeeper:
        keeper = self._keepers[world.id] = WorldKeeper(world, self, self._values, self._by, n, newest)
        keeper.watch()
        return keeper

    def added(self, world: World) -> None:
        """Keep a world that is new, or in the place of another of its id."""
        former = self._keepers.get(world.id)
        if former is not None:
            former.is_ended = True
        with world.lock:
            keeper = self._watch(world, former.n if former else 0, former.newest if former else "")
            keeper.begin(self._claims_of(world.id))
        self.receipt = keeper.receipt

    def claimed(self, world: World) -> None:
        """Keep the credentials that pick a world now."""
        keeper = self._keepers[world.id]
        with world.lock:
            keeper.claims = self._claims_of(world.id)
        self.receipt = keeper.receipt

    def dropped(self, id: str) -> None:
        """Forget a world."""
        if (keeper := self._keepers.pop(id, None)) is not None:
            keeper.is_ended = True
        self._since_image.pop(id, None)
        self.receipt = _receipt_of(self._writer.drop(id))

    def append(self, keeper: WorldKeeper, append: Append) -> Receipt:
        """Have a record kept, and an image after it where that is due. The caller holds the world's lock."""
        receipt = self._writer.append(append)
        records, size = self._since_image.get(append.world, (0, 0))
        self._since_image[append.world] = records + 1, size + len(append.body)
        if records >= RECORDS or size >= BYTES:
            self._since_image[append.world] = 0, 0
            head = ImageHead(FORMAT, self._claims_of(append.world), keeper.newest, REALTIME())
            lines = ImageWriter(keeper.world, self._values).lines()
            self._writer.keep_image(append.world, append.n, _pieces(head, lines)).add_done_callback(_tell)
        return receipt

    def close(self) -> None:
        """Write what waits, and close the engine."""
        self._writer.close()

    def _claims_of(self, id: str) -> tuple[tuple[str, str], ...]:
        return () if self._worlds is None else self._worlds.claims_of(id)

    def _recover_soon(self) -> None:
        """Begin to take worlds back to what was kept, once anything can be kept again."""
        with self._recovery:
            if not self._is_recovering:
                self._is_recovering = True
                Thread(target=self._recover, name="batch-emulator-recovery", daemon=True).start()

    def _recover(self) -> None:
        try:
            while not self._is_writable():
                Event().wait(BETWEEN_PROBES)
            if self._writer.is_closed:
                return
            for keeper in [*self._keepers.values()]:
                if keeper.is_lost:
                    self._try_to_take_back(keeper)
            if self.receipt is not None and self.receipt.is_over:
                self.receipt = None  # what that could not keep is taken back
        finally:
            self._is_recovering = False

    def _is_writable(self) -> bool:
        """Try whether anything can be kept; return whether it can, or never will."""
        probe = self._writer.probe()
        probe.wait()
        return probe.error is None or self._writer.is_closed

    def _try_to_take_back(self, keeper: WorldKeeper) -> None:
        """Take a world back; where that fails, others are taken back all the same."""
        try:
            self._take_back(keeper)
        except EmulatorError:
            log.exception("the world %r cannot be taken back to what was kept", keeper.world.id)

    def _take_back(self, keeper: WorldKeeper) -> None:
        """Put a world as it was kept in the place of what became of it without being kept."""
        worlds, old = self._worlds, keeper.world
        assert worlds is not None  # noqa: S101  keepers are of these
        with old.lock:
            opened = self.open(old.id, worlds.budget) if old.id in self.ids() else None
            keeper.is_ended = True
            if opened is None and old is worlds.default:
                old.reset()
                self._watch(old, 0, "").begin(self._claims_of(old.id))
            elif opened is None or opened.world is None:
                worlds.remove(old.id)
            else:
                self._watch(opened.world, opened.n, opened.newest)
                worlds.put_back(old, opened.world)


def _pieces(head: ImageHead, lines: Iterator[bytes]) -> Iterator[bytes]:
    yield as_json(head)
    yield from lines


def _receipt_of(future: Future[None]) -> Receipt:
    receipt = Receipt()
    future.add_done_callback(lambda it: receipt.end(str(error) if (error := it.exception()) else None))
    return receipt


def _tell(future: Future[None]) -> None:
    if error := future.exception():
        log.warning("no image of a world was kept; its records are: %s", error)
