"""What the control plane is sent: read strictly, checked against a schema, refused with the field's name."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from emulator.control.queries import query_number
from emulator.kernel.budget import Quota
from emulator.kernel.errors import BadInput, Problem, TooLarge
from emulator.kernel.limits import Limits
from emulator.scenario.document import Document
from emulator.scenario.grammar import HEADERS, RATE
from emulator.scenario.schema_types import DURATION, INSTANT
from emulator.scenario.semantic_checks import METHODS
from emulator.scenario.strict_json import NotJson, read_json
from emulator.web.connection import InProcessConnection, connection_of
from emulator.web.event_loop import in_limited_thread
from emulator.web.requests import MAX_DRAIN_BYTES, IncomingBody, content_coding, waits_with_too_much

Body = dict[str, Any]
Reader = Callable[[Request], Awaitable[Body]]

SHORT = 1_000
"""Characters of JSON up to which it is read on the event loop. YAML never is: a few lines of aliases can be much."""

YAML_TYPE = re.compile(r"(application|text)/((x-|vnd\.)?yaml|[\w.-]+\+yaml)", re.ASCII)
MULTIPART = "multipart/form-data"
WITH_LINE_ENDS = "with curl, --data-binary @FILE keeps the line ends, which -d takes away"
NOT_IN_PARTS = (
    f"the body is a form in several parts ({MULTIPART}, as curl -F sends it), which is not read here: send JSON,"
    " or YAML as application/yaml; with curl, --data-binary @FILE"
)
WORLD_ID = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", "description": "letters, digits, - _ ."}

NEW_WORLD = {
    "type": "object",
    "properties": {
        "scenario": {"type": ["string", "object"]},
        "id": WORLD_ID,
        "seed": {"type": "integer", "minimum": 0},
        "claim": {"type": "boolean"},
    },
    "additionalProperties": False,
}
CLOCK = {
    "type": "object",
    "properties": {"now": INSTANT, "rate": RATE},
    "additionalProperties": False,
    "minProperties": 1,
    "examples": [{"rate": "real"}],
}
RESET = {
    "type": "object",
    "properties": {
        "scenario": {"type": ["string", "object"]},
        "seed": {"type": "integer", "minimum": 0},
        "claim": {"type": "boolean"},
    },
    "additionalProperties": False,
}
ADVANCE = {
    "type": "object",
    "properties": {"by": DURATION, "to": INSTANT, "until": {"enum": ["next", "idle"]}},
    "additionalProperties": False,
    "minProperties": 1,
    "maxProperties": 1,
    "examples": [{"by": "30s"}],
}
MOMENT = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "pattern": "^[^/\\s]([^/]{0,98}[^/\\s])?$", "description": "1 to 100 characters, no /"}
    },
    "required": ["name"],
    "additionalProperties": False,
    "examples": [{"name": "before"}],
}
UNDO = {
    "type": "object",
    "properties": {"exchanges": {"type": "integer", "minimum": 1}},
    "additionalProperties": False,
}
FORK = {
    "type": "object",
    "properties": {"id": WORLD_ID, "seed": {"type": "integer", "minimum": 0}},
    "additionalProperties": False,
}
DRY_RUN = {
    "type": "object",
    "properties": {
        "method": {"enum": METHODS},
        "url": {"type": "string", "pattern": "^(https?://[^/]+)?/", "description": "/path?query, or http://host/path?query"},
        "headers": HEADERS,
        "body": {},
    },
    "required": ["method", "url"],
    "additionalProperties": False,
    "examples": [{"method": "GET", "url": "/live/batches"}],
}


async def read_nothing(_: Request) -> Body:
    """For requests whose body, if any, says nothing."""
    return {}


def read_value(schema: Mapping[str, Any], most_bytes: int, account: Quota) -> Reader:
    """Reads a body that is one value, in JSON or YAML, and fits the schema. An empty body is an empty object."""

    async def read(request: Request) -> Body:
        text = await text_of(request, most_bytes, account)
        return await _beside(request, text, partial(_value, text, request, schema))

    return read


def read_scenario(schema: Mapping[str, Any], most_bytes: int, account: Quota) -> Reader:
    """Reads wishes about a world: a JSON object, or a scenario in YAML (kept as a Document); others may be in the query."""

    async def read(request: Request) -> Body:
        text = await text_of(request, most_bytes, account)
        return await _beside(request, text, partial(_scenario, text, request, schema))

    return read


async def _beside(request: Request, text: str, read: Callable[[], Body]) -> Body:
    """Read a text; where that may take long, and there is an event loop to hold up, in a thread beside that."""
    if isinstance(connection_of(request.scope), InProcessConnection) or (len(text) <= SHORT and not _is_yaml(request)):
        return read()
    return await in_limited_thread(read)


def _value(text: str, request: Request, schema: Mapping[str, Any]) -> Body:
    document = _yaml(text) if _is_yaml(request) else Document(_json(text, request))
    return _checked(document, schema)


def _scenario(text: str, request: Request, schema: Mapping[str, Any]) -> Body:
    wishes = _wishes(request)
    if _is_yaml(request):
        return _checked(Document(wishes), schema) | {"scenario": _yaml(text)}
    written = _json(text, request)
    if isinstance(written, dict):
        if twice := [name for name in wishes if name in written]:
            raise BadInput([Problem(f"{name} is in the query, and in the body too", (name,)) for name in twice])
        written |= wishes
    return _checked(Document(written), schema)


def _wishes(request: Request) -> Body:
    wishes: Body = dict(request.query_params)
    if "seed" in wishes:
        wishes["seed"] = query_number(request, "seed", 0)
    if "claim" in wishes:
        wishes["claim"] = {"true": True, "false": False}.get(wishes["claim"], wishes["claim"])
    return wishes


def _checked(document: Document, schema: Mapping[str, Any]) -> Body:
    from emulator.scenario.validation import problems_in

    problems = [*document.problems, *problems_in(document.value, schema, document.places)]
    if problems and "examples" in schema and (not document.value or not isinstance(document.value, dict)):
        last = problems.pop()
        problems.append(replace(last, message=f"{last.message}; send for example {json.dumps(schema['examples'][0])}"))
    if problems:
        raise BadInput([document.problem(it.message, it.path) if document.places else it for it in problems])
    value: Body = document.value
    return value


def _is_yaml(request: Request) -> bool:
    return YAML_TYPE.fullmatch(_media_type(request)) is not None


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def text_of(request: Request, most_bytes: int, account: Quota) -> str:
    """The body as text, without the mark that some editors put before UTF-8.

    Raises:
        TooLarge: it is.
        TooMany: the account has no room for it while it arrives.
        BadInput: it is not UTF-8.
        HTTPException: it is compressed.
        ClientDisconnect: the client hung up before its end, so that nothing was asked.
    """
    try:
        body = await _heard_out(request, most_bytes, IncomingBody(account))
        if body and _media_type(request) == MULTIPART:
            raise BadInput([Problem(NOT_IN_PARTS)])
        if coding := content_coding(request.headers.raw, bytes(body[:2])):
            reason = f"the body is compressed (Content-Encoding: {coding}), and nothing here decodes it: send it as it is"
            raise HTTPException(415, reason, {"accept-encoding": "identity"})
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput([Problem("the body is not UTF-8")]) from None


async def _heard_out(request: Request, most_bytes: int, arriving: IncomingBody) -> bytearray:
    body = bytearray()
    size = 0
    if waits_with_too_much(request.scope, most_bytes):
        raise TooLarge(most_bytes, f": {Limits.more('control')}")
    async for chunk in request.stream():
        size += len(chunk)
        if size <= most_bytes and not arriving.refusal:
            body += chunk
            arriving.count(len(body))
            continue
        body.clear()
        if size > MAX_DRAIN_BYTES:
            break
    if size > most_bytes:
        raise TooLarge(most_bytes, f": {Limits.more('control')}")
    if arriving.refusal:
        raise arriving.refusal
    return body


def _yaml(text: str) -> Document:
    """Read a body as YAML, which is within the bound of a body.

    Raises:
        BadInput: it is not YAML; where it is one line that begins as an object or a comment, its line ends were probably lost.
    """
    from emulator.scenario.strict_yaml import parse

    is_one_line = "\n" not in text.strip() and _begins_as_object(text)
    try:
        document = parse(text, len(text.encode()))
    except BadInput as error:
        if not is_one_line:
            raise
        reasons = [replace(it, message=f"{it.message}; the body is one line: {WITH_LINE_ENDS}") for it in error.problems]
        raise BadInput(reasons) from None
    if is_one_line and document.value is None:
        raise BadInput([Problem(f"the body is a comment of one line: {WITH_LINE_ENDS}")])
    return document


def _json(text: str, request: Request) -> Any:
    """Return a body as JSON; nothing at all is an empty object.

    Raises:
        BadInput: it is not JSON; where it looks like YAML, the type to send it with is named.
    """
    try:
        return read_json(text) if text.strip() else {}
    except NotJson as error:
        place = f": line {error.line} column {error.column}" if error.line else ""
        sent = _media_type(request) or "none"
        advice = f"; to send YAML, say Content-Type: application/yaml (this request says {sent}), and {WITH_LINE_ENDS}"
        raise BadInput([Problem(f"the body is not JSON: {error}{place}{advice if _looks_like_yaml(text) else ''}")]) from None


def _looks_like_yaml(text: str) -> bool:
    """Tell whether a text that is not JSON is an object or a list in YAML: not a JSON object with a slip in it."""
    if re.match(r"\s*(\{\s*[\"}]|\[|\"|')", text):
        return False
    try:
        return isinstance(_yaml(text).value, (dict, list))
    except BadInput:
        return _begins_as_object(text)


def _begins_as_object(text: str) -> bool:
    return re.match(r"#|[\w.-]+:(\s|$)", text.lstrip()) is not None
