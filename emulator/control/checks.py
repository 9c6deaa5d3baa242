"""The control route that checks a scenario as somebody writes it, and makes nothing of it."""

from __future__ import annotations

from collections.abc import Iterable

from emulator.control.models import Checked, Mistake
from emulator.control.record import ref
from emulator.control.route import ControlRequest, route
from emulator.kernel.errors import MAX_PROBLEMS, BadInput, Problem
from emulator.text.redact import redact_text


@route(
    "POST",
    "/check",
    "What is wrong in a scenario, and what in it can have no effect",
    body=ref("scenario"),
    as_document=True,
    takes_long=True,
    is_trial=True,
)
def check(request: ControlRequest) -> Checked:
    """JSON is read as the YAML that it is, too, so that each mistake has its line."""
    try:
        if "mistakes" in request.body:
            raise BadInput(request.body["mistakes"])
        scenario = request.context.scenario(request.body["document"])
    except BadInput as error:
        return Checked(_mistakes(error.shown_problems()), (), error.omitted)
    return Checked((), _mistakes(scenario.warnings[:MAX_PROBLEMS]), max(0, len(scenario.warnings) - MAX_PROBLEMS))


def _mistakes(problems: Iterable[Problem]) -> tuple[Mistake, ...]:
    return tuple([Mistake(it.line, it.column, redact_text(it.message)) for it in problems])
