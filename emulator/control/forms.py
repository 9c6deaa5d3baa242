"""The forms of an answer of the control plane: JSON, or one for people where the request prefers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from emulator.control.json_pieces import in_pieces, together
from emulator.control.negotiation import preferred
from emulator.sdk.response import Stream
from emulator.web.connection import Receive, Scope, Send, connection_of
from emulator.web.response import OutgoingResponse, send_response

JSON_TYPE, TEXT_TYPE, HTML_TYPE = "application/json", "text/plain", "text/html"

Forms = Mapping[str, Callable[[Any], str]]
"""From a media type to the function that writes an answer in it."""

SHELLS = ("curl/", "wget/")
"""Beginnings of the User-Agent of programs that print an answer for a person."""

VARIES = {"vary": "Accept, User-Agent", "cache-control": "no-store", "x-content-type-options": "nosniff"}
SAFE = {
    "content-security-policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}
"""A page loads nothing, runs nothing, sends nothing on and stands in no frame."""


class InPieces(Response):
    """JSON that was written in pieces, and is sent in them."""

    media_type = JSON_TYPE

    def __init__(self, pieces: Sequence[bytes], status: int) -> None:
        super().__init__(pieces[0] if len(pieces) == 1 else b"", status)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; everybody else has a turn after each piece."""
        if len(self._pieces) == 1:
            return await super().__call__(scope, receive, send)
        headers = [it for it in self.raw_headers if it[0] != b"content-length"]
        content = Stream(sum(map(len, self._pieces)), iter(self._pieces))
        return await send_response(OutgoingResponse(self.status_code, headers, content), send, connection_of(scope))


def form_for(request: Request, forms: Forms, text_for_shells: bool = False) -> str:
    """The media type of the form that a request prefers: JSON where it does not say."""
    offered = [JSON_TYPE, *forms]
    if text_for_shells and request.headers.get("user-agent", "").lower().startswith(SHELLS):
        offered.sort(key=lambda it: it != TEXT_TYPE)
    return preferred(", ".join(request.headers.getlist("accept")), offered)


def respond(answer: Any, status: int, form: str, forms: Forms) -> Response:
    """The response that holds an answer in one of its forms."""
    if form == JSON_TYPE:
        response: Response = InPieces(together(chain(in_pieces(answer), (b"\n",))), status)
    else:
        response = Response(f"{forms[form](answer)}\n", status, media_type=form)
    if forms:
        response.headers.update(VARIES)
    if form == HTML_TYPE:
        response.headers.update(SAFE)
    return response
