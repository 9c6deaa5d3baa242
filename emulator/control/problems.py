"""What the control plane says when something is wrong: application/problem+json (RFC 9457) that names the field."""

from __future__ import annotations

from collections.abc import Iterable
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from emulator.control.paths import hint
from emulator.kernel.errors import (
    BadInput,
    Conflict,
    EmulatorError,
    NotFound,
    Problem,
    TimeRunsForward,
    TooLarge,
    TooMany,
    truncate,
)
from emulator.text.escape import escaped
from emulator.text.redact import redact_text
from emulator.web.guard import PREFIX, Rejection, off_loop_if_long
from emulator.web.response import json_line

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
    return Response(json_line(body), status, media_type="application/problem+json")


def reject(rejection: Rejection) -> Response:
    """What the guard says to somebody who wants the control plane."""
    answer = problem(rejection.status, rejection.reason)
    answer.headers["emulator-error"] = rejection.error
    if rejection.status == HTTPStatus.UNAUTHORIZED:
        answer.headers["www-authenticate"] = "Bearer"
    return answer


def refusal(error: EmulatorError) -> Response:
    """Our own errors, each with its status."""
    more: dict[str, object] = (
        {"errors": [_show_problem(it) for it in error.shown_problems()]} if isinstance(error, BadInput) else {}
    )
    if isinstance(error, BadInput) and error.omitted:
        more["untold"] = error.omitted
    return problem(_status_of(error), _sentence(error), **more)


def in_text(error: EmulatorError) -> Response:
    """The sentence of an error for somebody who asked for text."""
    return Response(f"{escaped(redact_text(_sentence(error)))}\n", _status_of(error), media_type="text/plain")


def _status_of(error: EmulatorError) -> int:
    return next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500)


def _sentence(error: EmulatorError) -> str:
    return "; ".join(error.lines()) if isinstance(error, BadInput) else truncate(str(error))


def _show_problem(it: Problem) -> dict[str, object]:
    place = {
        "pointer": it.pointer and redact_text(it.pointer),
        "line": it.line,
        "column": it.column,
        "detail": redact_text(it.message),
    }
    return {key: value for key, value in place.items() if value is not None}


class Unsaid(Response):
    """The answer to a client that hung up, or was refused, before the end of its request: none."""

    async def __call__(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        """Send nothing."""


async def on_hang_up(_request: Request, _error: Exception) -> Response:
    """Nothing was asked, and nobody hears an answer."""
    return Unsaid()


async def on_failure(request: Request, _: Exception) -> Response:
    """A mistake of ours, which Starlette also raises on to the log, so that the server hangs up."""
    answer = problem(500, f"the emulator failed at {request.scope['path']}; its log says where")
    answer.headers.update({"emulator-error": "internal", "connection": "close"})
    return answer


async def on_http_error(paths: Iterable[str], request: Request, error: Exception) -> Response:
    """A refusal of Starlette's own: an unknown path, with the nearest of these, or a wrong method, with the right ones."""
    return await off_loop_if_long(request.scope, _http_error, paths, request, error)


def _http_error(paths: Iterable[str], request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  Starlette calls it for nothing else
    path, detail, headers = request.scope["path"], error.detail, dict(error.headers or {})
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"the control plane has no path {path}{hint(path, paths) or f'; GET {PREFIX} lists what there is'}"
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", ")))
        detail = f"{path} does not take {request.method}; it takes {headers['Allow']}"
    answer = problem(error.status_code, detail)
    answer.headers.update(headers)
    return answer
