"""Request bodies and queries of the control plane: read strictly, validated against a schema; a refusal names the field."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from starlette.exceptions import HTTPException

from emulator.control.http import HttpRequest
from emulator.control.record import COMPONENTS, Schema
from emulator.kernel.errors import BadInput, Problem, TooLarge, TooMany
from emulator.kernel.limits import Limits
from emulator.kernel.resource import structs
from emulator.scenario.document import Document
from emulator.scenario.fitting import problems_in
from emulator.scenario.schema import STATE, event_schema, rule_schemas
from emulator.scenario.state_schema import state_schema
from emulator.scenario.strict_json import LARGEST, MAX_DIGITS, NotJson, read_json
from emulator.sdk.vendor import Vendors
from emulator.text.nearest import hint
from emulator.text.pattern import pattern
from emulator.web.connection import InProcessConnection, connection_of
from emulator.web.event_loop import in_limited_thread, in_reading_thread
from emulator.web.requests import MAX_DRAIN_BYTES, IncomingBody, content_coding, declared_length
from emulator.web.turns import for_client

Body = dict[str, Any]
Parse = Callable[[str | Body, HttpRequest], Body]
"""From the text of a body, or what a handle in this process hands over, and its request, to its value."""

LONG_TEXT = 10_000
"""Characters from which on reading may take more than a tenth of a second."""

MAX_INLINE = 1_000
"""Characters of JSON that are read on the event loop. YAML never is: a few lines of aliases can stand for much."""

MAX_PROBLEMS = 10
"""Unknown parameters of a query that a refusal names."""

YAML_TYPE = pattern(r"(application|text)/((x-|vnd\.)?yaml|[\w.-]+\+yaml)", re.ASCII)
MULTIPART = "multipart/form-data"
KEEP_LINE_ENDS = "with curl, --data-binary @FILE keeps the line ends, which -d takes away"
NO_MULTIPART = (
    f"the body is a form in several parts ({MULTIPART}, as curl -F sends it), which is not read here: send JSON,"
    " or YAML as application/yaml; with curl, --data-binary @FILE"
)


def check_query(request: HttpRequest, known: Mapping[str, Schema]) -> None:
    """Check that the query has known parameters only, each of them once, and that those that are texts fit their schemas.

    Raises:
        BadInput: it has others, one of them twice, or one that does not fit.
    """
    if not request.query:
        return
    names = Counter(name for name, _ in request.query)
    unknown = [name for name in names if name not in known][:MAX_PROBLEMS]
    problems = [Problem(f"unknown parameter {name!r}{hint(name, known)}", (name,)) for name in unknown]
    problems += [Problem(f"{name} is given twice", (name,)) for name in known if names[name] > 1]
    texts = {name: schema for name, schema in known.items() if name in names and schema.get("type", "string") == "string"}
    problems += problems_in({name: request.query_params[name] for name in texts}, {"properties": texts})
    if problems:
        raise BadInput(problems)


def query_number(request: HttpRequest, name: str, default: int, least: int = 0) -> int:
    """Return a whole number from the query.

    Raises:
        BadInput: it is not one, is less than the least, or has more than 64 bits.
    """
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdecimal()) or (len(text) <= MAX_DIGITS and int(text) < least):
        raise BadInput.at(f"{name} must be a whole number of at least {least}, not {text!r}", name)
    if len(text) > MAX_DIGITS or int(text) > LARGEST:
        raise BadInput.at(f"{name} is at most {LARGEST}, and this is more", name)
    return int(text)


def request_schemas(vendors: Vendors) -> dict[str, Schema]:
    """Return the schemas of bodies in the grammar of scenarios, by the names under which routes refer to them."""
    everyone = vendors.values()
    state = state_schema(everyone)
    event = {**event_schema(everyone, STATE), "$defs": {"state": state}}
    return {"state": state, **rule_schemas(everyone), "new-event": event}


def resolve_ref(schema: Schema, schemas: Mapping[str, Schema]) -> Schema:
    """Return a schema, or the one that it refers to."""
    reference: str | None = schema.get("$ref")
    return schema if reference is None else schemas[reference.removeprefix(f"{COMPONENTS}emulator.")]


def parser(schema: Schema, *, or_scenario: bool) -> Parse:
    """Return the parser of bodies in JSON or YAML that fit a schema. An empty body is an empty object.

    With `or_scenario`, YAML is a scenario (kept as a Document), and the query may have the other members.
    """
    return partial(_scenario_and_options if or_scenario else _value, schema)


async def read_body(request: HttpRequest, parse: Parse, max_bytes: int, incoming: IncomingBody) -> Body:
    """Return the value of a body, read to its end."""
    text = await text_of(request, max_bytes, incoming)
    is_short = len(text) <= MAX_INLINE and not (_is_yaml(request) or parse is whole_document)

    def validate() -> Body:
        body = parse(text, request)
        if not is_short:
            incoming.count_value(body)
        return body

    client = connection_of(request.scope)
    if is_short or isinstance(client, InProcessConnection):
        return validate()
    return await (in_reading_thread if len(text) > LONG_TEXT else in_limited_thread)(for_client, client, validate)


def whole_document(text: str | Body, _: HttpRequest) -> Body:
    """Return the `document` that a body is as YAML, or the `mistakes` for which it is none. JSON is YAML, too."""
    try:
        return {"document": _yaml(text if isinstance(text, str) else json.dumps(text))}
    except BadInput as error:
        return {"mistakes": error.problems}  # the error knows how far the reader came, and all that it has read


def _value(schema: Schema, text: str | Body, request: HttpRequest) -> Body:
    document = _yaml(text) if isinstance(text, str) and _is_yaml(request) else Document(_json(text, request))
    return _validated(document, schema)


def _scenario_and_options(schema: Schema, text: str | Body, request: HttpRequest) -> Body:
    if not isinstance(text, str) and not request.query:
        return _value(schema, text, request)
    options = _query_options(request)
    if isinstance(text, str) and _is_yaml(request):
        return _validated(Document(options), schema) | {"scenario": _yaml(text)}
    body = _json(text, request)
    if isinstance(body, dict):
        if doubled := [name for name in options if name in body]:
            raise BadInput([Problem(f"{name} is in the query, and in the body too", (name,)) for name in doubled])
        body = body | options
    return _validated(Document(body), schema)


def _query_options(request: HttpRequest) -> Body:
    options: Body = request.query_params
    if "seed" in options:
        options["seed"] = query_number(request, "seed", 0)
    for name in {"claim", "strict"} & {*options}:
        options[name] = {"true": True, "false": False}.get(options[name], options[name])
    return options


def _validated(document: Document, schema: Schema) -> Body:
    problems = [*document.problems, *problems_in(document.value, schema, document.places)]
    if problems and "examples" in schema and (not document.value or not isinstance(document.value, dict)):
        last = problems.pop()
        problems.append(structs.replace(last, message=f"{last.message}; send for example {json.dumps(schema['examples'][0])}"))
    if problems:
        raise BadInput([*map(document.place, problems)])
    value: Body = document.value
    return value


def _is_yaml(request: HttpRequest) -> bool:
    return YAML_TYPE.fullmatch(_media_type(request)) is not None


def _media_type(request: HttpRequest) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def text_of(request: HttpRequest, max_bytes: int, incoming: IncomingBody) -> str:
    """Return the body as text, without the byte order mark that some editors put before UTF-8.

    Raises:
        TooLarge: it has more than `max_bytes`.
        TooMany: the quota has no room for it while it arrives.
        BadInput: it is not UTF-8, or a form in several parts.
        HTTPException: it is compressed.
        ClientDisconnect: the client hung up before its end.
    """
    try:
        body = await _body(request, max_bytes, incoming)
        if body and _media_type(request) == MULTIPART:
            raise BadInput.at(NO_MULTIPART)
        if coding := content_coding(request.scope["headers"], bytes(body[:2])):
            reason = f"the body is compressed (Content-Encoding: {coding}), and nothing here decodes it: send it as it is"
            raise HTTPException(415, reason, {"accept-encoding": "identity"})
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput.at("the body is not UTF-8") from None


async def file_of(request: HttpRequest, max_bytes: int, incoming: IncomingBody) -> bytes:
    """Return the body of a request as it was sent.

    Raises:
        TooLarge: it has more than `max_bytes`.
        TooMany: the quota has no room for it while it arrives.
        ClientDisconnect: the client hung up before its end.
    """
    return bytes(await _body(request, max_bytes, incoming, "memory"))


async def _body(request: HttpRequest, max_bytes: int, arriving: IncomingBody, bound: str = "control") -> bytearray:
    """Return the body, read to its end even where it is refused, so that the client hears why."""
    body = bytearray()
    size = 0
    cure = f": {Limits.more(bound)}"
    if (declared_length(request.scope["headers"]) or 0) > max_bytes:
        raise TooLarge(max_bytes, cure)
    async for chunk in request.stream():
        size += len(chunk)
        if size <= max_bytes and not arriving.refusal:
            body += chunk
            arriving.count(len(body))
            continue
        body.clear()
        if size > MAX_DRAIN_BYTES:
            break
    if size > max_bytes:
        raise TooLarge(max_bytes, cure)
    if arriving.refusal:
        raise TooMany(arriving.refusal)
    return body


def _yaml(text: str) -> Document:
    """Read a body as YAML, which is within the bound of a body.

    Raises:
        BadInput: it is not YAML; one line that begins as an object or a comment probably lost its line ends.
    """
    from emulator.scenario.strict_yaml import parse

    is_one_line = "\n" not in text.strip() and re.match(r"#|[\w.-]+:(\s|$)", text.lstrip()) is not None
    try:
        document = parse(text, len(text.encode()))
    except BadInput as error:
        if not is_one_line:
            raise
        problems = [
            structs.replace(it, message=f"{it.message}; the body is one line: {KEEP_LINE_ENDS}") for it in error.problems
        ]
        raise BadInput(problems) from None
    if is_one_line and document.value is None:
        raise BadInput.at(f"the body is a comment of one line: {KEEP_LINE_ENDS}")
    return document


def _json(text: str | Body, request: HttpRequest) -> Any:
    """Return the value of a body in JSON; an empty body is an empty object.

    Raises:
        BadInput: it is not JSON; where it looks like YAML, the message names the content type to send it with.
    """
    if not isinstance(text, str):
        return text
    try:
        return read_json(text) if text.strip() else {}
    except NotJson as error:
        place = f": line {error.line} column {error.column}" if error.line else ""
        media_type = _media_type(request) or "none"
        advice = f"; to send YAML, say Content-Type: application/yaml (this request says {media_type}), and {KEEP_LINE_ENDS}"
        raise BadInput.at(f"the body is not JSON: {error}{place}{advice if _looks_like_yaml(text) else ''}") from None


def _looks_like_yaml(text: str) -> bool:
    """Tell whether a text that is not JSON begins as YAML does, and not as a JSON object with a slip in it."""
    return re.match(r"---|%YAML|#|- |(\{\s*)?[^\s{\[\"',}][^:\n]*:(\s|$)", text.lstrip()) is not None
