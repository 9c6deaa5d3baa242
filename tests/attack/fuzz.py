"""Five campaigns of nonsense against the emulator: no failure of ours, no hang, and nothing but what is documented.

    python -m tests.attack.fuzz --minutes 30 --seed 1

plays them in turns until the time is over, each round with a seed of its own, and prints what it found. The suite plays a
short round of each (tests/properties/test_fuzz.py).
"""

from __future__ import annotations

import argparse
import json
import re
import socket
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx
import orjson
import requests
import schemathesis
import yaml
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance

from emulator.client.adapter import InProcessAdapter
from emulator.client.connections import AppResponse, ask
from emulator.client.in_process import InProcessClient
from emulator.contract.validator import ResponseValidator
from emulator.kernel.errors import BadInput
from emulator.kernel.worlds import Worlds
from emulator.scenario.loader import load_text
from emulator.scenario.player import play
from emulator.scenario.scenario import Scenario
from emulator.server.app import create_app, library, worlds_of
from emulator.server.server import ThreadedServer
from emulator.store.file import FILE_TYPE
from emulator.vendors import VENDORS
from emulator.web.connection import App
from emulator.web.guard import PREFIX
from tests.support.loading import load_value

URL = "http://127.0.0.1:8080"
SLOW = 20.0
"""Seconds after which an example counts as a hang."""

PAY = {"key": "00000000-0000-0000-0000-000000000000", "expiresAt": "2036-01-01T00:00:00Z"}
WORLD: dict[str, Any] = {
    "title": "A little of everything",
    "seed": 7,
    "given": {
        "serpwow": {
            "batches": [
                {"id": "QUEUED", "status": "queued", "searches": 3},
                {"id": "RUNNING", "status": "running", "searches": 3},
                {"id": "IDLE", "status": "idle", "searches": 3},
            ]
        },
        "stripe": {
            "batch_jobs": [
                {"id": "batchv2_new", "status": "ready_for_upload"},
                {"id": "batchv2_busy", "status": "in_progress", "rows": 10},
                {"id": "batchv2_done", "status": "complete", "rows": 10, "success_count": 10},
            ]
        },
        "6dot50": {
            "members": ["27821231234"],
            "accounts": [{"name": "Acme", "balance": 1000}],
            "tokens": [{"token": "demo", **PAY}],
            "batches": [
                {
                    "id": "f945d71c-b00f-4e77-8175-253093157a2f",
                    "payments": [{"id": "f945d71c-b00f-4e77-8175-253093157a30", "msisdn": "27821231234", "amount": 9.5}],
                }
            ],
        },
    },
}
HEADERS = {
    "serpwow": {},
    "stripe": {"Authorization": "Bearer sk_test_1", "Stripe-Version": "2026-03-25.preview"},
    "6dot50": {"Authorization": "Bearer demo"},
}


class Failure(AssertionError):
    """Something that must never happen."""


@dataclass(frozen=True)
class Target:
    """An application whose every reply is judged, back at its beginning whenever it is asked for."""

    worlds: Worlds
    app: App

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> AppResponse:
        raw = [
            (name.lower().encode(), value.encode("latin-1")) for name, value in {"Host": "127.0.0.1:8080", **headers}.items()
        ]
        content = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        return ask(self.app, method, path.encode(), raw, content, "http")


@cache
def _target() -> Target:
    worlds = worlds_of([_beginning()])
    return Target(worlds, create_app(worlds, library(), validate=ResponseValidator(VENDORS.values())))


def fresh() -> Target:
    """The target as it was in the beginning."""
    target = _target()
    for world in [world for world in target.worlds if world is not target.worlds.default]:
        target.worlds.remove(world.id)
    target.worlds.replace(target.worlds.default, _beginning().world(VENDORS, "default"), [])
    return target


@cache
def _beginning() -> Scenario:
    return load_value(WORLD, VENDORS)


@cache
def known_values() -> Mapping[str, tuple[str, ...]]:
    """Values for path parameters that lead somewhere, found by asking for all that there is."""
    target = fresh()
    own = {f"{vendor}.id": set(_parts(state, "id")) for vendor, state in WORLD["given"].items()}
    ids = set().union(*own.values())
    values: dict[str, set[str]] = {**own, "world": {"default"}, "vendor": set(VENDORS), "msisdn": {"27821231234"}}
    values |= {"id": ids, "name": set(library().names()[:3]), "page": {"1", "2"}, "result_set_id": {"1", "2"}}
    target.ask("POST", f"{PREFIX}/worlds/default/clock/advance", {"by": "1h"})
    for id in sorted(ids):
        for path in (f"/live/batches/{id}/searches/1", f"/live/batches/{id}/searches/csv", f"/live/batches/{id}/results/1"):
            _harvest(target.ask("GET", f"{path}?api_key=k"), values)
        _harvest(target.ask("GET", f"/v2/core/batch_jobs/{id}", **HEADERS["stripe"]), values)
    fresh()
    return {name: tuple(sorted(ids)) for name, ids in values.items()}


def _harvest(answer: AppResponse, values: dict[str, set[str]]) -> None:
    body = orjson.loads(answer.content) if answer.content else None
    for link in _texts(body):
        if "/_files/" in link:
            values.setdefault("token" if "/stripe/" in link else "file", set()).add(link.rpartition("/")[2])
    for searches in _parts(body, "searches"):
        values.setdefault("search_id", set()).update(search["id"] for search in searches)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def _parts(value: Any, key: str) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from (part for name, part in value.items() if name == key)
    if isinstance(value, (dict, list)):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _parts(part, key)


def inspect(answer: AppResponse, request: object) -> None:
    """Refuses a reply that is a failure of ours, or that nobody answers for."""
    headers = {name.decode("latin-1").lower(): value for name, value in answer.headers}
    emulator_error = headers.get("emulator-error") == b"internal" or headers.get("content-type") == b"application/problem+json"
    if answer.status >= 500 and emulator_error:
        raise Failure(f"{request}: {answer.status} {answer.content[:500]!r}")
    head_alone = isinstance(request, tuple) and "HEAD" in request[:2]
    if not head_alone and int(headers.get("content-length", len(answer.content))) != len(answer.content):
        raise Failure(f"{request}: the length is {headers['content-length']!r}, not {len(answer.content)}")


def still_whole(target: Target) -> None:
    """Check that the state can be read, loaded again, and is then the same."""
    state = target.ask("GET", f"{PREFIX}/worlds/default/state")
    inspect(state, "the state")
    given_state = orjson.loads(state.content)
    # an instant that the client chose may lie before the new world's start, so that it starts where this one is
    now = orjson.loads(target.ask("GET", f"{PREFIX}/worlds/default/clock").content)["now"]
    scenario = {"title": "Again", "clock": {"start": now}, "given": given_state}
    response = target.ask("POST", f"{PREFIX}/worlds", {"id": "again", "scenario": scenario, "claim": False})
    if response.status != 201:
        raise Failure(f"the state cannot be given again: {response.content[:1000]!r}")
    again = orjson.loads(target.ask("GET", f"{PREFIX}/worlds/again/state").content)
    target.ask("DELETE", f"{PREFIX}/worlds/again")
    if again != given_state:
        raise Failure(f"the state given again is another: {_first_difference(given_state, again)}")


def _first_difference(one: Any, other: Any, path: str = "") -> str:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted({*one, *other}):
            if one.get(key) != other.get(key):
                return _first_difference(one.get(key), other.get(key), f"{path}/{key}")
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for n, (a, b) in enumerate(zip(one, other, strict=True)):
            if a != b:
                return _first_difference(a, b, f"{path}/{n}")
    return f"{path}: {one!r}, {other!r}"[:1000]


# --- values

NASTY: tuple[Any, ...] = (
    "\ud800",
    *(None, True, False, "", " ", "a" * 300, "\x00", "\u2028", "é", "💥", "٣", "²", "ß", "İ", "default", "demo", "null"),
    *(0, -1, 1, 2, 100, 2**31, 2**53, 2**63, 2**64, 10**30, -(10**30), 0.1, -0.0, 1e308, 1e-308, 5e-324),
    *("0", "-1", "1e999", "NaN", "9" * 30, "1_000", "007", "0x1f", "1.", ".5", "true", "never", "frozen", "500ms", "36525d"),
    *("9999-12-31T23:59:59Z", "9000-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "2026-03-09T20:55:31.123456Z", "2026-02-30"),
    *("{world}", "{stripe.api_key}", "../../etc/passwd", "%00", "%ff", "%", "a/b", "a?b#c", "a&b=c", "[", "<x>", "\t\n", "a.b"),
    *([], {}, [[]], [{}], {"": ""}, [None], "https://example.com/x", "http://[", "http://\x00", "//", "GET /live/account"),
)
nasty = st.sampled_from(NASTY) | st.text(max_size=8) | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
json_values = st.recursive(
    nasty, lambda value: st.lists(value, max_size=3) | st.dictionaries(st.text(max_size=6), value, max_size=3), max_leaves=8
)


@cache
def words() -> tuple[str, ...]:
    """Every name and every fixed value of the document: what a field may be called, and what it may hold."""
    names: set[str] = set()
    for properties in _parts(document(), "properties"):
        names |= set(properties)
    for values in _parts(document(), "enum"):
        names |= {value for value in values if isinstance(value, str)}
    return tuple(sorted(names))


@cache
def document() -> dict[str, Any]:
    content: dict[str, Any] = orjson.loads(fresh().ask("GET", f"{PREFIX}/openapi.json").content)
    return content


@st.composite
def mutations(draw: st.DrawFn, value: Any) -> Any:
    """A JSON value of which a few places are changed: replaced, renamed, dropped, doubled."""
    copy = json.loads(json.dumps(value, default=str))
    for _ in range(draw(st.integers(0, 3))):
        holders = [holder for holder in _holders(copy) if holder]
        if not holders:
            return deepcopy(draw(json_values))
        holder = draw(st.sampled_from(holders))
        key = draw(st.sampled_from(list(holder) if isinstance(holder, dict) else list(range(len(holder)))))
        _mutate(draw, holder, key)
    return copy


def _mutate(draw: st.DrawFn, holder: Any, key: Any) -> None:
    how = draw(st.sampled_from(("replace", "word", "drop", "double", "rename")))
    if how == "replace":
        holder[key] = deepcopy(draw(json_values))  # or a later change would change what is drawn from
    elif how == "word":
        holder[key] = draw(st.sampled_from(words()))
    elif how == "drop":
        del holder[key]
    elif isinstance(holder, list):
        holder.append(holder[key])
    else:
        holder[draw(st.sampled_from(words()))] = holder[key] if how == "double" else holder.pop(key)


def _holders(value: Any) -> Iterator[Any]:
    if isinstance(value, (dict, list)):
        yield value
        for part in value.values() if isinstance(value, dict) else value:
            yield from _holders(part)


# --- the campaigns


def contract(case_seed: int, examples: int) -> None:
    """Send the requests that the document describes, right and wrong ones, and check each response against it."""
    fresh()
    schema = schemathesis.openapi.from_dict(document())
    session = requests.Session()
    session.mount("http://", InProcessAdapter(_target().app))
    for found in schema.get_all_operations():
        operation: APIOperation[Any, Any, Any, Any] | None = found.ok() if isinstance(found, Ok) else None
        if operation is None:
            raise Failure(f"schemathesis cannot read {found}")
        if FILE_TYPE in operation.definition.raw.get("requestBody", {}).get("content", {}):
            continue  # tests/world_files try files of which no byte is right
        strategy = operation.as_strategy(GenerationMode.POSITIVE) | operation.as_strategy(GenerationMode.NEGATIVE)

        run(given(case=strategy, data=st.data())(_example(session)), case_seed, examples)


def _example(session: requests.Session) -> Callable[[Case[Any], st.DataObject], None]:
    def example(case: Case[Any], data: st.DataObject) -> None:
        fresh()
        vendor = case.operation.definition.raw["tags"][0]
        for name in case.path_parameters or {}:
            if data.draw(st.integers(0, 3)):
                case.path_parameters[name] = data.draw(st.sampled_from(values_of(vendor, name)))
        _call_and_compare(case, session)

    return example


def _call_and_compare(case: Case[Any], session: requests.Session) -> None:
    vendor = case.operation.definition.raw["tags"][0]
    if vendor == "serpwow" and case.query is not None:
        case.query.setdefault("api_key", "k")
    checkpoint = time.process_time()
    response = case.call(base_url=URL, session=session, headers=HEADERS.get(vendor))
    if time.process_time() - checkpoint > SLOW:
        raise Failure(f"{case.method} {case.path} took {time.process_time() - checkpoint:.0f} s")
    headers = {name.lower(): values for name, values in response.headers.items()}
    emulator_error = "emulator-error" in headers and "emulator-exchange" not in headers
    if "internal" in headers.get("emulator-error", ()):
        raise Failure(f"{case.method} {case.path}: {response.status_code} {response.text[:500]}")
    responses = case.operation.definition.raw["responses"]
    is_unknown = vendor != "emulator" and not emulator_error and str(response.status_code) not in responses
    if is_unknown or (vendor == "emulator" and response.status_code >= 500):
        raise Failure(f"{case.operation.label} answers {response.status_code}: {response.text[:500]}")
    if not emulator_error:
        case.validate_response(response, checks=[content_type_conformance, response_schema_conformance])
    elif vendor != "emulator" and response.json().get("error", {}).get("type") != "emulator_error":
        raise Failure(f"{case.method} {case.path}: a failure of ours looks like a vendor's: {response.text[:500]}")


def loader(case_seed: int, examples: int) -> None:
    """Any text and any scenario with mistakes is refused with places, or is loaded and played without a failure of ours."""
    names = [name for name in library().names() if library().path(name).stat().st_size < 6_000]
    texts = {name: library().path(name).read_text("utf-8") for name in names}
    mutated_text = st.sampled_from(names).flatmap(lambda name: _edits(texts[name]))
    mutated_tree = st.sampled_from(names).flatmap(lambda name: mutations(library().get(name).content))
    any_text = st.text(max_size=200) | st.text("{}[]:,-&*!|>'\"%@` \n\tabc019.~#?<", max_size=60) | json_values.map(_as_yaml)

    def text(document: str) -> None:
        load_and_play(lambda: load_text(document, VENDORS, "fuzz", "fuzz.yaml"), has_lines=True)

    def tree(document: Any) -> None:
        load_and_play(lambda: load_value(document, VENDORS, "fuzz"), has_lines=False)

    run(given(any_text)(text), case_seed, examples)
    run(given(mutated_text)(text), case_seed, examples)
    run(given(mutated_tree)(tree), case_seed, examples)


def _as_yaml(value: Any) -> str:
    return yaml.safe_dump(value, allow_unicode=True)


@st.composite
def _edits(draw: st.DrawFn, text: str) -> str:
    """The text with a few of its lines changed."""
    lines = text.split("\n")
    for _ in range(draw(st.integers(0, 4))):
        n = draw(st.integers(0, len(lines) - 1))
        place = draw(st.integers(0, len(lines[n])))
        junk = draw(
            st.sampled_from([" ", "  ", "\t", ":", "- ", "{", "}", "[", "]", ",", '"', "'", "&a", "*a", "!!x ", "#", "|"])
            | st.text(max_size=3)
        )
        value = lines[n].partition(":")[0] + ": " + json.dumps(draw(json_values))
        how = {
            "junk": lines[n][:place] + junk + lines[n][place:],
            "cut": lines[n][:place],
            "value": value,
            "indent": " " + lines[n],
        }
        lines[n : n + 1] = draw(
            st.sampled_from([*([edit] for edit in how.values()), [], [lines[n]] * 2, lines[n : n + 2][::-1]])
        )
        lines = lines or [""]
    return "\n".join(lines)


def load_and_play(load: Callable[[], Scenario], has_lines: bool) -> None:
    """Loads, and plays what was loaded, whatever its differences. Nothing but BadInput may come of it."""
    checkpoint = time.process_time()
    try:
        scenario = load()
    except BadInput as error:
        if not error.problems or (has_lines and any(problem.line is None for problem in error.problems)):
            raise Failure(f"refused without a place: {error}") from error
        return
    target = fresh()
    play(scenario, InProcessClient(_judge(target.app)))
    if time.process_time() - checkpoint > SLOW:
        raise Failure(f"took {time.process_time() - checkpoint:.0f} s")


def _judge(app: App) -> App:
    """The application, which inspects how each of its replies begins."""

    async def judge(scope: Any, receive: Any, send: Any) -> None:
        async def inspecting(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = [(name, value) for name, value in message["headers"] if name != b"content-length"]
                inspect(AppResponse(message["status"], headers, b""), f"{scope['method']} {scope['raw_path']!r}")
            await send(message)

        await app(scope, receive, inspecting)

    return judge


@st.composite
def edge_requests(draw: st.DrawFn) -> tuple[str, bytes, list[tuple[bytes, bytes]], bytes]:
    """A request of any kind, most of them close to one that means something."""
    path, method, operation = draw(st.sampled_from(_addresses()))
    vendor = operation["tags"][0]
    segments = [_segment(draw, vendor, segment) for segment in path.split("/")[1:]]
    if draw(st.integers(0, 9)) == 0:
        segments[draw(st.integers(0, len(segments) - 1))] = draw(_junk)
    prefix = draw(st.sampled_from([*[""] * 5, f"/{vendor}"])) if vendor in VENDORS and not path.startswith("/_files") else ""
    query = draw(st.lists(st.tuples(st.sampled_from(_query_names(operation["operationId"])) | _junk, _junk), max_size=2))
    pairs = [("api_key", "k")] * min(draw(st.integers(0, 9)), 1) + query
    target = f"{prefix}/{'/'.join(segments)}" + ("?" + "&".join(f"{name}={value}" for name, value in pairs) if pairs else "")
    headers = {"host": "127.0.0.1:8080", **HEADERS.get(vendor, {})} if draw(st.integers(0, 9)) else {}
    extra = (
        {}
        if draw(st.integers(0, 3))
        else draw(
            st.dictionaries(st.sampled_from(_HEADERS), st.text(st.characters(max_codepoint=255), max_size=12), max_size=2)
        )
    )
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in {**headers, **extra}.items()]
    verb = (
        method
        if draw(st.integers(0, 9))
        else draw(st.sampled_from(["GET", "PUT", "PATCH", "HEAD", "OPTIONS", "DELETE", "BREW", ""]))
    )
    return verb, target.encode("utf-8", "surrogatepass"), raw, draw(_bodies(operation["operationId"]))


_HEADERS = (
    *("Authorization", "Content-Type", "Emulator-World", "Stripe-Version", "Stripe-Context", "Idempotency-Key", "Host"),
    *("Origin", "Accept", "Content-Length", "Cookie", "X-Anything", "Content-Encoding", "Expect", "If-None-Match"),
)
_junk = st.sampled_from([text for text in NASTY if isinstance(text, str)]) | st.text(max_size=6)
_RAW = (
    b"",
    b"{",
    b"null",
    b"[]",
    b'"\\ud800"',
    b'{"a": NaN}',
    b"\xff\xfe",
    b"[" * 2000,
    b'{"name": "\\ud800"}',
    b"1e999999999",
    b'{"a":1,"a":2}',
)


@cache
def _addresses() -> list[tuple[str, str, Any]]:
    return [
        (path, method.upper(), operation)
        for path, methods in document()["paths"].items()
        for method, operation in methods.items()
    ]


@cache
def _query_names(name: str) -> list[str]:
    (operation,) = (operation_object for _, _, operation_object in _addresses() if operation_object["operationId"] == name)
    return sorted({"api_key", *(parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "query")})


def values_of(vendor: str, parameter: str) -> tuple[str, ...]:
    """Return values of a path parameter of a vendor's operations: ids that exist, or else a letter."""
    return known_values().get(f"{vendor}.{parameter}") or known_values().get(parameter, ("x",))


def _segment(draw: st.DrawFn, vendor: str, segment: str) -> str:
    if not segment.startswith("{"):
        return segment
    values = values_of(vendor, segment[1:-1])
    return draw(st.sampled_from(values)) if draw(st.integers(0, 9)) else draw(_junk)


@cache
def _bodies(name: str) -> st.SearchStrategy[bytes]:
    """Bodies for an operation: nothing, junk, and objects of its own fields with all sorts of values."""
    (operation,) = (operation_object for _, _, operation_object in _addresses() if operation_object["operationId"] == name)
    content = operation.get("requestBody", {}).get("content", {})
    schemas = [media["schema"] for media in content.values() if "schema" in media]
    raw = st.sampled_from(_RAW) | st.binary(max_size=20) | json_values.map(_bytes)
    return (
        raw
        if not schemas
        else st.one_of(raw, *(fitting(schemas[0], junk).map(_bytes) for junk in (True, True, False, False, False)))
    )


def _bytes(value: Any) -> bytes:
    return json.dumps(value).encode()


def fitting(schema: Any, junk: bool) -> st.SearchStrategy[Any]:
    """Values that fit a schema; with junk, only most of them."""
    if "$ref" in schema:
        return st.deferred(lambda: _component(schema["$ref"].rpartition("/")[2], junk))  # which may refer to itself
    parts = [part for key in ("allOf", "anyOf", "oneOf") for part in schema.get(key, ())]
    if parts:
        return st.one_of(*(fitting(part, junk) for part in parts))
    if "enum" in schema or "const" in schema:
        values = st.sampled_from(schema.get("enum") or [schema["const"]])
        return st.one_of(*[values] * 8, nasty) if junk else values
    types = schema.get("type", ())
    options = [_of_type(name, schema, junk) for name in ([types] if isinstance(types, str) else types)] or [json_values]
    return st.one_of(*options * 8, json_values) if junk else st.one_of(*options)


@cache
def _component(name: str, junk: bool) -> st.SearchStrategy[Any]:
    fits = fitting(document()["components"]["schemas"][name], junk)
    if name == "emulator.scenario":
        return mutations(WORLD) | _component("emulator.state", junk).map(lambda value: {"title": "A", "given": value})
    return mutations(WORLD["given"]) | fits if name == "emulator.state" and junk else fits


def _of_type(kind: str, schema: Any, junk: bool) -> st.SearchStrategy[Any]:
    if kind == "object":
        properties = {name: fitting(part, junk) for name, part in schema.get("properties", {}).items()}
        required = {name: properties[name] for name in schema.get("required", ()) if name in properties}
        rest = st.fixed_dictionaries({}, optional={name: part for name, part in properties.items() if name not in required})
        return st.tuples(st.fixed_dictionaries(required), rest).map(lambda part: part[0] | part[1])
    if kind == "array":
        return st.lists(fitting(schema.get("items", {}), junk), min_size=schema.get("minItems", 0), max_size=3)
    if kind == "integer":
        least = schema.get("minimum", -5)
        return st.integers(least, min(schema.get("maximum", least + 50), least + 50))
    if kind == "number":
        return st.decimals(0, 999, places=2).map(float)
    if kind == "boolean":
        return st.booleans()
    return st.none() if kind == "null" else _text_of(schema)


def _text_of(schema: Any) -> st.SearchStrategy[str]:
    texts = st.sampled_from(["k", "demo", "27821231234", *known_values()["id"]]) | st.text(max_size=8)
    if "pattern" in schema:
        pattern = re.compile(schema["pattern"])
        return texts.filter(pattern.search) | st.from_regex(pattern)
    if schema.get("format") == "date-time":
        return st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01T00:00:05Z", "2026-06-01T00:00:00Z", "2025-01-01T00:00:00Z"])
    return texts


def edge(case_seed: int, examples: int) -> None:
    """Any requests, one after the other: a vendor answers or we do, and the state stays one that could be given."""

    def send(requests: list[Any]) -> None:
        target, checkpoint = fresh(), time.process_time()
        for method, path, headers, body in requests:
            answer = ask(target.app, method, path, headers, body, "http")
            inspect(answer, (method, path, headers, body))
            names = {name.lower() for name, _ in answer.headers}
            is_ours = path.startswith(PREFIX.encode()) or path.partition(b"?")[0] == b"/"  # the control plane, or its index
            if not is_ours and not names & {b"emulator-exchange", b"emulator-error"}:
                raise Failure(f"nobody answers for {answer.status} to {method} {path!r}")
        still_whole(target)
        if time.process_time() - checkpoint > SLOW:
            raise Failure(f"took {time.process_time() - checkpoint:.0f} s")

    run(given(st.lists(edge_requests(), min_size=1, max_size=8))(send), case_seed, examples)


_jumps = st.sampled_from(
    [
        {"by": "1s"},
        {"by": "5m"},
        {"by": "2h"},
        {"by": "60d"},
        {"by": "500ms"},
        {"until": "next"},
        {"until": "idle"},
        {"by": "36525d"},
    ]
)


def state(case_seed: int, examples: int) -> None:
    """Any state that fits its schema is refused or taken; then time passes, clients ask, and it is still one that could be given."""

    def live(states: list[Any], jumps: list[Any], requests: list[Any]) -> None:
        target, checkpoint = fresh(), time.process_time()
        for number, part in enumerate(states):
            answer = target.ask("PATCH", f"{PREFIX}/worlds/default/state", _bytes(part))
            inspect(answer, part)
            if answer.status not in (200, 422):
                raise Failure(f"{answer.status} to {part}: {answer.content[:500]!r}")
            still_whole(target)
            for jump in jumps[number::2]:
                inspect(target.ask("POST", f"{PREFIX}/worlds/default/clock/advance", jump), (part, jump))
            for method, path, headers, body in requests[number::2]:
                inspect(ask(target.app, method, path, headers, body, "http"), (part, method, path, headers, body))
            still_whole(target)
        if time.process_time() - checkpoint > SLOW:
            raise Failure(f"took {time.process_time() - checkpoint:.0f} s")

    parts = document()["components"]["schemas"]["emulator.state"]["properties"]
    one = st.sampled_from(sorted(parts)).flatmap(lambda name: fitting(parts[name], False).map(lambda value: {name: value}))
    states, requests = st.lists(one, min_size=1, max_size=2), st.lists(edge_requests(), max_size=4)
    run(given(states, st.lists(_jumps, max_size=3), requests)(live), case_seed, examples)


def wire(case_seed: int, examples: int) -> None:
    """Any bytes on a connection: it is answered or closed in time, and the next client is served."""
    with ThreadedServer(fresh().app) as server:
        host, _, port = server.url.partition("//")[2].partition(":")

        def send(chunks: list[bytes]) -> None:
            with socket.create_connection((host, int(port)), timeout=SLOW) as line:
                data = b""
                with suppress(ConnectionError):
                    line.sendall(b"".join(chunks))
                with suppress(OSError):
                    line.shutdown(socket.SHUT_WR)
                with suppress(ConnectionError):
                    while chunk := line.recv(65_536):
                        data += chunk
            if re.search(rb"^HTTP/1.1 500", data, re.MULTILINE) and b"emulator-basis" not in data:
                raise Failure(f"{data[:1000]!r} to {chunks!r}")
            if httpx.get(f"{server.url}{PREFIX}/health").status_code != 200:
                raise Failure(f"not healthy after {chunks!r}")

        run(given(st.lists(_raw_requests(), min_size=1, max_size=3))(send), case_seed, examples)


@st.composite
def _raw_requests(draw: st.DrawFn) -> bytes:
    """A request as bytes, a few of which are changed."""
    method, path, headers, body = draw(edge_requests())
    length = draw(
        st.sampled_from(
            [b"content-length: %d" % len(body)] * 4
            + [b"content-length: -1", b"content-length: 9", b"transfer-encoding: chunked"]
        )
    )
    lines = [b"%s %s HTTP/1.1" % (method.encode(), path), *(b"%s: %s" % header for header in headers), length, b"", body]
    text = draw(st.sampled_from([b"\r\n"] * 5 + [b"\n"])).join(lines)
    for _ in range(draw(st.integers(0, 2))):
        place = draw(st.integers(0, len(text)))
        text = (
            text[:place]
            + draw(st.binary(max_size=3) | st.sampled_from([b"\r\n", b" ", b":", b"\x00"]))
            + text[place + draw(st.integers(0, 2)) :]
        )
    return text


def run(test: Callable[..., None], case_seed: int, examples: int) -> None:
    """Plays so many examples of a test, all of them decided by the seed."""
    bounds = settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
        report_multiple_bugs=False,
    )
    bounds(seed(case_seed)(test))()


CAMPAIGNS: Mapping[str, Callable[[int, int], None]] = {
    campaign.__name__: campaign for campaign in (contract, loader, edge, state, wire)
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=list(CAMPAIGNS), action="append")
    options = parser.parse_args()
    until, number, findings = time.monotonic() + 60 * options.minutes, options.seed, 0
    while time.monotonic() < until:
        for name in options.only or CAMPAIGNS:
            checkpoint = time.process_time()
            try:
                CAMPAIGNS[name](number, 30 if name == "contract" else 300)
            except Exception:
                findings += 1
                print(f"FOUND by {name}, seed {number}:\n{traceback.format_exc()}", flush=True)  # noqa: T201
            print(f"{name} seed {number}: {time.process_time() - checkpoint:.0f} s, {findings} findings so far", flush=True)  # noqa: T201
        number += 1
    print(f"seeds {options.seed} to {number - 1}: {findings} findings", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
