"""Entries of a journal and commits of a history as JSON, and back."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from itertools import chain, count
from typing import Any

from msgspec import Raw

from emulator.kernel.budget import Quota
from emulator.kernel.calls import Verdict, Window
from emulator.kernel.errors import BadInput
from emulator.kernel.exchange import AppliedRow, Change, DeliveryAttempt, Event, Exchange, FaultHit, Savepoint
from emulator.kernel.machine import Machine, Row
from emulator.kernel.resource import Struct
from emulator.store.values import NOTHING, Values, reader_of

Machines = Mapping[str, Machine]

_NAME_AND_FIELDS = reader_of(tuple[str, Raw])

Text = str | tuple[str]
"""Bytes: a text in UTF-8, or in a list of its own what they are in Base64."""


class KeptExchange(Struct, frozen=True, array_like=True, tag="exchange"):
    """An exchange. A row that was applied is the kind, the id, and the name of the row."""

    at: datetime
    savepoint: Savepoint
    operation: str
    method: str
    target: str
    request: Text
    answer: str
    evidence: str
    assumption: str | None
    basis: str | None
    status: int
    response: Text
    changes: tuple[Change, ...]
    applied_rows: tuple[tuple[str, str, str], ...]
    consulted: tuple[str, ...]
    credential: str | None
    faults: tuple[FaultHit, ...]
    delivered: bool | None
    cut: bool
    headers: tuple[tuple[str, str], ...]
    also: tuple[str, ...]
    verdicts: tuple[tuple[Raw, Raw, bool], ...]
    size: int
    is_doubtful: bool = False


class KeptDelivery(Struct, frozen=True, array_like=True, tag="delivery"):
    """An attempt to deliver."""

    at: datetime
    operation: str
    delivery: Raw
    changes: tuple[Change, ...]


class KeptStateChange(Struct, frozen=True, array_like=True, tag="change"):
    """A change that time or a controller made."""

    change: Change


KeptEvent = KeptExchange | KeptDelivery | KeptStateChange


class Events:
    """Writes and reads events of worlds with these machines; `write` and `read` do so with a resource that an event has."""

    def __init__(self, machines: Machines, write: Callable[[Any], Any], read: Callable[[Raw], Any]) -> None:
        self._machines = machines
        self._write = write
        self._read = read

    def written(self, event: Event) -> KeptEvent:
        """Return an event as it is kept."""
        if isinstance(event, Exchange):
            return self._exchange(event)
        if isinstance(event, Change):
            return KeptStateChange(event)
        return KeptDelivery(event.at, event.operation, self._write(event.delivery), event.changes)

    def read(self, kept: KeptEvent, quota: Quota) -> Event:
        """Return an event, whose bytes count in a quota.

        Raises:
            BadInput: it names a row or a resource that there is none of.
        """
        if isinstance(kept, KeptExchange):
            return self._read_exchange(kept, quota)
        if isinstance(kept, KeptStateChange):
            return kept.change
        return DeliveryAttempt(kept.at, kept.operation, self._read(kept.delivery), kept.changes)

    def _exchange(self, it: Exchange) -> KeptExchange:
        return KeptExchange(
            it.at, it.savepoint, it.operation, it.method, it.target, as_text(it.request), it.answer,
            it.evidence, it.assumption, it.basis, it.status, as_text(it.response), it.changes,
            tuple(map(self._applied, it.applied_rows)), it.consulted, it.credential, it.faults,
            it.delivered, it.cut, tuple([(name.decode("latin-1"), value.decode("latin-1")) for name, value in it.headers]),
            it.also, tuple([self._verdict(each) for each in it.verdicts]), it.charge.size if it.charge else 0,
            it.is_doubtful,
        )  # fmt: skip

    def _read_exchange(self, it: KeptExchange, quota: Quota) -> Exchange:
        return Exchange(
            it.at, it.savepoint, it.operation, it.method, it.target, as_bytes(it.request), it.answer, it.evidence,
            it.assumption, it.basis, it.status, as_bytes(it.response), it.changes,
            tuple([AppliedRow(kind, id, self._row(kind, name)) for kind, id, name in it.applied_rows]), it.consulted,
            it.credential, it.faults, it.delivered, it.cut,
            [(name.encode("latin-1"), value.encode("latin-1")) for name, value in it.headers],
            it.also, tuple([self._read_verdict(*each) for each in it.verdicts]), quota.keep(max(it.size, _least(it))),
            it.is_doubtful,
        )  # fmt: skip

    def _applied(self, it: AppliedRow) -> tuple[str, str, str]:
        return it.kind, it.id, names_of(self._machines[it.kind])[id(it.row)]

    def _row(self, kind: str, name: str) -> Row:
        machine = self._machines.get(kind)
        row = rows_of(machine).get(name) if machine else None
        if row is None:
            raise BadInput.at(f"the machine of {kind} has no row {name!r} in this version")
        return row

    def _verdict(self, it: Verdict[Any]) -> tuple[Any, Any, bool]:
        return self._write(it.rule), None if it.window is None else self._write(it.window), it.strikes

    def _read_verdict(self, rule: Raw, window: Raw, strikes: bool) -> Verdict[Any]:
        found: Window | None = None if window == NOTHING else self._read(window)
        return Verdict(self._read(rule), found, strikes)


def _least(it: KeptExchange) -> int:
    """Return the bytes for which an exchange counts at least, whatever is kept of that."""
    texts = it.method, it.target, it.credential or "", *it.consulted, *it.also, *chain.from_iterable(it.headers)
    return sum(map(len, texts)) + len(it.request) + len(it.response)


def inline(values: Values) -> tuple[Callable[[Any], Any], Callable[[Raw], Any]]:
    """Return functions that write resources where they stand, and read them there."""
    return values.written, lambda raw: values.read(*_NAME_AND_FIELDS(raw))


@cache
def rows_of(machine: Machine) -> Mapping[str, Row]:
    """Return the rows of a machine by name: the state, the cause, and which of the rows of both it is."""
    rows: dict[str, Row] = {}
    for row in machine.rows:
        cause = row.cause if isinstance(row.cause, str) else row.cause.name
        place = next(n for n in count(1) if f"{row.state}/{cause}/{n}" not in rows)
        rows[f"{row.state}/{cause}/{place}"] = row
    return rows


@cache
def names_of(machine: Machine) -> Mapping[int, str]:
    """Return the names of the rows of a machine by their identities."""
    return {id(row): name for name, row in rows_of(machine).items()}


def as_text(content: bytes) -> Text:
    """Return bytes as a text, if they are one."""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return (b64encode(content).decode(),)


def as_bytes(text: Text) -> bytes:
    """Return the bytes of a text, or of what stands for some.

    Raises:
        BadInput: it stands for none.
    """
    if isinstance(text, str):
        return text.encode()
    try:
        return b64decode(text[0], validate=True)
    except ValueError as error:
        raise BadInput.at(f"a body cannot be read: {error}") from None
