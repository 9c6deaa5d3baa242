"""A request as the rules of a world see it: a call, of which a part is read once a rule looks into it."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

from emulator.kernel.calls import Call
from emulator.kernel.matching import UNREAD, Fields
from emulator.sdk.exact_json import load
from emulator.sdk.request import Request
from emulator.text.percent import form_fields

FORM = "application/x-www-form-urlencoded"

MOST_FIELDS = 50_000
"""Fields of a form; one with more is a text."""


def call_of(request: Request, is_whole: bool = True) -> Call:
    """Return a request as a call, of which each part is read once; of one that is not `is_whole` the body is still to come."""
    if request.call is None or not is_whole:
        parts, ids = Parts(request, is_whole), tuple(request.parameters.values())
        call = Call(request.vendor.name, request.operation_name, ids, request.credential, parts.read)
        request.call = call if is_whole else None
        return call
    return request.call


class Parts:
    """The parts of a request. They do not know the request, which knows them: it would be in a cycle, and outlive its end."""

    __slots__ = ("_body", "_headers", "_media_type", "_query", "_read")

    def __init__(self, request: Request, is_whole: bool) -> None:
        self._query = request.query_string
        self._headers = request.raw_headers
        self._media_type = request.media_type
        self._body = request.body if is_whole else None
        self._read: dict[str, Any] = {}

    def read(self, part: str) -> Any:
        """Return a part: `query`, `headers` or `body`."""
        if part not in self._read:
            self._read[part] = self._parse(part)
        return self._read[part]

    def _parse(self, part: str) -> Any:
        if part == "query":
            return _fields(parse_qsl(self._query, keep_blank_values=True))
        if part == "headers":
            return _fields((name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in self._headers)
        return UNREAD if self._body is None else _parse_body(self._body, self._media_type)


def _parse_body(body: bytes, media_type: str) -> Any:
    """Return the value of a body in JSON, the fields of a form, or else its text; None where there is none."""
    if not body:
        return None
    text, is_form = body.decode("utf-8", "replace"), media_type == FORM
    with suppress(ValueError):
        value = load(body)
        if not is_form or isinstance(value, (dict, list)):
            return value
    if not is_form or text.count("&") >= MOST_FIELDS:
        return text
    return _fields((name.decode("utf-8", "replace"), value.decode("utf-8", "replace")) for name, value in form_fields(text))


def _fields(pairs: Iterable[tuple[str, str]]) -> Fields:
    fields = Fields()
    for name, value in pairs:
        fields.setdefault(name, []).append(value)
    return fields
