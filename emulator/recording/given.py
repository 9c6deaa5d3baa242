"""The state that must have been there before a client's requests, as far as the first answers about it show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emulator.kernel.errors import BadInput
from emulator.recording.credentials import Credentials
from emulator.recording.events import Call, value_of
from emulator.recording.kept import leaves
from emulator.scenario.document import Document, JsonDict, JsonObject
from emulator.scenario.fitting import fits
from emulator.scenario.loader import load_document
from emulator.sdk.vendor import Vendor, Vendors
from emulator.text.checkpoint import checkpoint
from emulator.text.pattern import pattern
from emulator.text.redact import hides, redact_body
from emulator.web.response import LEAST_REFUSAL

MAX_THINGS = 200
"""Resources that are given at most."""

MAX_TEXTS = 10_000
"""Texts in lists of a state, such as the numbers of members, that are given at most."""

MAX_TRIES = 20
"""Times that a state is tried, each time without what was wrong before."""

_MOVING = pattern(r"status|since|.*(?:_at|At|_run|_count)")
_FLOWING = pattern(r".*(?:_used|_remaining|[bB]alance)")
"""Fields that a request about the same thing, and one about anything of the vendor, may change before the first look."""

EMPTY: tuple[Any, ...] = (None, "", [], {})
"""Values of answers that say nothing of the state, as `false` does."""

HOLE: Any = object()


def given_by(calls: Sequence[Call], vendors: Vendors, clock: JsonObject) -> JsonDict:
    """Return the state by vendor that the first answers show of what was there before."""
    given = _Given()
    for call in calls:
        given.note(call)
    return _loadable(given.states(), vendors, clock)


class _Given:
    """The resources that calls find, in the order in which they do, by vendor, list and id; and single parts of a state."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, str], JsonDict] = {}
        self._texts: dict[tuple[str, str, str], bool] = {}
        self._known: set[str] = set()
        self._used: set[str] = set()

    def note(self, call: Call) -> None:
        """Note what a call shows, uses or makes."""
        part = call.operation.split(".")[1]
        schema = call.vendor.state.schema.get("properties", {}).get(part, {})
        reply = value_of(call.reply) if call.is_heard and call.status < LEAST_REFUSAL else None
        things = {thing["id"]: thing for thing in _things(reply)}
        is_look = call.method == "GET" and (bool(things) or not call.ids)
        self._note_texts(call, reply)
        if "properties" in schema.get("items", {}) and call.status < LEAST_REFUSAL:
            for id in call.ids or (things if is_look else ()):
                self._note_one(call.vendor, part, id, things.get(id, {}), schema["items"], is_look)
        elif schema.get("type") == "object" and is_look and isinstance(reply, dict):
            self._found.setdefault(
                (call.vendor.name, part, ""), self._lasting(call.vendor, _fields(call.vendor, reply, schema))
            )
        self._known |= things.keys()
        if not is_look and (schema or call.ids) and call.status < LEAST_REFUSAL:
            self._used |= {call.vendor.name, *call.ids}  # not where it is about nothing of a state, as the request for a token

    def _note_texts(self, call: Call, reply: Any) -> None:
        """Note whether texts are in a list of the state, as the first answer about each shows."""
        for part, (name, is_in) in call.vendor.shown_by.items():
            for thing in _objects(reply):
                text, shown = thing.get(name), thing.get(is_in)
                if isinstance(text, str) and isinstance(shown, bool) and len(self._texts) < MAX_TEXTS:
                    self._texts.setdefault((call.vendor.name, part, text), shown)

    def _note_one(self, vendor: Vendor, part: str, id: str, shown: JsonDict, schema: JsonObject, is_look: bool) -> None:
        """Note a resource as it is first shown; of one that was used before that, what no use changes."""
        key = vendor.name, part, id
        if (id in self._known and key not in self._found) or len(self._found) >= MAX_THINGS:
            return  # an answer made it
        fields = self._lasting(vendor, _fields(vendor, shown, schema))
        fields.pop("id", None)
        if id in self._used or not is_look:
            fields = {name: it for name, it in fields.items() if not _MOVING.fullmatch(name) and not isinstance(it, list)}
        if key not in self._found or id not in self._known:
            self._found[key] = {"id": id} | fields

    def _lasting(self, vendor: Vendor, fields: JsonDict) -> JsonDict:
        """Return the fields that no request to the vendor so far may have changed."""
        is_fresh = vendor.name not in self._used
        return {name: it for name, it in fields.items() if is_fresh or not _FLOWING.fullmatch(name)}

    def states(self) -> JsonDict:
        """Return what was found, by vendor."""
        states: dict[str, JsonDict] = {}
        for (vendor, part, id), fields in self._found.items():
            state = states.setdefault(vendor, {})
            if id:
                state.setdefault(part, []).append(fields)
            else:
                state[part] = fields
        for (vendor, part, text), is_in in self._texts.items():
            if is_in:
                states.setdefault(vendor, {}).setdefault(part, []).append(text)
        return states


def tokens_by(calls: Sequence[Call], credentials: Credentials) -> JsonDict:
    """Return by vendor the tokens that no answer gave, as the state has tokens: what stands in place of each."""
    heard: set[str] = set()
    found: dict[str, JsonDict] = {}
    for call in calls:
        name, _, token = dict(call.headers).get("authorization", "").partition(" ")
        if name.lower() == "bearer" and token not in heard and call.is_let_in and _has_tokens(call.vendor):
            tokens = found.setdefault(call.vendor.name, {"tokens": []})["tokens"]
            known = {"token": credentials.replace(call, "authorization", token)}
            tokens += [] if known in tokens else [known]
        heard.update(text for _, text in leaves(value_of(call.reply)) if call.is_heard)
    return found


def _has_tokens(vendor: Vendor) -> bool:
    items = vendor.state.schema.get("properties", {}).get("tokens", {}).get("items", {})
    return "token" in items.get("properties", {})


def _things(reply: Any) -> Iterator[JsonDict]:
    """Yield the objects with an id at the top of an answer, or one level below it."""
    holders = [reply, *(reply.values() if isinstance(reply, dict) else ())]
    for holder in holders:
        for thing in holder if isinstance(holder, list) else (holder,):
            if isinstance(thing, dict) and isinstance(thing.get("id"), str):
                yield thing


def _objects(value: Any) -> Iterator[JsonDict]:
    """Yield every object in an answer."""
    checkpoint()
    if isinstance(value, dict):
        yield value
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _objects(part)


def _fields(vendor: Vendor, shown: JsonDict, schema: JsonObject) -> JsonDict:
    """Return the fields of a state that an object of an answer shows, also those of objects in it."""
    fields: JsonDict = {}
    properties: Mapping[str, JsonObject] = schema.get("properties", {})
    for told, value in shown.items():
        name = vendor.shown_as.get(told, told)
        if hides(told, shown):
            continue
        if name in properties and name not in fields:
            state = _value(vendor, value, properties[name])
            if _says_something(state) and fits(state, properties[name], properties[name]):
                fields[name] = state
        elif isinstance(value, dict):
            fields = _fields(vendor, value, schema) | fields
    return fields


def _says_something(value: Any) -> bool:
    """Tell whether a value of an answer says something of the state, and no secret."""
    return value is not False and value not in EMPTY and redact_body(value) == value


def _value(vendor: Vendor, value: Any, schema: JsonObject) -> Any:
    """Return a value of an answer as the state has it: whole numbers are no texts, and items have the state's fields."""
    if schema.get("type") == "integer" and isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value) if len(value) < 16 else value
    if isinstance(value, list) and "properties" in schema.get("items", {}):
        return [_fields(vendor, it, schema["items"]) if isinstance(it, dict) else it for it in value]
    return value


def _loadable(given: JsonDict, vendors: Vendors, clock: JsonObject) -> JsonDict:
    """Return a state without the parts that it cannot have."""
    for _ in range(MAX_TRIES):
        try:
            load_document(Document({"clock": dict(clock), "given": given}), vendors, titled=False)
        except BadInput as error:
            for problem in error.problems:
                _leave_out(given, problem.path[1:])
            given = {vendor: _without_holes(state) for vendor, state in given.items()}
        else:
            return {vendor: state for vendor, state in given.items() if any(state.values())}
    return {}


def _leave_out(given: JsonDict, path: Sequence[Any]) -> None:
    """Put a hole in the place of what is wrong: a field, or a whole resource or part where no field is named."""
    place: Any = given
    for key in path[:-1]:
        if not (isinstance(place, list) or (isinstance(place, dict) and key in place)):
            return
        place = place[key]
    if path and isinstance(place, (dict, list)):
        place[path[-1]] = HOLE


def _without_holes(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_holes(part) for name, part in value.items() if part is not HOLE}
    return [_without_holes(part) for part in value if part is not HOLE] if isinstance(value, list) else value
