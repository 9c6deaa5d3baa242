"""The answer of a vendor, and the response that it is rendered to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from emulator.kernel.machine import Row
from emulator.kernel.transaction import Transition


class Answer(NamedTuple):
    """A decision, before it is rendered: a name, the evidence it rests on, and the subject that its renderer needs.

    `assumption` is the id of the assumption that decided, if one did; `also` are further facts that this one rests on;
    `row` is the row of a machine that gave the answer.
    """

    name: str
    evidence: str
    subject: Any = None
    assumption: str | None = None
    also: tuple[str, ...] = ()
    row: Row | None = None

    @classmethod
    def of(cls, taken: Transition) -> Answer:
        """Return the answer of a row that was taken; its subject is the resource as the row left it."""
        row = taken.row
        return cls(row.answer or "", row.evidence, taken.resource, row.assume.assumption if row.assume else None, row=row)

    def resting_on(self, facts: Iterable[str], assumption: str | None = None) -> Answer:
        """Return the answer with further facts, and with this assumption where it names none yet."""
        return self._replace(also=(*self.also, *facts), assumption=self.assumption or assumption)


class Stream(NamedTuple):
    """A body that is made while it is sent: its length in bytes, and its chunks."""

    length: int
    chunks: Iterator[bytes]


class Response(NamedTuple):
    """An HTTP response: status, body (a JSON value, bytes as they are, or a Stream), and headers in lower case."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = {}


def reason_phrase(status: int) -> str:
    """Return the reason phrase of a status, `Error` for one that HTTP does not have."""
    return HTTPStatus(status).phrase if status in {*HTTPStatus} else "Error"
