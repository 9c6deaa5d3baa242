"""Content negotiation (RFC 9110, 12.5.1): a response as JSON, or in another form where the request prefers it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from emulator.control.record import to_json
from emulator.kernel.budget import Quota
from emulator.sdk.response import Stream
from emulator.web.answers import charge_answer
from emulator.web.connection import Receive, Scope, Send, connection_of
from emulator.web.json_pieces import in_pieces, together
from emulator.web.response import OutgoingResponse, send_response

JSON_TYPE, TEXT_TYPE, HTML_TYPE = "application/json", "text/plain", "text/html"

Forms = Mapping[str, Callable[[Any], str]]
"""From a media type to the function that renders an answer in it."""

_RANGE = re.compile(r"([^\s,;]+)(?:[^,]*?;\s*q\s*=\s*([^\s,;]*))?[^,]*", re.IGNORECASE)
"""A range of an Accept header, and its weight."""

SHELLS = ("curl/", "wget/")
"""Prefixes of the User-Agent of programs that print a response in a terminal."""

VARY_HEADERS = {"vary": "Accept, User-Agent", "cache-control": "no-store", "x-content-type-options": "nosniff"}
PAGE_HEADERS = {
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}
"""A page loads nothing, runs nothing, submits nothing and stands in no frame."""


class PiecewiseResponse(Response):
    """A response that is sent in pieces, so that others have a turn after each. A long one has a charge until it is sent."""

    def __init__(self, pieces: Sequence[bytes], status: int, form: str, answers: Quota) -> None:
        self._charge = charge_answer(answers, sum(map(len, pieces)))
        super().__init__(b"" if self._charge else b"".join(pieces), status, media_type=form)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the pieces."""
        if self._charge is None:
            return await super().__call__(scope, receive, send)
        headers = [it for it in self.raw_headers if it[0] != b"content-length"]
        content = Stream(sum(map(len, self._pieces)), iter(self._pieces))
        response = OutgoingResponse(self.status_code, headers, content, charge=self._charge)
        return await send_response(response, send, connection_of(scope))


def form_for(request: Request, forms: Forms, text_for_shells: bool = False) -> str:
    """Return the media type that a request prefers: JSON unless it says otherwise."""
    offered = [JSON_TYPE, *forms]
    if text_for_shells and request.headers.get("user-agent", "").lower().startswith(SHELLS):
        offered.sort(key=lambda it: it != TEXT_TYPE)
    return preferred(", ".join(request.headers.getlist("accept")), offered)


def respond(answer: Any, status: int, form: str, forms: Forms, max_bytes: int, answers: Quota) -> Response:
    """Return the response that holds an answer, a record or a JSON value, in one of its forms.

    Raises:
        TooMany: it has too many bytes, or no room among the answers that are on their way.
    """
    pieces = in_pieces(to_json(answer)) if form == JSON_TYPE else (forms[form](answer).encode(),)
    response = PiecewiseResponse(together(chain(pieces, (b"\n",)), max_bytes), status, form, answers)
    if forms:
        response.headers.update(VARY_HEADERS)
    if form == HTML_TYPE:
        response.headers.update(PAGE_HEADERS)
    return response


def preferred(accept: str | None, offered: Sequence[str]) -> str:
    """Return the offered media type that an Accept header gives the highest weight, the first of several.

    Of equal weights, that of a named type counts more than that of a wildcard. Without a header, and where it accepts none of
    them, return the first.
    """
    weights = {media.lower(): _quality(weight) for media, weight in _RANGE.findall(accept or "*/*")}
    return max(offered, key=lambda media: _weight(media, weights))


def _weight(media: str, weights: Mapping[str, float]) -> tuple[float, int]:
    """Return the weight of the most specific range that a media type fits, and how specific it is; 0 and 0 without one."""
    for specificity, pattern in ((2, media), (1, f"{media.partition('/')[0]}/*"), (0, "*/*")):
        if pattern in weights:
            return weights[pattern], specificity if weights[pattern] else 0
    return 0.0, 0


def _quality(text: str) -> float:
    """Return a weight between 0 and 1: 1 where none is given, 0 for a text that is none."""
    try:
        weight = float(text or 1)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
