"""One entry of a HAR file: the form that is read of it, and the call that it is."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterator, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from emulator.kernel.time import format_instant, parse_instant
from emulator.recording.events import Call
from emulator.sdk.request import Request
from emulator.sdk.vendor import Vendor
from emulator.web.routes import Route

_TEXT = {"type": "string"}
_HEADERS = {
    "type": "array",
    "items": {"type": "object", "properties": {"name": _TEXT, "value": _TEXT}, "required": ["name", "value"]},
}
_PARAMETER = {"type": "object", "properties": {"name": _TEXT, "value": _TEXT}, "required": ["name"]}
_BODY = {
    "type": ["object", "null"],
    "properties": {
        "text": {"type": ["string", "null"]},
        "encoding": {"type": ["string", "null"]},
        "mimeType": {"type": ["string", "null"]},
        "params": {"type": ["array", "null"], "items": _PARAMETER},
        "size": {"type": ["number", "null"]},
    },
}
FILE = {
    "type": "object",
    "properties": {
        "log": {
            "type": "object",
            "properties": {"entries": {"type": "array", "items": {"type": "object"}}},
            "required": ["entries"],
        }
    },
    "required": ["log"],
}
ADDRESSED = {
    "type": "object",
    "properties": {"request": {"type": "object", "properties": {"method": _TEXT, "url": _TEXT}, "required": ["method", "url"]}},
    "required": ["request"],
}
ENTRY = {
    "type": "object",
    "properties": {
        "request": {"type": "object", "properties": {"headers": _HEADERS, "postData": _BODY}, "required": ["headers"]},
        "response": {
            "type": "object",
            "properties": {"status": {"type": "integer", "minimum": 0, "maximum": 999}, "headers": _HEADERS, "content": _BODY},
            "required": ["status"],
        },
    },
    "required": ["request", "response"],
}
"""The JSON Schemas of a file, of each entry, and of one that becomes a call, as far as they are read."""

FORM_TYPE = "application/x-www-form-urlencoded"
UNAUTHORIZED = 401
PARAMETERS_OF_LINKS = ("world", "token", "file")


def call_of(entry: Any, request: Request, vendor: Vendor, route: Route | None, at: datetime) -> Call:
    """Return the call that an entry is. A request without a route is one to a link that its vendor gave."""
    said, heard = entry["request"], entry["response"]
    body, reply = request_body_of(entry), reply_of(entry)
    headers = [*_headers(said["headers"])]
    if not any(name == "host" for name, _ in headers):
        headers.append(("host", request.headers["host"]))
    request.raw_headers = [(name.encode("latin-1", "replace"), value.encode("latin-1", "replace")) for name, value in headers]
    request.headers, request.body = dict(headers), body or b""
    if route is not None:
        route.apply(request)
    return Call(
        at,
        vendor,
        request.operation_name or f"{vendor.name}.links.{request.method.lower()}",
        request.method,
        request.target,
        headers,
        request.body,
        heard["status"],
        reply or b"",
        request.credential,
        is_let_in=heard["status"] != UNAUTHORIZED,
        is_cut=body is None,
        reply_is_cut=reply is None,
        ids=tuple(value for name, value in request.parameters.items() if name not in PARAMETERS_OF_LINKS),
    )


def instant_of(entry: Any) -> datetime | None:
    """Return the instant of an answer by the vendor's clock, or at which its request began; in whole seconds."""
    dated = next((value for name, value in _headers(entry["response"].get("headers") or ()) if name == "date"), "")
    for text, read in ((dated, parsedate_to_datetime), (entry.get("startedDateTime"), parse_instant)):
        try:
            return parse_instant(format_instant(read(text).replace(microsecond=0)))
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return None


def request_body_of(entry: Any) -> bytes | None:
    """Return the body of a request; None where there was one that the file does not have."""
    data = entry["request"].get("postData")
    if not data:
        lengths = [value for name, value in _headers(entry["request"]["headers"]) if name == "content-length"]
        return None if any(length.strip("0 ") for length in lengths) else b""
    if data.get("text"):
        return _decoded(data)
    parameters = data.get("params") or ()
    if parameters and (data.get("mimeType") or "").partition(";")[0].strip().lower() == FORM_TYPE:
        return urlencode([(it["name"], it.get("value", "")) for it in parameters]).encode()
    return None if parameters else b""


def reply_of(entry: Any) -> bytes | None:
    """Return the body of an answer; None where there was one that the file does not have."""
    content = entry["response"].get("content") or {}
    if content.get("text"):
        return _decoded(content)
    return None if (content.get("size") or 0) > 0 else b""


def _decoded(data: Mapping[str, Any]) -> bytes | None:
    if data.get("encoding") != "base64":
        return str(data["text"]).encode("utf-8", "surrogatepass")
    try:
        return b64decode(data["text"])
    except ValueError:
        return None


def _headers(pairs: Any) -> Iterator[tuple[str, str]]:
    """Yield the names in small letters and the values of headers; what HTTP/2 has in place of a first line is none."""
    return ((it["name"].lower(), it["value"]) for it in pairs if not it["name"].startswith(":"))
