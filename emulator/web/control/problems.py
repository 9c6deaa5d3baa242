"""What the control plane says when something is wrong: application/problem+json (RFC 9457) that names the field."""

from __future__ import annotations

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from emulator.kernel.errors import BadInput, Conflict, EmulatorError, NotFound, Problem, TimeRunsForward, TooLarge, TooMany
from emulator.vendors.vendor import dump
from emulator.web.guard import Turned
from emulator.web.redact import redact_text

STATUSES: dict[type[EmulatorError], int] = {
    BadInput: 422,
    Conflict: 409,
    NotFound: 404,
    TimeRunsForward: 409,
    TooLarge: 413,
    TooMany: 429,
}


def problem(status: int, detail: str, **more: object) -> Response:
    """A problem document: the status, its name, what is wrong in this case, and more members."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": redact_text(detail), **more}
    return Response(dump(body), status, media_type="application/problem+json")


def turned_away(turned: Turned) -> Response:
    """What the guard says to somebody who wants the control plane."""
    answer = problem(turned.status, turned.reason)
    answer.headers["emulator-error"] = turned.error
    if turned.status == HTTPStatus.UNAUTHORIZED:
        answer.headers["www-authenticate"] = "Bearer"
    return answer


async def on_emulator_error(_: Request, error: Exception) -> Response:
    """Our own errors, each with its status."""
    status = next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500)
    if not isinstance(error, BadInput):
        return problem(status, str(error))
    return problem(status, "; ".join(error.lines()), errors=[_show_problem(it) for it in error.problems])


def _show_problem(it: Problem) -> dict[str, object]:
    place = {"pointer": it.pointer, "line": it.line, "column": it.column, "detail": redact_text(it.message)}
    return {key: value for key, value in place.items() if value is not None}


async def on_failure(request: Request, _: Exception) -> Response:
    """A mistake of ours, which Starlette also raises on to the log, so that the server hangs up."""
    answer = problem(500, f"the emulator failed at {request.scope['path']}; its log says where")
    answer.headers.update({"emulator-error": "internal", "connection": "close"})
    return answer


async def on_http_error(_: Request, error: Exception) -> Response:
    """What Starlette itself refuses: an unknown path, a wrong verb."""
    assert isinstance(error, HTTPException)  # noqa: S101  Starlette calls it for nothing else
    answer = problem(error.status_code, error.detail)
    answer.headers.update(error.headers or {})
    if "allow" in answer.headers:
        answer.headers["allow"] = ", ".join(sorted(answer.headers["allow"].split(", ")))
    return answer
