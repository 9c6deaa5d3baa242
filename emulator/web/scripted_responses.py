"""Responses that a scenario or a fault gives in place of the vendor's own."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from emulator.kernel.faults import Fault
from emulator.kernel.transaction import Transaction
from emulator.sdk.request import Request
from emulator.sdk.response import Response

PLAIN_TEXT = "text/plain; charset=utf-8"


def failure_of(tx: Transaction, request: Request, fault: Fault) -> Response:
    """Return the failure that a fault brings about: with the body that the fault has, or else as the vendor fails."""
    code = fault.code or 500
    response = as_written(code, fault.body) if fault.body is not None else request.vendor.failure_response(tx, request, code)
    if fault.retry_after is None:
        return response
    seconds = math.ceil(fault.retry_after.total_seconds())  # the header counts whole ones
    return response._replace(headers={**response.headers, "retry-after": str(seconds)})


def as_written(status: int, body: Any, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response whose body a scenario gives: a text as it is, anything else as JSON; an empty text is no body."""
    headers = headers or {}
    if not isinstance(body, str):
        return Response(status, body, headers)
    if not body:
        return Response(status, None, headers)
    return Response(status, body.encode("utf-8", "replace"), {"content-type": PLAIN_TEXT, **headers})
