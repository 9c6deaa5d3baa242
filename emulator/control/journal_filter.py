"""The entries of a journal that a request chooses: by operation, kind, status, fault, resource, or a text that they show."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from emulator.control.context import ControlContext
from emulator.control.entries import entry as entry_record
from emulator.control.journal_models import AnyEntry
from emulator.control.record import to_json
from emulator.kernel.errors import BadInput, NotFound
from emulator.kernel.exchange import Change, DeliveryAttempt, Event, Exchange
from emulator.kernel.journal import Entry
from emulator.sdk.exact_json import dump
from emulator.text.checkpoint import checkpoint

KINDS: Mapping[str, type[Any]] = {"exchange": Exchange, "change": Change, "attempt": DeliveryAttempt}
CLASSES = ("2xx", "3xx", "4xx", "5xx")

Fits = Callable[[Event], bool]


class EntryFilter:
    """Tests of entries, each of which those that are chosen pass, and a text that they show."""

    def __init__(self, tests: Iterable[Fits], text: str = "") -> None:
        self._tests = [*tests]
        self._text = text.casefold()

    @classmethod
    def of(cls, query: Mapping[str, str], context: ControlContext) -> EntryFilter:
        """Return the filter that a query names.

        Raises:
            BadInput: it names what there is not.
        """
        wanted = [make(query[name], context) for name, make in _MAKERS.items() if name in query]
        return cls(wanted, query.get("text", ""))

    def records(self, entries: Iterable[Entry], show: Callable[[Entry], AnyEntry] = entry_record) -> Iterator[AnyEntry | None]:
        """Yield each entry as a record, which `show` makes, where it is chosen, and None in place of another."""
        for entry in entries:
            checkpoint()
            record = show(entry) if all(fits(entry.event) for fits in self._tests) else None
            yield record if record is not None and self._shows_text(record) else None

    def oldest(self, entries: Iterable[Entry], most: int) -> list[AnyEntry]:
        """Return the first of the entries that are chosen, so many at most."""
        return [*islice((it for it in self.records(entries) if it is not None), most)]

    def newest(self, entries: Sequence[Entry], most: int) -> list[AnyEntry]:
        """Return the last of the entries that are chosen, so many at most."""
        return self.oldest(reversed(entries), most)[::-1]

    def _shows_text(self, record: AnyEntry) -> bool:
        if not self._text:
            return True
        shown = (getattr(record, name, None) for name in ("target", "url", "id", "error", "reply"))
        bodies = getattr(getattr(record, "request", None), "body", None)
        return any(self._text in _text(it).casefold() for it in (*shown, bodies) if it is not None)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else dump(to_json(value)).decode()


def _operation(name: str, context: ControlContext) -> Fits:
    if name not in context.operations:
        raise BadInput.at(str(NotFound("operation", name, context.operations)), "operation")
    return lambda event: getattr(event, "operation", None) == name


def _kind(name: str, _: ControlContext) -> Fits:
    return lambda event: isinstance(event, KINDS[name])


def _status(text: str, _: ControlContext) -> Fits:
    if text in CLASSES:
        return lambda event: str(_status_of(event))[0] == text[0]
    if not (text.isascii() and text.isdecimal() and len(text) <= 3):
        raise BadInput.at(f"status is a number such as 404, or one of {', '.join(CLASSES)}, and not {text!r}", "status")
    return lambda event: _status_of(event) == int(text)


def _status_of(event: Event) -> int | None:
    """Return the status of a response or of a receiver's answer; None where an entry has none."""
    if isinstance(event, DeliveryAttempt):
        status: int | None = event.delivery.attempts[-1].status
        return status
    return event.status if isinstance(event, Exchange) else None


def _fault(name: str, _: ControlContext) -> Fits:
    return lambda event: any(name in (it.id, it.do) for it in _faults_of(event))


def _faults_of(event: Event) -> Iterable[Any]:
    if isinstance(event, DeliveryAttempt):
        faults: Iterable[Any] = event.delivery.attempts[-1].faults
        return faults
    return event.faults if isinstance(event, Exchange) else ()


def _resource(id: str, _: ControlContext) -> Fits:
    return lambda event: id in _ids_of(event)


def _ids_of(event: Event) -> Iterator[str]:
    """Yield the ids of the resources that an entry changed, or that took a row in it."""
    if isinstance(event, Change):
        yield event.id
        return
    yield from (it.id for it in event.changes)
    if isinstance(event, DeliveryAttempt):
        yield event.delivery.id
    else:
        yield from (it.id for it in event.applied_rows)


_MAKERS: Mapping[str, Callable[[str, ControlContext], Fits]] = {
    "operation": _operation,
    "kind": _kind,
    "status": _status,
    "fault": _fault,
    "resource": _resource,
}
