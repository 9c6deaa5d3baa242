"""The events of a recording, wherever they were seen: requests of a client, jumps of the clock, and what a controller did."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from emulator.scenario.document import JsonObject
from emulator.sdk.exact_json import load
from emulator.sdk.vendor import Vendor
from emulator.text.redact import DEEPEST

NO_JSON: Any = object()
"""In place of the value of a body that is no JSON."""


class Call(NamedTuple):
    """A request of a client, and what it heard, `at` an instant of the clock.

    `operation` is as the journal names it, and `ids` are those in its path, where these are known. `credential` is what the
    vendor reads as one, and `is_let_in` whether it took that.
    `is_cut` and `reply_is_cut` tell that only a part of the body or of the reply is known. Nothing whole came back where it
    `fails`; where its reply is `spoilt`, the status alone. Where it `moves_clock`, the clock may have moved meanwhile.
    `n` is its number in a journal, 0 where there is none.
    """

    at: datetime
    vendor: Vendor
    operation: str
    method: str
    target: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    status: int
    reply: bytes
    credential: str | None = None
    is_let_in: bool = True
    is_cut: bool = False
    reply_is_cut: bool = False
    fails: bool = False
    spoilt: bool = False
    moves_clock: bool = False
    ids: tuple[str, ...] = ()
    n: int = 0

    @property
    def is_heard(self) -> bool:
        """True if the client heard the reply, and all of it is known."""
        return not (self.fails or self.spoilt or self.reply_is_cut)


class Written(NamedTuple):
    """A part of the state that a controller wrote."""

    at: datetime
    state: JsonObject


class Laid(NamedTuple):
    """A fault or a reply that a controller laid, or credentials that it revoked, as they are written.

    `action` is that of the step that does so.
    """

    at: datetime
    action: str
    rule: JsonObject


class Passed(NamedTuple):
    """The end of a recording, until which time passed."""

    at: datetime


Event = Call | Written | Laid | Passed


def value_of(content: bytes) -> Any:
    """Return the value of a body in JSON; NO_JSON of any other, and of one that is nested too deep to be shown."""
    try:
        return load(content, max_depth=DEEPEST, is_strict=False) if content else NO_JSON
    except ValueError:
        return NO_JSON
