"""A request of a client as a step sends it: without what only its transport needs, and without secrets."""

from __future__ import annotations

import re
from collections.abc import Callable
from http import HTTPMethod
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_plus

from emulator.kernel.limits import Limits
from emulator.recording.credentials import Credentials
from emulator.recording.events import NO_JSON, Call, value_of
from emulator.recording.kept import Kept
from emulator.scenario.checks.responses import HEADER_NAME, HEADER_VALUE
from emulator.scenario.document import JsonDict
from emulator.scenario.scalars import plain
from emulator.sdk.exact_json import depth_of, dump, load
from emulator.text.redact import hides
from emulator.text.secrets import is_secret
from emulator.web.routes import UNMATCHED

JSON_TYPE, FORM_TYPE = "application/json", "application/x-www-form-urlencoded"
METHODS = frozenset(method.value for method in HTTPMethod)

DEEPEST_BODY = 30
"""Levels of a body in JSON up to which it stands in the file as a value."""

_OF_TRANSPORT = re.compile(
    r"(?:accept(?:-.*)?|access-control-.*|alt-.*|baggage|cache-control|connection|content-length|cookie2?|date|dnt|emulator-.*"
    r"|expect|forwarded|host|if-.*|keep-alive|max-forwards|origin|pragma|priority|proxy-.*|purpose|range|referer|save-data"
    r"|sec-.*|sentry-.*|te|trace.*|trailer|transfer-encoding|tracestate|upgrade.*|user-agent|via|x-amzn-.*|x-b3-.*|x-client-.*"
    r"|x-cloud-trace.*|x-correlation-id|x-datadog-.*|x-forwarded-.*|x-real-ip|x-request-id|x-requested-with|x-stripe-client-.*)"
)
"""Names of headers by which clients tell who they are and how they are connected."""

_GUID = re.compile(r"(?:[0-9A-Za-z]{1,20}-)?[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_SPELLINGS = {"idempotency-key": "Idempotency-Key", "content-md5": "Content-MD5"}


def why_unsaid(call: Call) -> str | None:
    """Return why no step can send a request; None where one can."""
    if call.method not in METHODS:
        return f"{call.method!r} is no method of HTTP"
    if call.is_cut:
        return f"of its body only the first {len(call.body)} bytes are known: {Limits.more('journal_bytes')}"
    try:
        call.body.decode()
    except UnicodeDecodeError:
        return f"its body of {len(call.body)} bytes is no text"
    return None


class Fill(NamedTuple):
    """What is put into the texts of one request: the names of kept values, and what stands for secrets."""

    call: Call
    values: Callable[[str], str]
    credentials: Credentials

    def text(self, text: str) -> str:
        """Return a text with the names of kept values, in which no secret has the shape of one."""
        return self.credentials.in_text(self.values(text))

    def secret(self, name: str, value: str) -> str:
        """Return what stands for the value under the name of a secret."""
        return self.credentials.replace(self.call, name, self.values(value))


class Requests:
    """Says requests as steps. Keys of idempotency that a program made are numbered in the order in which they come."""

    def __init__(self, kept: Kept, credentials: Credentials) -> None:
        self._kept = kept
        self._credentials = credentials
        self._keys: dict[str, str] = {}

    def step(self, place: int, call: Call) -> JsonDict:
        """Return the step that sends a request."""
        fill = Fill(call, self._kept.filler(place), self._credentials)
        target = self._kept.link(place, call.target) or _target(fill, call.target)
        step: JsonDict = {"send": f"{call.method} {target}"}
        headers, body = self._headers(fill), _body(fill)
        if "json" in body and headers.get("Content-Type", "").lower() == JSON_TYPE:
            headers.pop("Content-Type")
        return step | ({"headers": headers} if headers else {}) | body

    def _headers(self, fill: Fill) -> dict[str, str]:
        """Return the headers that a vendor may read; of one that was sent twice, the last."""
        headers: dict[str, str] = {}
        for name, value in fill.call.headers:
            if not _OF_TRANSPORT.fullmatch(name) and HEADER_NAME.fullmatch(name) and HEADER_VALUE.fullmatch(value):
                value = self._key(value) if name == "idempotency-key" else fill.values(value)
                said = self._credentials.in_header(fill.call, name, value)
                headers[_SPELLINGS.get(name) or "-".join(map(str.capitalize, name.split("-")))] = said
        return dict(sorted(headers.items(), key=lambda it: it[0] != "Authorization")) | _host(fill.call)

    def _key(self, key: str) -> str:
        return self._keys.setdefault(key, f"key-{len(self._keys) + 1}") if _GUID.fullmatch(key) else key


def _host(call: Call) -> dict[str, str]:
    """Return the host of a request that would lead to another vendor without it."""
    host = next((value for name, value in call.headers if name == "host"), "").partition(":")[0]
    return {"Host": host} if host in call.vendor.hosts and call.operation.endswith(f".{UNMATCHED}") else {}


def _target(fill: Fill, target: str) -> str:
    """Return a path with its query; a brace in it is percent-encoded, as it would name a value."""
    path, mark, query = target.replace("{", "%7B").replace("}", "%7D").partition("?")
    path = fill.text(path).replace("…", "-hidden")
    return path + mark + "&".join(_pair(fill, pair) for pair in query.split("&"))


def _pair(fill: Fill, pair: str) -> str:
    """Return a parameter of a query or a form."""
    name, equals, value = pair.partition("=")
    decoded, called = unquote_plus(value), unquote_plus(name)
    said = fill.secret(called, decoded) if is_secret(called) else fill.text(decoded)
    return pair if said == decoded else f"{name}{equals}{quote(said, safe='{}.~')}"


def _body(fill: Fill) -> JsonDict:
    """Return the body of a request as a step has it: a JSON value where it is one, else a text."""
    call = fill.call
    if not call.body:
        return {}
    types = [value.partition(";")[0].strip().lower() for name, value in call.headers if name == "content-type"]
    text, value = call.body.decode(), value_of(call.body)
    is_exact = value is not NO_JSON and _is_exact(call.body, value)
    filled = _filled(fill, value) if is_exact else None
    if is_exact and types[-1:] == [JSON_TYPE]:
        return {"json": filled}
    if is_exact:
        return {"body": text if filled == value else dump(filled).decode()}
    if types[-1:] == [FORM_TYPE]:
        return {"body": "&".join(_pair(fill, pair) for pair in text.split("&"))}
    return {"body": fill.text(text)}


def _is_exact(body: bytes, value: Any) -> bool:
    """Tell whether a scenario file can hold the value of a body, and the body says no more: no name twice, say."""
    if depth_of(value) > DEEPEST_BODY:
        return False
    try:
        load(body, object_pairs_hook=_members, parse_int=_number, parse_float=_number)
    except ValueError:
        return False
    return True


def _members(pairs: list[tuple[str, Any]]) -> JsonDict:
    if len(members := dict(pairs)) < len(pairs):
        raise ValueError("a name is given twice")
    return members


def _number(digits: str) -> Any:
    if isinstance(number := plain(digits), str):
        raise ValueError("a number is not written in plain digits")
    return number


def _filled(fill: Fill, value: Any) -> Any:
    """Return a JSON value with the names of kept values in its texts, and without secrets."""
    if isinstance(value, dict):
        return {name: _member(fill, name, part, value) for name, part in value.items()}
    if isinstance(value, list):
        return [_filled(fill, part) for part in value]
    return fill.text(value) if isinstance(value, str) else value


def _member(fill: Fill, name: str, part: Any, holder: dict[str, Any]) -> Any:
    return fill.secret(name, part) if isinstance(part, str) and hides(name, holder) else _filled(fill, part)
