"""A request of a client as a step sends it: without what only its transport needs, and without secrets."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPMethod
from itertools import chain, zip_longest
from typing import Any, NamedTuple
from urllib.parse import quote, unquote_plus

from emulator.kernel.limits import Limits
from emulator.recording.credentials import Credentials, covered, scheme_of
from emulator.recording.events import NO_JSON, Call, value_of
from emulator.recording.kept import Kept
from emulator.scenario.checks.responses import HEADER_NAME, HEADER_VALUE
from emulator.scenario.document import JsonDict
from emulator.scenario.scalars import plain
from emulator.scenario.schema import PLACEHOLDER
from emulator.sdk.exact_json import depth_of, dump, load
from emulator.text.pattern import pattern
from emulator.text.redact import SCHEMES, redact_text
from emulator.text.secrets import NAMING, VALUES, is_secret
from emulator.web.routes import UNMATCHED

JSON_TYPE, FORM_TYPE = "application/json", "application/x-www-form-urlencoded"
NO_ANSWER, NOT_MODIFIED, STATUSES = 0, 304, range(200, 600)
METHODS = frozenset(method.value for method in HTTPMethod)

DEEPEST_BODY = 30
"""Levels of a body in JSON up to which it stands in the file as a value."""

_OF_TRANSPORT = pattern(
    r"(?:accept(?:-.*)?|access-control-.*|alt-.*|baggage|cache-control|connection|content-length|cookie2?|date|dnt|emulator-.*"
    r"|expect|forwarded|host|if-.*|keep-alive|max-forwards|origin|pragma|priority|proxy-.*|purpose|range|referer|save-data"
    r"|sec-.*|sentry-.*|te|trace.*|trailer|transfer-encoding|tracestate|upgrade.*|user-agent|via|x-amzn-.*|x-b3-.*|x-client-.*"
    r"|x-cloud-trace.*|x-correlation-id|x-datadog-.*|x-forwarded-.*|x-real-ip|x-request-id|x-requested-with|x-stripe-client-.*)"
)
"""Names of headers by which clients tell who they are and how they are connected."""

_GUID = pattern(r"(?:[\w-]{1,40}-)?[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_SPELLINGS = {"idempotency-key": "Idempotency-Key", "content-md5": "Content-MD5"}


def why_unsaid(call: Call) -> str | None:
    """Return why no step can send a request; None where one can."""
    if call.method not in METHODS:
        return f"{call.method!r} is no method of HTTP"
    if call.status == NO_ANSWER and not call.fails:
        return "no answer to it is known; where that was a failure, lay a fault"
    if call.status == NOT_MODIFIED:
        return "its answer was kept by the client"
    if call.status not in STATUSES and not call.fails:
        return f"no answer has the status {call.status}"
    if call.is_cut and not call.body:
        return "its body is not known"
    if call.is_cut:
        return f"of its body only the first {len(call.body)} bytes are known: {Limits.more('journal_bytes')}"
    try:
        call.body.decode()
    except UnicodeDecodeError:
        return f"its body of {len(call.body)} bytes is no text"
    return None


class Fill(NamedTuple):
    """Substitutes in the texts of one request: the names of kept values, and what stands for secrets."""

    call: Call
    values: Callable[[str], str]
    names: frozenset[str]
    credentials: Credentials

    def text(self, text: str) -> str:
        """Return a text with the names of kept values, in which nothing has the shape of a secret."""
        return redact_text(self.values(text))

    def secret(self, name: str, value: str) -> str:
        """Return what stands for the value under the name of a secret."""
        filled = self.values(value)
        is_kept = filled != value and filled[1:-1] in self.names
        return self.credentials.note(filled) if is_kept else self.credentials.replace(self.call, name, value)

    def header(self, name: str, value: str) -> str:
        """Return the value of a header."""
        if not is_secret(name):
            filled = self.values(value)
            return filled if redact_text(filled) == filled else self.credentials.replace(self.call, name, value)
        scheme, secret = scheme_of(self.call, value)
        return f"{scheme} {self.secret(name, secret)}" if secret and scheme.lower() in SCHEMES else self.secret(name, value)

    def encoded(self, text: str) -> str:
        """Return a text percent-encoded, but for the names of values."""
        parts = PLACEHOLDER.split(text)  # a name between two texts, each time
        names = (f"{{{it}}}" if self.is_name(it) else quote(f"{{{it}}}", safe="") for it in parts[1::2])
        texts = (quote(it, safe=".~") for it in parts[::2])
        return "".join(chain.from_iterable(zip_longest(texts, names, fillvalue="")))

    def is_name(self, name: str) -> bool:
        return name in self.names or self.credentials.is_placeholder(self.call.vendor, name)


class Requests:
    """Says requests as steps. Keys of idempotency that a program made are numbered in the order in which they come."""

    def __init__(self, kept: Kept, credentials: Credentials) -> None:
        self._kept = kept
        self._credentials = credentials
        self._keys: dict[str, str] = {}

    def step(self, place: int, call: Call) -> JsonDict:
        """Return the step that sends a request."""
        fill = Fill(call, self._kept.filler(place), self._kept.known(place), self._credentials)
        for name in fill.names:
            self._credentials.note(f"{{{name}}}")
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
                said = fill.header(name, self._key(value) if name == "idempotency-key" else value)
                if all(map(fill.is_name, PLACEHOLDER.findall(said))):
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
    return _path(fill, path) + mark + _pairs(fill, query)


def _path(fill: Fill, path: str) -> str:
    """Return a path with the names of kept values, and something else in place of each part that is hidden."""
    parts, shown = path.split("/"), redact_text(path).split("/")
    if len(parts) != len(shown):
        return path
    said = []
    for part, safe in zip(parts, shown, strict=True):
        filled = fill.values(part)
        is_safe = part == safe or filled != part
        said.append(filled if is_safe else fill.credentials.replace(fill.call, "path", part))
    return "/".join(said)


def _pairs(fill: Fill, text: str) -> str:
    """Return a query or a form. A value beside the name of a secret is one, as in `name=token&value=...`."""
    pairs = [(name, equals, value) for name, equals, value in (it.partition("=") for it in text.split("&"))]
    decoded = [(unquote_plus(name), unquote_plus(value)) for name, _, value in pairs]
    is_beside = any(name.lower() in NAMING and is_secret(value) for name, value in decoded)
    said = [
        fill.secret(name, value) if is_secret(name) or (is_beside and name.lower() in VALUES) else fill.text(value)
        for name, value in decoded
    ]
    return "&".join(
        f"{name}{equals}{value if it == plain else fill.encoded(it)}"
        for (name, equals, value), (_, plain), it in zip(pairs, decoded, said, strict=True)
    )


def _body(fill: Fill) -> JsonDict:
    """Return the body of a request as a step has it: a JSON value where it is one, else a text."""
    call = fill.call
    if not call.body:
        return {}
    types = [value.partition(";")[0].strip().lower() for name, value in call.headers if name == "content-type"]
    text, value = call.body.decode(), value_of(call.body)
    is_exact = value is not NO_JSON and _is_exact(call.body, value)
    filled = covered(value, fill.secret, fill.text) if is_exact else None
    if is_exact and types[-1:] == [JSON_TYPE]:
        return {"json": filled}
    if is_exact:
        return {"body": text if filled == value else dump(filled).decode()}
    if types[-1:] == [FORM_TYPE]:
        return {"body": _pairs(fill, text)}
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
