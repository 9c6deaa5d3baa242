"""A vendor: its operations, its machines, its renderers, and how a scenario describes its state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from typing import Any

from emulator.kernel.assumption import Assumption
from emulator.kernel.beside import LARGE_WORLD
from emulator.kernel.machine import Machine, Timer
from emulator.kernel.transaction import Transaction
from emulator.sdk.request import Reader, Request
from emulator.sdk.response import Answer, Response
from emulator.sdk.state import StateCodec

Handler = Callable[[Transaction, Request], Answer]
"""Carries out an operation in a transaction that is open, and says what to answer."""

Renderer = Callable[[Transaction, Request, Any], Response]
"""Words an answer: from the same transaction, the call and the answer's subject to a reply. Changes nothing."""

Advise = Callable[[Transaction, Request, str], Iterable[str]]
"""From a request and its answer's name to what would have worked, where the answer alone does not say so. Changes nothing."""


@dataclass(frozen=True, slots=True)
class Operation:
    """How a client addresses the vendor. `path` is below the vendor's mounts, or those of its own; its ids are in braces.

    An id called {world} picks the world, as links that carry no credential need. With a `reader`, the body is not in
    `request.body` but was fed to `request.reader`. The operation runs in a thread beside the event loop where its world has
    more than `beside` resources, or where `holds_much` says so of what it is asked about, found by kind and id.
    """

    name: str
    method: str
    path: str
    act: Handler
    mounts: tuple[str, ...] = ()
    reader: Callable[[], Reader] | None = None
    beside: int = LARGE_WORLD
    holds_much: Callable[[Callable[[str, str], Any], Request], bool] = lambda _find, _call: False


Ground = Callable[[Transaction, Request, Operation, Answer], Answer]
"""Adds to an operation's answer what it rests on because of how its request was read. Changes nothing."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a world hands to its clients: the fields shown, and the credential among them that picks the world."""

    fields: Mapping[str, str]
    credential: str


@dataclass(frozen=True)
class Vendor:
    """Everything one provider says.

    `mounts` are the path prefixes at which it listens, the native one first; `base_path` ends a client's base URL.
    `credential` finds a request's credential, or None; `admit` refuses a request before its operation is looked at;
    `unmatched` answers for a path or verb that no operation has (its third argument: the verbs the path does have).
    `hosts` are the names of its own servers, by which a client that cannot be redirected may call ours.
    `headers` go with every reply, `media_type` with every JSON body; `finish` makes the headers that differ from reply to
    reply, given the exchange's number. `failure` words a failure of this status, 400 to 599, that a fault brings about.
    `ground` adds to each answer of an operation the facts that the reading of its request rests on.
    `advise` says what would have worked, `key_place` where a key belongs, `recognizes` whether a request has one as only this
    vendor's clients send it. `unauthenticated` are the answers that refuse a credential, each with whether one was surely sent.
    """

    name: str
    mounts: tuple[str, ...]
    base_path: str
    operations: tuple[Operation, ...]
    machines: tuple[Machine, ...]
    assumptions: tuple[Assumption, ...]
    renderers: Mapping[str, Renderer]
    state: StateCodec
    credential: Callable[[Request], str | None]
    admit: Callable[[Transaction, Request, Operation], Answer | None]
    unmatched: Callable[[Transaction, Request, Sequence[str]], Answer]
    finish: Callable[[Transaction, Request, int], Mapping[str, str]]
    make_credentials: Callable[[str], Credentials]  # from 64 hexadecimal characters
    failure: Callable[[Transaction, Request, int], Response]
    ground: Ground
    advise: Advise
    unauthenticated: Mapping[str, bool]
    recognizes: Callable[[Request], bool]
    key_place: str
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"
    hosts: tuple[str, ...] = ()
    case_sensitive: bool = True

    def credentials_of(self, world: str, seed: int) -> Credentials:
        """What a world hands to this vendor's clients: decided by its id and seed alone."""
        return self.make_credentials(blake2b(f"{seed}/{world}/{self.name}".encode(), digest_size=32).hexdigest())

    @cached_property
    def constant_headers(self) -> list[tuple[bytes, bytes]]:
        """`headers` as they go over the wire."""
        return [(name.encode(), value.encode()) for name, value in self.headers.items()]

    @property
    def timers(self) -> dict[str, Timer]:
        """Every named wait of the vendor's machines."""
        return {wait.name: wait for machine in self.machines for wait in machine.timers}

    @property
    def settable_timers(self) -> dict[str, Timer]:
        """Those whose length a scenario may set."""
        return {name: wait for name, wait in self.timers.items() if wait.settable}


Vendors = Mapping[str, Vendor]
"""Vendors by their names."""
