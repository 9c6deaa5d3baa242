"""The journal as a test reads it: typed entries, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple, overload

from emulator.client.json_encoding import without_none
from emulator.client.results import Explanation
from emulator.control import journal_models
from emulator.control.journal_models import FaultHit as FaultHit
from emulator.control.record import from_json
from emulator.kernel.errors import NotFound
from emulator.scenario.document import JsonObject
from emulator.text.escape import escaped
from emulator.vendors import VENDORS

Ask = Callable[..., Any]
"""Asks the control plane about the world: method, path, body."""


class _Explained:
    """An entry of the journal, which the control plane can explain."""

    __slots__ = ("_explain",)

    def explain(self) -> Explanation:
        """Return why it went as it did: row, condition, evidence, assumptions, what it changed, and what would have worked.

        Raises:
            ControlError: the journal does not hold it any more.
            LookupError: it is a change without an entry of its own, since a client's exchange made it: explain that.
        """
        if not hasattr(self, "_explain"):
            raise LookupError("a client's exchange made this change: explain that exchange")
        answer = self._explain()
        return Explanation(answer["text"], answer)


class Change(_Explained, journal_models.Change):
    """A resource that went from one state to another. `source` is the state it left; `why` the cause."""

    def __str__(self) -> str:
        return escaped(f"{self.vendor} {self.resource} {self.id}: {self.source} -> {self.to} ({self.why})")


class SentHeaders(Mapping[str, str]):
    """The headers of a request, found under any spelling of their names; one that was sent twice has both values."""

    def __init__(self, pairs: Sequence[Sequence[str]] = ()) -> None:
        self._values: dict[str, str] = {}
        for name, value in pairs:
            known = self._values.get(name.lower())
            self._values[name.lower()] = value if known is None else f"{known}, {value}"

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"SentHeaders({self._values})"


class Exchange(_Explained, journal_models.Exchange):
    """A request and its response. `body` and `reply` are each a JSON value, a text, or None.

    Credentials are redacted, in `target` and `headers` too.

    `status` is 0 where no response came back at all. `delivered` is whether the client was sent the vendor's own response,
    whole; None while it is still being sent, and where nobody can know: the client had closed its side before, or the server
    was killed.
    """

    # fmt: off
    __match_args__ = (
        "n", "at", "operation", "method", "target", "status", "answer", "evidence", "assumption", "basis", "reply", "delivered",
        "changes", "faults", "headers", "body",
    )
    # fmt: on

    changes: tuple[Change, ...]

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the request, found under any spelling of their names."""
        return SentHeaders(self.request.headers)

    @property
    def body(self) -> Any:
        """The body of the request."""
        return self.request.body

    def __str__(self) -> str:
        return escaped(f"{self.n}: {self.method} {self.target} -> {self.status or 'no answer'} ({self.answer})")


class Attempt(_Explained, journal_models.AttemptEntry):
    """An attempt to deliver a notification: its request, and the receiver's `status` and `reply`, or an `error`."""

    changes: tuple[Change, ...]

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the request, found under any spelling of their names."""
        return SentHeaders(self.request.headers)

    @property
    def body(self) -> Any:
        """The body of the request."""
        return self.request.body

    def __str__(self) -> str:
        came = self.error or f"answered {self.status}"
        return escaped(f"{self.n}: {self.event} to {self.url} -> {came} ({', '.join(it.to for it in self.changes)})")


Entry = Exchange | Change | Attempt
KINDS: Mapping[str, Callable[..., Entry]] = {"exchange": Exchange, "change": Change, "attempt": Attempt}


ANYTHING: Any = object()
"""In place of a body: whatever it was."""


class Picture(NamedTuple):
    """The journal at one moment: its entries, oldest first, and how many made room for newer ones."""

    entries: list[Entry]
    dropped: int


class Journal(Sequence[Entry]):
    """The entries, oldest first. Every read asks the world anew and takes one consistent picture: len, index, iteration.

    `picture()` returns a journal that stays as it is.
    """

    def __init__(self, ask: Ask, kept: Picture | None = None) -> None:
        self._ask = ask
        self._kept = kept

    def picture(self) -> Journal:
        """Return the journal as it is now, whatever happens later. Its `assert_...` methods still ask the world."""
        return Journal(self._ask, self._now())

    @property
    def dropped(self) -> int:
        """The number of entries that made room for newer ones."""
        return self._now().dropped

    @property
    def _entries(self) -> list[Entry]:
        return self._now().entries

    def _now(self) -> Picture:
        """Return the picture that is kept, or else a new one, which the control plane shows page by page."""
        if self._kept is not None:
            return self._kept
        page = self._ask("GET", "/journal")
        entries, last, dropped = page["entries"], page["last"], page["dropped"]
        while page["entries"] and (newest := page["entries"][-1]["n"]) < last:
            page = self._ask("GET", f"/journal?since={newest}")
            dropped += max(0, page["dropped"] - dropped - len(entries))
            entries += page["entries"]
        return Picture([_entry(entry, self._ask) for entry in entries], dropped)

    def exchanges(self, operation: str | None = None) -> list[Exchange]:
        """Return the exchanges with clients, or those of one operation such as `stripe.batch_jobs.cancel`.

        Raises:
            NotFound: no vendor has that operation.
        """
        if operation is not None:
            expect_operation(operation)
        return [it for it in self._entries if isinstance(it, Exchange) and operation in (None, it.operation)]

    def changes(self) -> list[Change]:
        """Return every change in order, whether a client, time or a controller made it."""
        return [change for it in self._entries for change in ((it,) if isinstance(it, Change) else it.changes)]

    def attempts(self, event: str | None = None) -> list[Attempt]:
        """Return the attempts to deliver notifications, of an event if one is named."""
        return [it for it in self._entries if isinstance(it, Attempt) and event in (None, it.event)]

    def assert_called(
        self,
        operation: str,
        *,
        times: int | None = None,
        json: Any = ANYTHING,
        id: str | None = None,
        query: JsonObject | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Assert that an operation was called at least once, or exactly so often.

        Only calls count whose path names the resource `id`, and whose query, headers and body hold `query`, `headers` and
        `json`. The fields of a form are compared as if they were JSON: `true` and `5` in it are true and 5.

        Raises:
            AssertionError: it was not; the message names the nearest miss and the fields that differed.
            ControlError: there is no such operation, it has no id, or the journal dropped entries.
        """
        called = without_none(at=operation, times=times, id=id, query=query, headers=headers)
        self._verify({"called": [{**called, **({} if json is ANYTHING else {"json": json})}]})

    def assert_order(self, *operations: str) -> None:
        """Assert that these operations were called in this order, whatever came between. Raises as `assert_called` does."""
        self._verify({"order": operations})

    def assert_never(self, operation: str) -> None:
        """Assert that an operation was never called. Raises as `assert_called` does."""
        self._verify({"never": [operation]})

    def clear(self) -> None:
        """Empty the journal, as a long test must before it drops entries; what was read of it stays."""
        self._ask("DELETE", "/journal")

    def _verify(self, wanted: JsonObject) -> None:
        """Have the server compare, which holds the bodies of the requests: so the present journal counts."""
        failures = self._ask("POST", "/verify", wanted)["failures"]
        if failures:
            raise AssertionError("\n".join(escaped(failure["message"]) for failure in failures))

    @overload
    def __getitem__(self, index: int) -> Entry: ...
    @overload
    def __getitem__(self, index: slice) -> list[Entry]: ...
    def __getitem__(self, index: int | slice) -> Entry | list[Entry]:
        return self._entries[index]

    def __repr__(self) -> str:
        entries, dropped = now = self._now()
        kept = ", a picture that stays as it is" if now is self._kept else ""
        return f"<Journal of {len(entries)} entries{f', {dropped} dropped' if dropped else ''}{kept}>"

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries)

    def __reversed__(self) -> Iterator[Entry]:
        return reversed(self._entries)

    def index(self, value: Any, start: int = 0, stop: int | None = None) -> int:
        """Return the first index of an entry, in one picture. Raises ValueError if there is none."""
        entries = self._entries
        return entries.index(value, start, len(entries) if stop is None else stop)


def expect_operation(name: str) -> None:
    """Make sure that there is such an operation, so that a misspelt one is not taken for one that was never called.

    Raises:
        NotFound: no vendor has it.
    """
    known = [operation.name for vendor in VENDORS.values() for operation in vendor.operations]
    if name not in (*known, *(f"{vendor}.astray" for vendor in VENDORS)):
        raise NotFound("operation", name, known)


def _entry(answer: JsonObject, ask: Ask) -> Entry:
    entry = from_json(KINDS[answer["type"]], answer)
    object.__setattr__(entry, "_explain", partial(ask, "GET", f"/journal/{answer['n']}/explain"))
    return entry
