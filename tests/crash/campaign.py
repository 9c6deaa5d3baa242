"""Rounds of a campaign: clients act, the server dies in one of several ways, is started on the same file, and all is compared."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from tests.attack.served import Client
from tests.crash.crowd import Crowd
from tests.crash.disk import Disk
from tests.crash.lives import Life, Tally
from tests.crash.victim import NotStarted, Victim, can_bound_files
from tests.store.postgres import Cluster

LIVES, CROWD = 4, 3
"""Worlds with a client of their own, and clients of a world that they share."""
CROWD_ROUNDS = 10
"""Rounds after which the shared worlds are others."""

Wait = Callable[[float], None]


@dataclass
class Campaign:
    """One store, the server on it, and the worlds there. `twin` is a server that keeps nothing, and is not killed.

    The store is a file on a `disk`, if there is one, or in a `cluster` of PostgreSQL.

    Of all starts, a part `interrupted` is killed before the server listens.
    """

    victim: Victim
    twin: str
    seed: int
    disk: Disk | None = None
    cluster: Cluster | None = None
    tally: Tally = field(default_factory=Tally)
    kills: int = 0
    stops: int = 0
    rounds: int = 0
    wait: Wait = time.sleep
    interrupted: float = 0.1

    def __post_init__(self) -> None:
        self._draw = random.Random(self.seed)
        self._twins = [Client(self.twin) for _ in range(LIVES)]
        self._lives = [
            Life(f"life-{self.seed}-{n}", self.victim, twin, random.Random(f"{self.seed}/{n}"))
            for n, twin in enumerate(self._twins)
        ]
        self._crowds: list[Crowd] = []

    def play(self, trouble: str | None = None) -> None:
        """Start the server, compare, let the clients act, and let it die."""
        draw = self._draw
        troubles = TROUBLES if self.cluster is None else DATABASE_TROUBLES
        trouble = trouble or draw.choices([*troubles], [weight for _, weight in troubles.values()])[0]
        if self.rounds % CROWD_ROUNDS == 0:
            rates: tuple[float | str, ...] = ("frozen", 60.0)
            self._crowds = [Crowd(f"crowd-{self.seed}-{self.rounds}-{n}", self.victim, n, rate) for n, rate in enumerate(rates)]
        self.rounds += 1
        self._start(is_interrupted=draw.random() < self.interrupted)
        self._audit()
        acts = [partial(life.live, Client(self.victim.netloc)) for life in self._lives]
        for crowd in self._crowds:
            acts += [partial(crowd.act, Client(self.victim.netloc), random.Random(draw.random())) for _ in range(CROWD)]
        with ThreadPoolExecutor(len(acts)) as pool:
            acting = [pool.submit(act) for act in acts]
            try:
                self.wait(draw.uniform(0.02, 0.4))
                troubles[trouble][0](self)
            finally:
                if not self.victim.is_dying:
                    self._kill()
            for it in acting:
                it.result()
        self._gather(trouble)

    def end(self) -> None:
        """Start once more, and compare all."""
        self._start(is_interrupted=False)
        self._audit()
        self._gather("end")

    def close(self) -> None:
        """End the server, and close what is open."""
        if not self.victim.is_dying:
            self.victim.kill()
        for twin in self._twins:
            twin.close()

    def heard(self) -> int:
        """Return how many requests of this round were answered or refused."""
        everybody: list[Life | Crowd] = [*self._lives, *self._crowds]
        return sum(it.tally.answered + it.tally.refused for it in everybody)

    def _start(self, is_interrupted: bool) -> None:
        if is_interrupted:
            self.victim.spawn("--resume")
            self.wait(self._draw.uniform(0, 1.0))
            self._kill()
        try:
            self.victim.start("--resume")
        except NotStarted as error:
            self.tally.find(f"the server does not start: {error}")
            raise

    def _audit(self) -> None:
        client, whole = Client(self.victim.netloc), self._draw.randrange(LIVES)
        for n, life in enumerate(self._lives):
            life.audit(client, n == whole)
        for crowd in self._crowds:
            crowd.audit(client)
        client.close()

    def _kill(self) -> None:
        self.victim.kill()
        self.kills += 1

    def _gather(self, trouble: str) -> None:
        everybody: list[Life | Crowd] = [*self._lives, *self._crowds]
        for it in everybody:
            for found in it.tally.found:
                self.tally.find(f"round {self.rounds} ({trouble}): {found}")
            it.tally.found.clear()
            self.tally.add(it.tally)
            it.tally = Tally()
        for failure in self.victim.failures():
            self.tally.find(f"round {self.rounds} ({trouble}): {failure}")
        self.victim.log.write_text("")

    # --- troubles

    def freeze(self) -> None:
        """Stop the process for a while, in which its clients wait; then it goes on, or dies."""
        self.victim.freeze()
        self.wait(self._draw.uniform(0.02, 0.2))
        if self._draw.random() < 0.5:
            self.victim.thaw()
            self.wait(self._draw.uniform(0.0, 0.2))

    def fill(self) -> None:
        """Fill its disk; make room again, and it goes on by itself, or dies."""
        if self.disk is None:
            return
        self.disk.fill()
        self.wait(self._draw.uniform(0.05, 0.3))
        self._mend(self.disk.make_room)

    def break_down(self) -> None:
        """Have its disk fail, which can only be read from then on, and repair that once it is dead."""
        if self.disk is None:
            return
        self.victim.freeze()
        self.disk.break_down()
        self.victim.thaw()
        self.wait(self._draw.uniform(0.05, 0.3))
        self._kill()
        told = self.victim.refusal("--resume")
        if "the store" not in told or len(told.splitlines()) > 1:
            self.tally.find(f"on a disk that can only be read the server says {told!r}")
        self.disk.repair()

    def fail(self) -> None:
        """Let its writes fail, of which a part may come to the disk; then they succeed, or it dies."""
        if not can_bound_files():
            return
        sizes = self.victim.files().values()
        self.victim.bound_files(self._draw.randint(0, max(sizes, default=0) + 20_000))
        self.wait(self._draw.uniform(0.05, 0.3))
        self._mend(lambda: self.victim.bound_files(None))

    def end_database(self) -> None:
        """End the database, at once or in order; begin it again, and the server goes on by itself, or dies meanwhile."""
        assert self.cluster is not None
        self.cluster.stop(self._draw.choice(["fast", "immediate"]))
        self.wait(self._draw.uniform(0.0, 0.3))
        if is_killed := self._draw.random() < 0.3:
            self._kill()
        self.cluster.start()
        if not is_killed:
            self._until_ready()

    def cut(self) -> None:
        """Cut its connections, again and again."""
        assert self.cluster is not None
        for _ in range(self._draw.randint(1, 4)):
            self.cluster.cut()
            self.wait(self._draw.uniform(0.0, 0.1))
        self._until_ready()

    def _mend(self, mend: Callable[[], None]) -> None:
        if self._draw.random() < 0.3:
            self._kill()
            if self.disk is not None:
                self.disk.make_room()
            return
        mend()
        self._until_ready()

    def _until_ready(self) -> None:
        client = Client(self.victim.netloc)
        for _ in range(100):
            if client.ask("GET", "/_emulator/ready")[0] == 200:
                break
            self.wait(0.1)
        else:
            self.tally.find("the server does not become ready after its store can be written again")
        client.close()
        self.wait(self._draw.uniform(0.0, 0.2))

    def stop(self) -> None:
        """Tell it to stop: it loses nothing, and leaves one file."""
        code = self.victim.stop()
        self.stops += 1
        if isinstance(self.victim.store, Path) and [*self.victim.files()] != [self.victim.store.name]:
            self.tally.find(f"stopped with code {code}, it left {self.victim.files()}")


TROUBLES: Mapping[str, tuple[Callable[[Campaign], None], int]] = {
    "kill": (lambda _: None, 60),
    "freeze": (Campaign.freeze, 12),
    "full": (Campaign.fill, 12),
    "failing": (Campaign.fail, 10),
    "read-only": (Campaign.break_down, 8),
    "stop": (Campaign.stop, 6),
}
"""What happens before the server dies, and how often beside the others."""

DATABASE_TROUBLES: Mapping[str, tuple[Callable[[Campaign], None], int]] = {
    "kill": (lambda _: None, 60),
    "freeze": (Campaign.freeze, 12),
    "database": (Campaign.end_database, 12),
    "cut": (Campaign.cut, 12),
    "stop": (Campaign.stop, 6),
}
"""The same where the store is a database."""
