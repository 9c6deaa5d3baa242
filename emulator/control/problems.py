"""Error responses of the control plane: application/problem+json (RFC 9457) that names the field."""

from __future__ import annotations

import re
from collections.abc import Iterable
from http import HTTPStatus

from starlette.exceptions import HTTPException

from emulator.control.negotiation import TEXT_TYPE, content_type
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
from emulator.kernel.moments import OutOfReach
from emulator.text.escape import escaped
from emulator.text.nearest import near
from emulator.text.redact import redact_text
from emulator.web.guard import PREFIX, Rejection
from emulator.web.receipts import STORE_UNAVAILABLE, NotKept
from emulator.web.response import OutgoingResponse, json_line

STATUSES: dict[type[EmulatorError], int] = {
    BadInput: 422,
    Conflict: 409,
    NotFound: 404,
    TimeRunsForward: 409,
    TooLarge: 413,
    TooMany: 429,
    NotKept: 503,
}


class Done(EmulatorError):
    """A request whose effect stands, though its answer is refused, and why."""


def problem(status: int, detail: str, *headers: tuple[str, str], **more: object) -> OutgoingResponse:
    """Return a problem document with these headers: the status and its phrase, the detail, and more members."""
    title = HTTPStatus(status).phrase
    body = {"type": "about:blank", "title": title, "status": status, "detail": redact_text(detail), **more}
    raw = [(name.encode(), value.encode()) for name, value in headers]
    return OutgoingResponse(status, [(b"content-type", b"application/problem+json"), *raw], json_line(body))


def reject(rejection: Rejection) -> OutgoingResponse:
    """Return the response to a control request that the guard rejects."""
    challenge = [("www-authenticate", "Bearer")] if rejection.status == HTTPStatus.UNAUTHORIZED else []
    return problem(rejection.status, rejection.reason, ("emulator-error", rejection.error), *challenge)


def error_response(error: EmulatorError) -> OutgoingResponse:
    """Return the problem document of an error, with its status."""
    more: dict[str, object] = {}
    if isinstance(error, BadInput):
        more["errors"] = [_place(it) for it in error.shown_problems()]
        more |= {"untold": error.omitted} if error.omitted else {}
    if isinstance(error, OutOfReach):
        more["oldest"] = error.oldest
    headers = [("emulator-error", STORE_UNAVAILABLE)] if isinstance(error, NotKept) else []
    return problem(_status_of(error), _sentence(error), *headers, **more)


def text_response(error: EmulatorError) -> OutgoingResponse:
    """Return the sentence of an error, for a client that prefers text."""
    content = f"{escaped(redact_text(_sentence(error)))}\n".encode()
    return OutgoingResponse(_status_of(error), [content_type(TEXT_TYPE)], content)


def _status_of(error: EmulatorError) -> int:
    return next((STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES), 500)


def _sentence(error: EmulatorError) -> str:
    return "; ".join(error.lines()) if isinstance(error, BadInput) else truncate(str(error))


def _place(it: Problem) -> dict[str, object]:
    place = {
        "pointer": it.pointer and redact_text(it.pointer),
        "file": it.source or None,
        "line": it.line,
        "column": it.column,
        "detail": redact_text(it.message),
    }
    return {key: value for key, value in place.items() if value is not None}


def failure(path: str) -> OutgoingResponse:
    """Return the response to a request at which a bug of ours shows; the server hangs up after it."""
    detail = f"the emulator failed at {path}; its log says where"
    return problem(500, detail, ("emulator-error", "internal"), ("connection", "close"))


def http_problem(error: HTTPException, path: str, method: str, known: Iterable[str]) -> OutgoingResponse:
    """Return the response to what HTTP refuses: an unknown path hears the nearest known one, a wrong method the right ones."""
    detail, headers = error.detail, {name.lower(): value for name, value in (error.headers or {}).items()}
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"the control plane has no path {path}{path_hint(path, known) or f'; GET {PREFIX} lists what there is'}"
    elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["allow"] = ", ".join(sorted(headers["allow"].split(", ")))
        detail = f"{path} does not take {method}; it takes {headers['allow']}"
    return problem(error.status_code, detail, *headers.items())


def path_hint(path: str, known: Iterable[str]) -> str:
    """Return the known path nearest to an unknown one, as a clause to follow a message; empty where none is near."""
    path = path.rstrip("/")
    patterns = [re.sub(r":\w+}", "}", it) for it in known]
    spelt = {it.removesuffix(".json"): it for it in patterns if not it.endswith("}") or it.count("/") == path.count("/")}
    found = near(path, spelt)
    return f"; did you mean {spelt[found[0]]}?" if found else ""
