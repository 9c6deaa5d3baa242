"""The forms of an answer of the control plane: JSON, or one for people where the request prefers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from emulator.web.control.negotiation import preferred
from emulator.web.wire import line_of

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


def form_for(request: Request, forms: Forms, text_for_shells: bool = False) -> str:
    """The media type of the form that a request prefers: JSON where it does not say."""
    offered = [JSON_TYPE, *forms]
    if text_for_shells and request.headers.get("user-agent", "").lower().startswith(SHELLS):
        offered.sort(key=lambda it: it != TEXT_TYPE)
    return preferred(", ".join(request.headers.getlist("accept")), offered)


def respond(answer: Any, status: int, form: str, forms: Forms) -> Response:
    """The response that holds an answer in one of its forms."""
    if form == JSON_TYPE:
        response = Response(line_of(answer), status, media_type=JSON_TYPE)
    else:
        response = Response(f"{forms[form](answer)}\n", status, media_type=form)
    if forms:
        response.headers.update(VARIES)
    if form == HTML_TYPE:
        response.headers.update(SAFE)
    return response
