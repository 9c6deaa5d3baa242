"""Lives of worlds, each with one client: after every death the world is, to the byte, what a twin is that was never killed."""

from __future__ import annotations

import json
import random
from contextlib import closing, suppress
from dataclasses import dataclass, field

from tests.attack.served import Client
from tests.crash.deeds import OFTEN, SNAPSHOTS, Deed, Known, back, making
from tests.crash.victim import Victim

VIEWS = ("state", "journal?newest=30", "clock", "snapshots")
MORE_VIEWS = (
    *("", "faults", "replies", "timeline", "pending", "ledger", "deliveries", "overview", "journal", "numbers"),
    *(f"diff?from={name}" for name in ("beginning", *SNAPSHOTS)),
)
UNAVAILABLE = b"since the store cannot keep it"
"""What every answer says that stands in place of one of which nothing is kept."""
NO_WORLD = b"no world is called"
LONGEST = 150
"""Deeds after which a world is dropped, and made anew."""


class Cut(Exception):
    """The server died before it answered."""


@dataclass
class Tally:
    """What was tried, and what was found."""

    answered: int = 0
    refused: int = 0
    in_doubt: int = 0
    happened: int = 0
    compared: int = 0
    found: list[str] = field(default_factory=list)

    def find(self, what: str) -> None:
        self.found.append(what[:3_000])

    def add(self, other: Tally) -> None:
        for name in ("answered", "refused", "in_doubt", "happened", "compared"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.found += other.found


class Life:
    """A world on the victim, its twin on a server that keeps nothing, and the one client that acts in both."""

    def __init__(self, world: str, victim: Victim, twin: Client, draw: random.Random) -> None:
        self.tally = Tally()
        self._world, self._victim, self._twin, self._draw = world, victim, twin, draw
        self._known = Known(world)
        self._in_doubt: Deed | None = None
        self._deeds = LONGEST
        self._last: list[str] = []

    def live(self, client: Client, deeds: int = 1_000_000) -> None:
        """Act, a deed after the other, until the server dies or so many were done. The client is closed after that."""
        with closing(client), suppress(Cut):
            for _ in range(deeds):
                self._do(client, self._next())
                if self.tally.found:
                    return

    def _next(self) -> Deed:
        draw, at = self._draw, f"/_emulator/worlds/{self._world}"
        if self._deeds >= LONGEST:
            self._deeds = -1
            return Deed("DELETE", at, None, {"Host": "localhost"})
        self._deeds += 1
        if self._deeds == 0:
            self._known = Known(self._world)
            return making(self._world, draw.randint(1, 10**6))
        return back(self._known, draw) if draw.random() < 0.05 else draw.choice(OFTEN)(self._known, draw)

    def _do(self, client: Client, deed: Deed) -> None:
        status, content = deed.ask(client)
        if status == 0 and self._victim.is_dying:
            self._in_doubt = deed
            self.tally.in_doubt += 1
            raise Cut
        self._last = [*self._last[-8:], f"{deed.method} {deed.path} {deed.body} -> {status}"]
        if status == 503 and UNAVAILABLE in content:
            self.tally.refused += 1
            self._begin_anew_if_refused(deed)
            return
        self.tally.answered += 1
        expected = deed.ask(self._twin)
        if not _are_same((status, content), expected):
            self._find(f"{deed} is answered {status} {content!r}, and by the twin {expected}")
        self._known.learn(deed, content)

    def _begin_anew_if_refused(self, deed: Deed) -> None:
        """Try again to drop a world, or to make it, where that was refused."""
        if deed.path in ("/_emulator/worlds", f"/_emulator/worlds/{self._world}"):
            self._deeds = LONGEST

    def audit(self, client: Client, is_whole: bool) -> None:
        """Compare the world with its twin; what the server died over has happened wholly, or not at all."""
        views = [*VIEWS, *(MORE_VIEWS if is_whole or self._in_doubt else ())]
        if not (wrong := self._differences(client, views)):
            self._in_doubt = None
            return
        if self._in_doubt is not None:
            self._know(self._in_doubt, self._in_doubt.ask(self._twin)[1])
            if not (after := self._differences(client, views)):
                self.tally.happened += 1
                self._in_doubt = None
                return
            wrong = [f"without {self._in_doubt}: {wrong[0]}", f"with it: {after[0]}"]
        self._find("; ".join(wrong))

    def _know(self, deed: Deed, content: bytes) -> None:
        self._known.learn(deed, content)

    def _differences(self, client: Client, views: list[str]) -> list[str]:
        found = []
        for view in views:
            deed = Deed("GET", f"/_emulator/worlds/{self._world}/{view}".rstrip("/"), None, {"Host": "localhost"})
            here, there = deed.ask(client), deed.ask(self._twin)
            self.tally.compared += 1
            if not _are_same(here, there):
                found.append(f"{view} is {_part(here, there)}")
        return found

    def _find(self, what: str) -> None:
        self.tally.find(f"{self._world}: {what}; the last deeds: {' | '.join(self._last)}")


def _are_same(here: tuple[int, bytes], there: tuple[int, bytes]) -> bool:
    """Compare two answers, but for what a death leaves unknown: whether answers about then were sent.

    That there is no such world is told with the names of the others.
    """
    here, there = ((status, content.replace(b'"delivered":null', b'"delivered":true')) for status, content in (here, there))
    return here == there or (here[0] == there[0] == 404 and NO_WORLD in here[1] and NO_WORLD in there[1])


def _part(here: tuple[int, bytes], there: tuple[int, bytes]) -> str:
    """Return where two answers begin to differ."""
    one, other = (f"{status} {_text(content)}" for status, content in (here, there))
    place = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    begin = max(0, place - 200)
    return f"...{one[begin : place + 200]!r}, and of the twin ...{other[begin : place + 200]!r}"


def _text(content: bytes) -> str:
    try:
        return json.dumps(json.loads(content))
    except ValueError:
        return content.decode("utf-8", "replace")
