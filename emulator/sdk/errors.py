"""A request that a vendor cannot carry out as it is."""

from __future__ import annotations

from typing import Any

from emulator.kernel.assumption import Assumption
from emulator.kernel.machine import Answer


class InvalidRequest(ValueError):
    """Raised by a check or a handler, before it changes anything: the client gets the answer of this name.

    The answer's subject is the message, unless there is another. `place` is the parameter or field that is wrong.
    """

    def __init__(
        self,
        message: str,
        evidence: str,
        assumption: Assumption | None = None,
        *,
        place: str | None = None,
        answer: str = "invalid",
        subject: Any = None,
    ) -> None:
        super().__init__(message)
        self.place = place
        self.answer = Answer(answer, evidence, message if subject is None else subject, assumption)
