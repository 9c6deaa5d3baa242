"""The shape of a vendor: what it can be asked, how it words its answers, and how a scenario describes its state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from hashlib import blake2b
from http import HTTPStatus
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qsl

import orjson

from emulator.kernel.assumption import Assumption
from emulator.kernel.beside import BESIDE
from emulator.kernel.journal import Checkpoint
from emulator.kernel.machine import Machine, Wait
from emulator.kernel.transaction import Transaction, Transition
from emulator.sdk.state import StateCodec


class Request:
    """One request as the vendors read it. Header names are lower case; `path` is percent-encoded, but for plain letters.

    `credential`, `parameters` (the path's ids) and `reader` are set once the request's vendor and operation are known.
    `request_id` is what the vendor calls the request, where carrying it out made the name known already; `checkpoint` is where it
    began, where that was before it is carried out; `authority` the host by which the client calls us, if not that of its Host.
    `in_flight` are the requests to its world that came before it and that a fault keeps from taking effect yet, each with the
    name of its operation.
    """

    __slots__ = (
        "_headers",
        "_query",
        "authority",
        "body",
        "checkpoint",
        "credential",
        "in_flight",
        "method",
        "parameters",
        "path",
        "query_string",
        "raw_headers",
        "reader",
        "request_id",
        "scheme",
    )

    def __init__(
        self,
        method: str,
        path: str,
        query: str = "",
        headers: Sequence[tuple[bytes, bytes]] = (),
        body: bytes = b"",
        scheme: str = "http",
    ) -> None:
        self.method = method
        self.path = path
        self.query_string = query
        self.raw_headers = headers
        self.body = body
        self.scheme = scheme
        self.authority: str | None = None
        self.credential: str | None = None
        self.reader: Any = None
        self.request_id: str | None = None
        self.checkpoint: Checkpoint | None = None
        self.in_flight: Sequence[tuple[str, Request]] = ()
        self.parameters: Mapping[str, str] = {}
        self._headers: Mapping[str, str] | None = None
        self._query: Mapping[str, str] | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, each with its last value."""
        if self._headers is None:
            self._headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self.raw_headers}
        return self._headers

    @property
    def query(self) -> Mapping[str, str]:
        """The query's parameters, each with its last value."""
        if self._query is None:
            self._query = _parse_query(self.query_string)
        return self._query

    @property
    def json(self) -> Any:
        """The body read as JSON, None when there is none.

        Raises:
            ValueError: the body is not JSON.
        """
        return orjson.loads(self.body) if self.body else None

    @property
    def target(self) -> str:
        """The path and the query, as they came."""
        return f"{self.path}?{self.query_string}" if self.query_string else self.path

    @property
    def base_url(self) -> str:
        """Where the client believes this server to be, so that links lead back to it."""
        return f"{self.scheme}://{self.authority or self.headers.get('host') or 'localhost'}"


def _parse_query(text: str) -> Mapping[str, str]:
    if "%" in text or "+" in text:
        return dict(parse_qsl(text, keep_blank_values=True))
    return dict(part.partition("=")[::2] for part in text.split("&") if part)


class Reader(Protocol):
    """Takes in an upload as it arrives, `limit` bytes at most, of which it keeps `size` bytes."""

    limit: int

    @property
    def size(self) -> int: ...
    def feed(self, chunk: bytes) -> None: ...
    def give_up(self) -> None:
        """Keep nothing any more: the upload is refused."""


class Stream(NamedTuple):
    """A body that is made while it is sent: its length in bytes, and its chunks."""

    length: int
    chunks: Iterator[bytes]


class Response(NamedTuple):
    """What goes out on the wire: status, body (a JSON value, bytes as they are, or a Stream) and headers in lower case."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = {}


class Answer(NamedTuple):
    """What was decided, before it is worded: a name, the evidence it rests on, and what the wording needs to know.

    `assumption` is the id of the assumption that decided, if one did; `also` are further facts that this one rests on.
    """

    name: str
    evidence: str
    subject: Any = None
    assumption: str | None = None
    also: tuple[str, ...] = ()

    @classmethod
    def of(cls, taken: Transition) -> Answer:
        """The answer of a row that was taken; its subject is the resource as the row left it."""
        row = taken.row
        return cls(row.answer or "", row.evidence, taken.resource, row.assume.assumption if row.assume else None)

    def resting_on(self, facts: Iterable[str], assumption: str | None = None) -> Answer:
        """Return the answer with further facts, and with this assumption where it names none yet."""
        return self._replace(also=(*self.also, *facts), assumption=self.assumption or assumption)


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
    `request.body` but was fed to `request.reader`. In a world of more than `beside` resources it is carried out in a thread beside
    the event loop; and where that which it is asked of `holds_much`, found by kind and id.
    """

    name: str
    method: str
    path: str
    act: Handler
    mounts: tuple[str, ...] = ()
    reader: Callable[[], Reader] | None = None
    beside: int = BESIDE
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
    def waits(self) -> dict[str, Wait]:
        """Every named wait of the vendor's machines."""
        return {wait.name: wait for machine in self.machines for wait in machine.waits}

    @property
    def settable_waits(self) -> dict[str, Wait]:
        """Those whose length a scenario may set."""
        return {name: wait for name, wait in self.waits.items() if wait.settable}


Vendors = Mapping[str, Vendor]
"""Vendors by their names."""


def phrase(status: int) -> str:
    """What HTTP calls a status."""
    return HTTPStatus(status).phrase if status in {*HTTPStatus} else "Error"


LONGEST_DECIMAL = 400
"""Digits to which a decimal is written out; one that would be longer keeps its exponent."""


def dump(value: Any) -> bytes:
    """A JSON value as bytes; decimals exactly as they are, never through binary floating point."""
    return orjson.dumps(value, default=_dump_decimal)


def _dump_decimal(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        if abs(value.adjusted()) > LONGEST_DECIMAL:
            return orjson.Fragment(str(value))
        digits = format(value, "f")  # whatever the precision of the caller's decimal context
        return orjson.Fragment(digits.rstrip("0").removesuffix(".") if "." in digits else digits)
    raise TypeError(f"{type(value).__name__} is not a JSON value")
