"""The answers that stay the same for as long as a server runs: each is made once, however many ask for it."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from emulator.control.http import HttpRequest
from emulator.control.problems import error_response
from emulator.control.route import ControlRoute, Pause
from emulator.kernel.budget import Quota
from emulator.kernel.errors import TooMany
from emulator.sdk.response import Stream
from emulator.text.checkpoint import TurnLock
from emulator.web.answers import charge_answer
from emulator.web.response import OutgoingResponse


class FixedAnswers:
    """The answers of one server that are made once. To each client they count among the `answers` on their way."""

    def __init__(self, answers: Quota) -> None:
        self._answers = answers
        self._made: dict[Hashable, OutgoingResponse] = {}
        self._making = TurnLock()

    def find(self, row: ControlRoute, http: HttpRequest, form: str) -> OutgoingResponse | None:
        """Return the answer to a request where it was made before."""
        made = self._made.get(_key(row, http, form)) if row.is_fixed else None
        return None if made is None else self._again(made)

    def first(
        self, row: ControlRoute, http: HttpRequest, form: str, make: Callable[[], OutgoingResponse | Pause]
    ) -> OutgoingResponse | Pause:
        """Return the answer to a request, and make it where nobody has; of those that come at once one does."""
        with self._making:
            if (found := self.find(row, http, form)) is not None:
                return found
            response = make()
            if isinstance(response, Pause) or response.status != row.status:
                return response
            content = response.content
            whole = b"".join(content.chunks) if isinstance(content, Stream) else content
            self._made[_key(row, http, form)] = made = OutgoingResponse(response.status, response.headers, whole)
        del response  # and with it what the answer counted while it was made
        return self._again(made)

    def _again(self, made: OutgoingResponse) -> OutgoingResponse:
        try:
            charge = charge_answer(self._answers, made.length)
        except TooMany as error:
            return error_response(error)
        return OutgoingResponse(made.status, [*made.headers], made.content, charge=charge)


def _key(row: ControlRoute, http: HttpRequest, form: str) -> Hashable:
    """Return what tells one answer from the others; only a name that there is has one that is kept."""
    return row.path, *http.path_params.values(), form
