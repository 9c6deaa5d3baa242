"""A vendor: its operations, machines, renderers and state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import cached_property, lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from emulator.kernel.accounts import Accounts
from emulator.kernel.assumption import Assumption
from emulator.kernel.machine import Answer, Machine, Resource, Timer, View
from emulator.kernel.resource import Struct, field
from emulator.kernel.transaction import Transaction
from emulator.sdk.accounts import AccountWords
from emulator.sdk.deliveries import Outbox
from emulator.sdk.request import Reader, Request
from emulator.sdk.response import Response
from emulator.sdk.state import Deletable, StateCodec
from emulator.text.nearest import spell_first_digit

Check = Callable[[Transaction, Request], Answer | None]
"""Answers a request instead of its handler, or returns None to let it pass."""

Limit = Callable[[View, Request], Answer | Resource]
"""Returns the tally that has counted a request, or the answer that refuses it. Changes nothing; the tally is put."""

Handler = Callable[[Transaction, Request], Answer]
"""Carries out an operation in an open transaction and returns its answer."""

Renderer = Callable[[Transaction, Request, Any], Response]
"""Turns the subject of an answer into a response, in the same transaction. Changes nothing."""

Advise = Callable[[Transaction, Request, str], Iterable[str]]
"""Yields what would have worked, given a request and the name of its answer. Changes nothing."""


class Operation(Struct, frozen=True):
    """A request that the vendor answers. `path` is below the vendor's mounts, or those of its own; its ids are in braces.

    `other_paths` lead to it too, with the same ids, and are listed nowhere.

    After `Vendor.admit` the `limit` and then the `checks` run in order, and the first answer ends the request; else the
    `handler` answers. What is answered without any other change is remembered, so that later only the limit is asked again.

    An id called {world} picks the world, as links that carry no credential need. With a `reader`, the body was fed to
    `request.reader`, and `request.body` has its beginning.

    An operation takes as long in a large world as in a small one. If it may not, it runs in a thread beside the event loop
    where its world has more than `beside` resources, all or those of the type that it is `about`, or where `holds_much` says
    so of what it is asked about, found by kind and id. One that turns out to read many resources on the event loop is taken
    back, and runs in a thread.
    """

    name: str
    method: str
    path: str
    handler: Handler
    mounts: tuple[str, ...] = ()
    reader: Callable[[], Reader] | None = None
    beside: int | None = None
    about: type[Resource] | None = None
    holds_much: Callable[[Callable[[str, str], Any], Request], bool] | None = None
    limit: Limit | None = None
    checks: tuple[Check, ...] = ()
    other_paths: tuple[str, ...] = ()


Cite = Callable[[Transaction, Request, Operation, Answer], Answer]
"""Adds to an operation's answer the facts and the assumption that it rests on beside its row. Changes nothing."""


class Number(Struct, frozen=True):
    """A number of a vendor's state that people watch: a `value` of the resources of a type, added up over all of them.

    Where there is none of that type, the resource `without` stands for it.
    """

    name: str
    of: type[Any]
    value: Callable[[Any], int | Decimal]
    without: Any = None

    @property
    def kind(self) -> str:
        """The kind of the resources."""
        kind: str = self.of.kind
        return kind


class Credentials(Struct, frozen=True):
    """The credentials of a world: the fields that a client needs, and the one value among them that picks the world."""

    fields: Mapping[str, str]
    credential: str


class Vendor(Struct, frozen=True, eq=False, dict=True):
    """One provider: its operations, machines, answers and state.

    `mounts` are the path prefixes at which it listens, the native one first; `base_path` ends a client's base URL.
    `credential` finds a request's credential, or None; `admit` refuses a request before its operation is looked at;
    `unmatched` answers for a path or verb that no operation has (its third argument: the verbs the path does have).
    `hosts` are the names of its own servers, by which a client that cannot be redirected may call ours.
    `headers` go with every response, `media_type` with every JSON body; `response_headers` makes the headers that differ
    from response to response, given the id that `exchange_id` makes of the world's seed and the exchange's number: nothing else
    in them may depend on that number. `failure_response` renders a failure of a status from 400 to 599
    that a fault brings about. `cite` adds to each answer of an operation the facts that it rests on beside its row.
    `advise` yields what would have worked; `credential_hint` names the place of a credential in a request; `recognizes` tells
    whether a request has one as only this vendor's clients send it. `unauthenticated` are the answers that refuse a
    credential, each with whether one was surely sent. With `folds_names`, clients may write names of a query or of a JSON body
    in any case. `deletable` are the lists of its state whose items somebody else can delete, by their place, such as
    `batches.payments`. `accounts` are the words of its state for its accounts, where a world can tell several apart. `shown_as`
    has the names of fields in answers for which the state has others; `shown_by`, for a list of texts in the state, the field
    that holds one in an answer, and the field beside it that says whether it is in that list. `numbers` are those of its state
    that people watch over time. `outboxes` are the kinds of notifications that it sends. `resources` is the folder of a
    vendor's package in which `fixtures/<name>/` and `scenarios/<name>/` lie; vendors in the box have none.
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
    make_credentials: Callable[[str], Credentials]  # from 64 hexadecimal characters
    failure_response: Callable[[Transaction, Request, int], Response]
    credential_hint: str
    exchange_id: Callable[[int, int], str] = lambda _seed, _n: ""
    response_headers: Callable[[Transaction, Request, str], Mapping[str, str]] = lambda _tx, _request, _id: {}
    cite: Cite = lambda _tx, _request, _operation, answer: answer
    advise: Advise = lambda _tx, _request, _answer: ()
    unauthenticated: Mapping[str, bool] = field(default_factory=dict)
    recognizes: Callable[[Request], bool] = lambda _request: False
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"
    hosts: tuple[str, ...] = ()
    case_sensitive: bool = True
    folds_names: bool = False
    shown_as: Mapping[str, str] = field(default_factory=dict)
    shown_by: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    numbers: tuple[Number, ...] = ()
    outboxes: tuple[Outbox, ...] = ()
    deletable: Mapping[str, Deletable] = field(default_factory=dict)
    accounts: AccountWords | None = None
    resources: Path | None = None

    def credentials_of(self, world: str, seed: int) -> Credentials:
        """Return the credentials of a world, which its id and seed alone decide; they are those of its first account."""
        return _credentials_of(self, world, seed)

    def credentials_by_account(self, world: str, seed: int, accounts: Accounts) -> dict[str, Credentials]:
        """Return the world's own credentials of each account that it has."""
        credentials = {accounts.first: _credentials_of(self, world, seed)}
        for id in accounts.ids[1:]:
            credentials[id] = _credentials_of(self, f"{world}/{id}", seed)
        return credentials

    @cached_property
    def credential_field(self) -> str:
        """The field of the credentials that picks the world."""
        sample = self.make_credentials("0" * 64)
        return next(name for name, value in sample.fields.items() if value == sample.credential)

    @cached_property
    def python_name(self) -> str:
        """The name as an identifier: `sixdot50` for `6dot50`."""
        return spell_first_digit(self.name).replace("-", "_")

    @cached_property
    def deciders(self) -> dict[str, Assumption]:
        """The assumption that decides each answer, by the answer's name."""
        return {name: assumption for assumption in self.assumptions for name in assumption.decides}

    @cached_property
    def constant_headers(self) -> list[tuple[bytes, bytes]]:
        """The `headers` as bytes."""
        return [(name.encode(), value.encode()) for name, value in self.headers.items()]

    @property
    def timers(self) -> dict[str, Timer]:
        """Every timer of the vendor's machines, by name."""
        return {timer.name: timer for machine in self.machines for timer in machine.timers}

    @property
    def settable_timers(self) -> dict[str, Timer]:
        """The timers whose length a scenario may set."""
        return {name: timer for name, timer in self.timers.items() if timer.settable}


@lru_cache(maxsize=1024)
def _credentials_of(vendor: Vendor, world: str, seed: int) -> Credentials:
    return vendor.make_credentials(blake2b(f"{seed}/{world}/{vendor.name}".encode(), digest_size=32).hexdigest())


Vendors = Mapping[str, Vendor]
"""Vendors by their names."""
