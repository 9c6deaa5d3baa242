"""A request as somebody writes it to the control plane, to be tried or sent: method, URL, headers and body."""

from __future__ import annotations

import re
from typing import NamedTuple

from emulator.control.named_values import with_named_values
from emulator.control.route import ControlRequest
from emulator.kernel.errors import BadInput
from emulator.kernel.world import World
from emulator.scenario.checks.placeholders import METHODS
from emulator.scenario.checks.responses import header_problems
from emulator.scenario.schema import TEXTS
from emulator.sdk.exact_json import dump
from emulator.sdk.request import Request, read_request
from emulator.text.pattern import pattern
from emulator.web.connection import Scope
from emulator.web.guard import has_live_key
from emulator.web.origin import AUTHORITY
from emulator.web.requests import with_plain_letters

FIELDS = {
    "method": {"enum": METHODS},
    "url": {"type": "string", "pattern": "^((https?://[^/]+)?/|\\{)", "description": "/path?query, or http://host/path?query"},
    "headers": TEXTS,
    "body": {},
}
URL = pattern(r"(?:(https?)://([^/]+))?(/[^?#]*)(?:\?([^#]*))?(?:#.*)?", re.DOTALL)
SENDABLE = pattern(r"[\x21-\x7e]*")


class WrittenRequest(NamedTuple):
    """A request: scheme, path and query as they are sent, the headers by small names, and the body as bytes."""

    method: str
    scheme: str
    path: str
    query: str
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def read(self) -> Request:
        """Return it as a vendor reads it."""
        return read_request(self.method, self.path, self.query, self.headers, self.body, self.scheme)


def written_request(control: ControlRequest, world: World) -> WrittenRequest:
    """Return the request that a body describes. Its body is sent as JSON where it is no text.

    Names in braces stand for a world's own credentials, and for what its answers gave.

    Raises:
        BadInput: no client could send it.
        TooLarge: it names too much.
    """
    context = control.context
    options = with_named_values(control.body, world, context.vendors, context.limits.control)
    scheme, host, path, query = _parts(options["url"])
    if problems := [*header_problems(options, ())]:
        raise BadInput(problems)
    headers = {"host": name} if (name := host or control.http.headers.get("host", "")) else {}
    headers |= {name.lower(): value for name, value in options.get("headers", {}).items()}
    body = options.get("body", "")
    if not isinstance(body, str):
        headers.setdefault("content-type", "application/json")
        body = dump(body).decode()
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return WrittenRequest(options["method"], scheme or control.http.scope["scheme"], path, query, raw, body.encode())


def _parts(url: str) -> tuple[str, str, str, str]:
    """Return scheme, host, path and query; what follows `#` is not sent."""
    match = URL.fullmatch(url)
    parts = tuple(part or "" for part in match.groups()) if match else ()
    if len(parts) != 4 or not all(SENDABLE.fullmatch(part) for part in parts):
        raise BadInput.at("a URL is sent as ASCII without spaces: encode what is not", "url")
    return parts[0], parts[1], with_plain_letters(parts[2]), parts[3]


def refuse_unreachable(control: ControlRequest, request: Request) -> None:
    """Refuse a request that would reach no vendor; set the scheme and the authority of one that would.

    Raises:
        BadInput: it is too long, or the guard would reject it; the message is that of the real request.
    """
    limits, headers = control.context.limits, request.raw_headers
    if len(request.target) > limits.url:
        raise BadInput.at(f"a request's target has at most {limits.url} bytes: 414 url-too-long", "url")
    if sum(len(name) + len(value) + 4 for name, value in headers) > limits.head:
        raise BadInput.at(f"a request's head has at most {limits.head} bytes: 431 head-too-large", "headers")
    scope: Scope = {
        **control.http.scope,
        AUTHORITY: None,
        "scheme": request.scheme,
        "headers": headers,
        "path": request.path,
        "raw_path": request.path.encode(),
        "query_string": request.query_string.encode(),
    }
    rejection = control.context.guard.check(scope)
    request.scheme, request.authority = scope["scheme"], scope[AUTHORITY]
    if rejection is not None:
        is_key_in_url = rejection.error == "live-key" and has_live_key((), request.target.encode())
        pointer = "url" if is_key_in_url else "headers"
        raise BadInput.at(f"{rejection.reason}: {rejection.status} {rejection.error}", pointer)
