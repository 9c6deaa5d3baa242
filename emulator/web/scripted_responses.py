"""Responses that a scenario or a fault gives in place of the vendor's own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from emulator.kernel.faults import Fault
from emulator.kernel.machine import Answer
from emulator.kernel.replies import Selection, select_reply
from emulator.kernel.resource import structs
from emulator.kernel.transaction import Transaction
from emulator.sdk.request import Request
from emulator.sdk.response import Response
from emulator.web.calls import call_of
from emulator.web.response import LEAST_REFUSAL, RawHeaders

SCRIPTED = "scripted"
"""The answer that the scenario gives."""

PLAIN_TEXT = "text/plain; charset=utf-8"

SANDBOX = (b"content-security-policy", b"sandbox")
"""The header by which a browser shows a page as one of nobody's: a script in it neither runs nor reaches the control plane."""

PAGES = frozenset({b"document", b"iframe", b"frame", b"embed", b"object"})
"""Values of Sec-Fetch-Dest of a request whose answer a browser shows."""


def sandbox_of(headers: Sequence[tuple[bytes, bytes]]) -> RawHeaders:
    """Return what a response has for a browser that is to show it, by its request's headers: over plain http these say less."""
    return [SANDBOX] * any(
        (name == b"sec-fetch-dest" and value in PAGES) or (name == b"accept" and b"text/html" in value)
        for name, value in headers
    )


def reply_to(tx: Transaction, request: Request, is_whole: bool = True) -> Selection:
    """Return the reply that the scenario has for a request, if any; of one that is not `is_whole` the body may be anything."""
    return select_reply(tx, call_of(request, is_whole))


def scripted_answer(tx: Transaction, request: Request) -> tuple[Answer, Response] | None:
    """Return the answer and the response that the scenario has for a request, if any, and note what its replies say of it."""
    reply, verdicts = reply_to(tx, request)
    request.verdicts += verdicts
    return (Answer(SCRIPTED, reply.place or reply.id), as_written(reply.code, reply.body, reply.headers)) if reply else None


def failure_of(tx: Transaction, request: Request, fault: Fault) -> Response:
    """Return the failure that a fault brings about: with the body that the fault has, or else as the vendor fails."""
    code, body = fault.code or 500, fault.body
    is_written = body is not None or code < LEAST_REFUSAL
    response = as_written(code, body) if is_written else request.vendor.failure_response(tx, request, code)
    headers = {**response.headers, **fault.headers}
    if fault.retry_after is not None:
        headers["retry-after"] = str(math.ceil(fault.retry_after.total_seconds()))  # the header counts whole ones
    return structs.replace(response, headers=headers)


def as_written(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response whose body a scenario gives: a text as it is, anything else as JSON; an empty text is no body."""
    headers = headers or {}
    if not isinstance(body, str):
        return Response(status, body, headers)
    if not body:
        return Response(status, None, headers)
    return Response(status, body.encode("utf-8", "replace"), {"content-type": PLAIN_TEXT, **headers})
