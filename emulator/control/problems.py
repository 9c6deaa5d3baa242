"""Error responses of the control plane: application/problem+json (RFC 9457) that names the field."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

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
from emulator.text.nearest import near
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
    """Return a problem document: the status and its phrase, the detail, and more members."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": redact_text(detail), **more}
    return Response(json_line(body), status, media_type="application/problem+json")


def reject(rejection: Rejection) -> Response:
    """Return the response to a control request that the guard rejects."""
    response = problem(rejection.status, rejection.reason)
    response.headers["emulator-error"] = rejection.error
    if rejection.status == HTTPStatus.UNAUTHORIZED:
        response.headers["www-authenticate"] = "Bearer"
    return response


def error_response(error: EmulatorError) -> Response:
    """Return the problem document of an error, with its status."""
    more: dict[str, object] = {}
    if isinstance(error, BadInput):
        more["errors"] = [_place(it) for it in error.shown_problems()]
        more |= {"untold": error.omitted} if error.omitted else {}
    return problem(_status_of(error), _sentence(error), **more)


def text_response(error: EmulatorError) -> Response:
    """Return the sentence of an error, for a client that prefers text."""
    return Response(f"{escaped(redact_text(_sentence(error)))}\n", _status_of(error), media_type="text/plain")


def _status_of(error: EmulatorError) -> int:
    return next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500)


def _sentence(error: EmulatorError) -> str:
    return "; ".join(error.lines()) if isinstance(error, BadInput) else truncate(str(error))


def _place(it: Problem) -> dict[str, object]:
    place = {
        "pointer": it.pointer and redact_text(it.pointer),
        "line": it.line,
        "column": it.column,
        "detail": redact_text(it.message),
    }
    return {key: value for key, value in place.items() if value is not None}


class SilentResponse(Response):
    """The response to a client that hung up before the end of its request: none."""

    async def __call__(self, _scope: Scope, _receive: Receive, _send: Send) -> None:
        """Send nothing."""


async def no_response(_request: Request, _error: Exception) -> Response:
    """Answer nothing to a client that hung up."""
    return SilentResponse()


async def on_failure(request: Request, _: Exception) -> Response:
    """Answer a bug of ours. Starlette raises it again for the log, so that the server hangs up."""
    response = problem(500, f"the emulator failed at {request.scope['path']}; its log says where")
    response.headers.update({"emulator-error": "internal", "connection": "close"})
    return response


async def on_http_error(paths: Iterable[str], request: Request, error: Exception) -> Response:
    """Answer an unknown path with the nearest of these, a wrong method with the right ones, and other errors of Starlette."""
    return await off_loop_if_long(request.scope, _http_error, paths, request, error)


def _http_error(paths: Iterable[str], request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  Starlette calls it for nothing else
    path, detail, headers = request.scope["path"], error.detail, dict(error.headers or {})
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"the control plane has no path {path}{path_hint(path, paths) or f'; GET {PREFIX} lists what there is'}"
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", ")))
        detail = f"{path} does not take {request.method}; it takes {headers['Allow']}"
    response = problem(error.status_code, detail)
    response.headers.update(headers)
    return response


def path_hint(path: str, known: Iterable[str]) -> str:
    """Return the known path nearest to an unknown one, as a clause to follow a message; empty where none is near."""
    path = path.rstrip("/")
    patterns = [re.sub(r":\w+}", "}", it) for it in known]
    spelt = {it.removesuffix(".json"): it for it in patterns if not it.endswith("}") or it.count("/") == path.count("/")}
    found = near(path, spelt)
    return f"; did you mean {spelt[found[0]]}?" if found else ""
