"""Content negotiation (RFC 9110, 12.5.1): a response as JSON, or in another form where the request prefers it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import chain
from typing import Any

from emulator.control.http import HttpRequest
from emulator.control.record import to_json
from emulator.kernel.budget import Quota
from emulator.sdk.json_pieces import in_pieces, together
from emulator.sdk.response import Stream
from emulator.text.pattern import pattern
from emulator.web.answers import AnswerRoom
from emulator.web.control_plane import Handed
from emulator.web.response import OutgoingResponse

JSON_TYPE, TEXT_TYPE, HTML_TYPE, YAML_TYPE = "application/json", "text/plain", "text/html", "application/yaml"
EVENTS_TYPE = "text/event-stream"

Forms = Mapping[str, Callable[[Any], str]]
"""From a media type to the function that renders an answer in it."""

_RANGE = pattern(r"([^\s,;]+)(?:[^,]*?;\s*q\s*=\s*([^\s,;]*))?[^,]*", re.IGNORECASE)
"""A range of an Accept header, and its weight."""

MANY, LETTERS, LONG = 200, 1_000, 1_500_000
"""Parts of a value, and characters of a text in it, up to which a handle gets it as it is; bytes that it surely has not."""

SHELLS = ("curl/", "wget/")
"""Prefixes of the User-Agent of programs that print a response in a terminal."""

VARY_HEADERS = [(b"vary", b"Accept, User-Agent"), (b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
PAGE_HEADERS = [
    (b"content-security-policy", b"default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-frame-options", b"DENY"),
]
"""A page loads nothing, runs nothing, submits nothing and stands in no frame."""


def form_for(request: HttpRequest, forms: Forms, text_for_shells: bool = False, default: str = JSON_TYPE) -> str:
    """Return the media type that a request prefers: the default one unless it says otherwise."""
    if text_for_shells and request.headers.get("user-agent", "").lower().startswith(SHELLS):
        default = TEXT_TYPE
    offered = sorted((JSON_TYPE, *forms), key=lambda it: it != default)
    return preferred(
        ", ".join(value.decode("latin-1") for name, value in request.scope["headers"] if name == b"accept"), offered
    )


def respond(answer: Any, status: int, form: str, forms: Forms, max_bytes: int, answers: Quota) -> OutgoingResponse:
    """Return the response that holds an answer, a record or a JSON value, in one of its forms.

    A long one is sent in pieces, so that others have a turn after each, and has a charge until it is sent.

    Raises:
        TooMany: it has too many bytes, or no room among the answers that are on their way.
    """
    pieces = in_pieces(to_json(answer)) if form == JSON_TYPE else (forms[form](answer).encode(),)
    room = AnswerRoom(answers, max_bytes)
    joined = together(chain(pieces, (b"\n",)), room)
    charge = room.charge_when_made()
    content = Stream(sum(map(len, joined)), iter(joined)) if charge else b"".join(joined)
    headers = [content_type(form), *(VARY_HEADERS if forms else ()), *(PAGE_HEADERS if form == HTML_TYPE else ())]
    return OutgoingResponse(status, headers, content, charge=charge)


def hand_over(answer: Any, status: int, max_bytes: int, answers: Quota) -> Handed | OutgoingResponse:
    """Return an answer as a handle in this process takes it: as the value that its JSON has, or, a long one, as that JSON.

    Raises:
        TooMany: as `respond` does.
    """
    if max_bytes >= LONG:
        with suppress(_NoShortValue):
            return Handed(status, _copied(to_json(answer), [MANY]))
    return respond(answer, status, JSON_TYPE, {}, max_bytes, answers)


class _NoShortValue(Exception):
    """Ends the copying of a value that is long, or that its JSON does not have as it is."""


def _copied(value: Any, room: list[int]) -> Any:
    """Return a copy of a value that has so many parts at most."""
    kind = value.__class__
    if value is None or kind is bool or kind is int or (kind is str and len(value) <= LETTERS):
        return value
    if kind is not dict and kind is not list and kind is not tuple:
        raise _NoShortValue
    room[0] -= len(value)
    if room[0] < 0:
        raise _NoShortValue
    if kind is not dict:
        return [_copied(it, room) for it in value]
    copy = {}
    for name, it in value.items():
        copy[name] = it if it.__class__ is str and len(it) <= LETTERS else _copied(it, room)
    return copy


def content_type(form: str) -> tuple[bytes, bytes]:
    """Return the header that names a media type; all of our text is UTF-8."""
    return b"content-type", f"{form}; charset=utf-8".encode() if form.startswith("text/") else form.encode()


def preferred(accept: str | None, offered: Sequence[str]) -> str:
    """Return the offered media type that an Accept header gives the highest weight, the first of several.

    Of equal weights, that of a named type counts more than that of a wildcard. Without a header, and where it accepts none of
    them, return the first.
    """
    weights = {media.lower(): _quality(weight) for media, weight in _RANGE.findall(accept or "*/*")}
    return max(offered, key=lambda media: _weight(media, weights))


def _weight(media: str, weights: Mapping[str, float]) -> tuple[float, int]:
    """Return the weight of the most specific range that a media type fits, and how specific it is; 0 and 0 without one."""
    for specificity, media_range in ((2, media), (1, f"{media.partition('/')[0]}/*"), (0, "*/*")):
        if media_range in weights:
            return weights[media_range], specificity if weights[media_range] else 0
    return 0.0, 0


def _quality(text: str) -> float:
    """Return a weight between 0 and 1: 1 where none is given, 0 for a text that is none."""
    try:
        weight = float(text or 1)
    except ValueError:
        return 0.0
    return weight if 0 <= weight <= 1 else 0.0
