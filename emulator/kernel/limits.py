"""The rules of a world, and how much of anything there may be. Each bound is an option of `serve`, named in its refusal."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

from emulator.kernel.accounts import Accounts
from emulator.kernel.machine import Ladder, Machine
from emulator.kernel.resource import Struct, field
from emulator.kernel.time import NEVER, parse_duration

MOST_RESOURCES = 200_000
"""Resources that a scenario may come to, or one `repeat` of it: they are counted before any is made."""


MANY_RESOURCES = 250
"""Resources of a world beyond which what touches each of them may take long."""

MOST_READ = 2 * MANY_RESOURCES
"""Resources that one request reads in groups on the event loop: a page of them, and some besides."""


class Limits(Struct, frozen=True, gc=False):
    """The defaults are far above what tests need, and low enough that no client can use up the machine."""

    url: int = 16_384
    """Bytes of a request's target; 414."""
    head: int = 65_536
    """Bytes of a request's head; 431."""
    headers: int = 200
    """Header lines of a request; 431."""
    body: int = 4_000_000
    """Bytes of a request's body on the data plane; 413. SerpWow takes 1,000 searches a call, so that each may have 4 kB."""
    values: int = 250_000
    """Values of a JSON body on the data plane, one different name for 25 of them; 413. With more, each has below 16 bytes."""
    control: int = 1_000_000
    """Bytes of a request's body on the control plane: a scenario, a state; 413."""
    upload: int = 1_000_000_000
    """Bytes of an uploaded file; 413."""
    connections: int = 2_000
    """Open connections: the one that waits for longest makes room for a new one, and where none waits, 503.

    Those whose TLS handshake is under way are counted apart: as many again, of which the oldest gives way to a new one.
    """
    head_seconds: int = 10
    """Seconds that a client may take over a request's head; 408. Or over its TLS handshake; cut off."""
    idle_seconds: int = 30
    """Seconds for which a client may be silent in the middle of a body; 408. Or take nothing of an answer; cut off."""
    min_rate: int = 240
    """Bytes a second that a body must bring on average over any `idle_seconds` of it; 408. How long it takes has no bound."""
    keep_alive: float = 75
    """Seconds for which an idle connection is kept."""
    hang_seconds: int = 300
    """Seconds of real time for which all faults together hold up one request."""
    worlds: int = 10_000
    """Worlds of one server; 429."""
    resources: int = 1_100_000
    """Resources of one world (batches, jobs, payments, tokens and what is remembered of them); 429."""
    memory: int = 256_000_000
    """Bytes that a server keeps in all of its worlds, near enough; old journal entries and history give way first; 429."""
    world_memory: int | None = None
    """Bytes that one world keeps; as many as the server where none are given; 429."""
    journal: int = 1_000
    """Entries of a world's journal; older ones make room, and are counted."""
    journal_bytes: int = 16_384
    """Bytes of a request's or a response's body that the journal keeps."""
    snapshots: int = 100
    """Snapshots of a world that are kept at once; 429."""
    streams: int = 200
    """Streams of events that are open at once; 429."""

    @property
    def answer(self) -> int:
        """Bytes of an answer that is made whole before it is sent."""
        return self.memory // 4

    @staticmethod
    def answer_too_large(most: float) -> str:
        """Return why an answer is not given."""
        return f"this answer would have more than {most} bytes, or is made of more: ask for a part of it, or raise --max-memory"

    @staticmethod
    def lasts(name: str) -> bool:
        """Tell whether a bound is a time, in whole seconds."""
        return name.endswith("_seconds")

    @staticmethod
    def is_size(name: str) -> bool:
        """Tell whether a bound is in bytes."""
        return SAYS[name].startswith("Bytes ")

    @staticmethod
    def read(name: str, written: object) -> float:
        """Return a bound as people write it: a duration, a size or a number.

        Raises:
            ValueError: it is none.
        """
        if name == "keep_alive":
            return keep_alive_seconds(written)
        return (whole_seconds if Limits.lasts(name) else whole_bytes if Limits.is_size(name) else whole_number)(written)

    @staticmethod
    def option(name: str) -> str:
        """Return the option of a bound: `max-body` for `body`, and `min-rate` for `min_rate`."""
        return name.replace("_", "-") if name.startswith("min_") else f"max-{name.replace('_', '-')}"

    @staticmethod
    def variable(name: str) -> str:
        """Return the environment variable of a bound: `EMULATOR_MAX_BODY`."""
        return f"EMULATOR_{Limits.option(name).upper().replace('-', '_')}"

    @staticmethod
    def more(name: str) -> str:
        """Return how to raise a bound, wherever the server is: `EMULATOR_MAX_BODY (serve --max-body) allows more`."""
        return f"{Limits.variable(name)} (serve --{Limits.option(name)}) allows more"


CARRIERS = COLLECT, ASGI, HTTP = "collect", "asgi", "http"
"""How notifications travel: not at all, to an application that a client's process holds, or by HTTP."""

SIGNS = WALL, VIRTUAL = "wall", "virtual"
"""The time in signatures: that of clients' libraries, which refuse what is old, or that of the world."""


class Rules(Struct, frozen=True):
    """The rules of a world: its machines, timers, choices, credentials and bounds, which never change.

    `timing` holds the lengths that replace those of timers, None for ever; `choices` the choice in force of every
    assumption; `credentials` what each vendor accepts in this world, None (or no entry) for anything, each with the fields
    that the scenario gives it; `accounts` whose they are, no entry for a vendor of which there is but one; `provenance` whether
    data-plane replies say where they come from; `limits` how much of anything there may be; `parameters` what was filled into
    the scenario; `ladders` the times before further attempts, by name; `carrier` how notifications travel, and `sign` by
    whose time they are signed.
    """

    machines: Mapping[str, Machine]
    timing: Mapping[str, timedelta | None] = field(default_factory=dict)
    choices: Mapping[str, str] = field(default_factory=dict)
    credentials: Mapping[str, Mapping[str, Mapping[str, str]] | None] = field(default_factory=dict)
    accounts: Mapping[str, Accounts] = field(default_factory=dict)
    provenance: bool = True
    limits: Limits = field(default_factory=Limits)
    parameters: Mapping[str, object] = field(default_factory=dict)
    ladders: Mapping[str, Ladder] = field(default_factory=dict)
    carrier: str = COLLECT
    sign: str = WALL


SAYS: Mapping[str, str] = {
    "url": "Bytes of a request's target; beyond it, 414.",
    "head": "Bytes of a request's head; beyond it, 431.",
    "headers": "Header lines of a request; beyond it, 431.",
    "body": "Bytes of a request's body; beyond it, 413.",
    "values": "Values of a JSON body to a vendor, objects and lists included; beyond it, 413.",
    "upload": "Bytes of an uploaded file; beyond it, 413.",
    "connections": "Open connections; beyond it, the one that waits longest is closed, or 503.",
    "head_seconds": "Time for a request's head, or a TLS handshake; beyond it, 408.",
    "control": "Bytes of a body to the control plane; beyond it, 413.",
    "idle_seconds": "Time without a byte in the middle of a body (408) or of an answer; for idle connections see --keep-alive.",
    "min_rate": "Bytes a second, averaged over --max-idle-seconds, that a body must bring; below it, 408.",
    "hang_seconds": "Real time for which faults (delay, dribble, hang) keep a client waiting, all of them together.",
    "worlds": "Worlds of this server; beyond it, 429.",
    "resources": "Resources of a world (batches, jobs, payments, tokens and more); beyond it, 429.",
    "memory": "Bytes kept by all worlds; old journal entries and history make room, then 429.",
    "world_memory": "Bytes kept by one world; as many as --max-memory where left out; beyond it, 429.",
    "journal": "Entries of a world's journal; older ones make room.",
    "journal_bytes": "Bytes of each request's and reply's body that the journal keeps.",
    "snapshots": "Snapshots of a world; beyond it, 429.",
    "streams": "Open streams of events; beyond it, 429.",
}
"""Each bound, for people."""


_SIZE = r"([0-9]+(?:\.[0-9]+)?) ?(?:([KMGT])(I?))?B?"

LARGEST_SIZE = 2**63 - 1

SIZES = "64kB, 2GB or 1.5GiB, or a number of bytes"


def whole_bytes(written: object) -> int:
    """Return a size in bytes: a number, or one with a unit of 1,000 (`kB`, `MB`, `G`) or 1,024 (`KiB`, `Gi`) and its powers.

    Raises:
        ValueError: it is none, is no whole number of bytes, or nothing at all.
    """
    text = str(written).strip().replace("_", "")
    match = re.fullmatch(_SIZE, text, re.IGNORECASE | re.ASCII) if len(text) < 100 else None
    if match is None:
        raise ValueError(f"{str(written)[:100]!r} is no size: give {SIZES}")
    unit = (1024 if match[3] else 1000) ** ("KMGT".index(match[2].upper()) + 1) if match[2] else 1
    size = Decimal(match[1]) * unit
    if not 0 < size <= LARGEST_SIZE or size % 1:
        raise ValueError(f"{written!r} is no whole number of bytes from 1 to {LARGEST_SIZE}")
    return int(size)


def whole_number(written: object) -> int:
    """Return a whole number.

    Raises:
        ValueError: it is none, or not between 1 and the largest.
    """
    text = str(written).strip().replace("_", "")
    if isinstance(written, bool) or not (text.isascii() and text.isdecimal() and 0 < int(text) <= LARGEST_SIZE):
        raise ValueError(f"{written!r} is no whole number from 1 on")
    return int(text)


def whole_seconds(written: object) -> int:
    """Return a duration in whole seconds, rounded up.

    Raises:
        ValueError: it is no duration, or no time at all.
    """
    bare = written.replace("_", "") if isinstance(written, str) else written
    seconds = math.ceil(parse_duration(bare).total_seconds())
    if not seconds:
        raise ValueError(f"{written!r} is no time at all: give 1s or more")
    return seconds


def keep_alive_seconds(written: object) -> float:
    """Return the seconds for which an idle connection is kept, from a duration; infinity for `never`.

    Raises:
        ValueError: it is no duration, or less than a second.
    """
    if written == NEVER or written == float("inf"):
        return float("inf")
    try:
        seconds = parse_duration(written).total_seconds()
    except ValueError as error:
        raise ValueError(f"{error}; 'never' keeps a connection until its client closes it") from None
    if seconds < 1:
        raise ValueError(f"{written!r} is less than 1s: a client must have time to use the connection again")
    return seconds
