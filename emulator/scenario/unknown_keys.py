"""Advice on unknown keys: they may belong elsewhere in the schema, or come from another tool."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from emulator.text.nearest import STEM, hint, near

Path = tuple[str | int, ...]
Schema = Mapping[str, Any]

MOST = 4
"""Places named at most for a misplaced key."""

LISTED = 60
"""Up to how many keys of a section all of them are listed."""


class KnownKey(NamedTuple):
    """One place where a key is known: its dotted path below the schema that was searched, and its own schema."""

    path: str
    key: str
    schema: Schema


class KeyAdvice:
    """Says of the unknown keys of a value where in its schema they are known."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._advice_given: dict[tuple[object, ...], str] = {}

    def advice(self, path: Path, key: str, own: Schema, value: Any) -> str:
        """Return what to do about the unknown `key` of the object at `path`, whose schema is `own`; nothing if unknown."""
        names = tuple(it for it in path if isinstance(it, str))
        asked = (names, key, type(value))
        if asked not in self._advice_given:
            self._advice_given[asked] = self._advice(names, key, own, value)
        return self._advice_given[asked]

    def _advice(self, names: tuple[str, ...], key: str, own: Schema, value: Any) -> str:
        known = own.get("properties", {})
        if sentence := foreign_word_advice(key, known):
            return f": {sentence}"
        elsewhere = "" if near(key, known) else self._elsewhere(names, key, value)
        return elsewhere or hint(key, known, LISTED)

    def _elsewhere(self, names: tuple[str, ...], key: str, value: Any) -> str:
        """Say where the key is known: below the object itself, below those around it, or at the top."""
        for end in range(len(names), -1 if names == () else 0, -1):
            if found := _fitting(self._below(self._at(names[:end]), key), value):
                owners = dict.fromkeys(path.partition(".")[0].removesuffix("[]") for path in found)
                places = [".".join((*names[:end], path)) for path in found]
                return f"; it belongs below {' or '.join(map(repr, owners))}: {' or '.join(places)}"
        return "; it belongs at the top" if names and key in self._root.get("properties", {}) else ""

    def _at(self, names: tuple[str, ...]) -> Schema:
        schema = self._resolved(self._root)
        for name in names:
            ways = [self._resolved(way) for way in _ways(schema)]
            found = [self._resolved(way["properties"][name]) for way in ways if name in way.get("properties", {})]
            schema = found[0] if found else {}
        return schema

    def _below(self, schema: Schema, key: str) -> list[KnownKey]:
        """Return the places nearest to this schema where the key is known, all as deep as each other."""
        places = list(self._every_place(schema))
        found = [it for it in places if it.key == key and "." in it.path]
        found = found or [it for it in places if "." in it.path and it.key in near(key, [it.key], STEM)]
        least = min((it.path.count(".") for it in found), default=0)
        return [it for it in found if it.path.count(".") == least]

    def _every_place(self, schema: Schema) -> Iterator[KnownKey]:
        """Yield the places below a schema, the nearest first, what several places share only once."""
        left, seen = deque([("", schema)]), set()
        while left:
            before, part = left.popleft()
            if (reference := part.get("$ref")) in seen:
                continue
            seen |= {reference} if reference else set()
            for way in _ways(part):
                owner = f"{before}[]." if before and "items" in way else f"{before}." if before else ""
                for name, sub in self._resolved(way).get("properties", {}).items():
                    path = f"{owner}{name}"
                    yield KnownKey(path, name, sub)
                    left.append((path, sub))

    def _resolved(self, schema: Schema) -> Schema:
        """Return the schema itself, or the one that it refers to, or that of its items."""
        if "$ref" in schema:
            name = schema["$ref"].rpartition("/")[2]
            return self._resolved(self._root.get("$defs", {}).get(name, {}))
        items: Schema = schema.get("items", {})
        return self._resolved(items) if items else schema


def _ways(schema: Schema) -> list[Schema]:
    return [schema, *schema.get("anyOf", ())]


def _fitting(places: list[KnownKey], value: Any) -> list[str]:
    """Return the paths, if they are few: those of a like type before others."""
    kind = "object" if isinstance(value, dict) else "array" if isinstance(value, list) else None
    alike = [it for it in places if (it.schema.get("type") == kind) or ("$ref" in it.schema and kind == "object")]
    paths = [it.path for it in alike or places]
    return paths if len(paths) <= MOST else []


ONE_FILE = "a scenario is one file, which includes no other; within it, YAML's anchors and merge keys (<<) share parts"
NO_VARIABLES = "a scenario has no variables; in a step, {name} stands for what a step before it keeps"
BOUNDS = "bounds are the server's: see the options --max-... of `serve`"
FORMAT = "the version of the grammar is 'format: 1', which can be left out"
TITLE = "say in 'title' what the scenario is about; its name is that of its file"
REPLIES = "answers word for word are 'replies', each with 'at' and 'status'"
LENGTHS = "how long things take is 'timing'; a slow answer is one of 'faults', with 'do: delay'"
FAILURES = "failures are 'faults'; answers word for word are 'replies'"
STATE = "the state at the beginning is 'given', by vendor"
CLOCK = "the time is 'clock', with 'start' and 'rate'"
EXPECTED = "what proves a scenario is 'steps': 'expect' says what must come back, 'expect_state' what the state must hold"
HAPPENS = "what happens by itself is 'timeline', each with 'after' and 'set'"
COUNTED = "how often something happens is 'times', in an item of 'faults' or 'replies'"
WEBHOOKS = (
    "Stripe's webhooks are 'given.stripe.event_destinations'; SerpWow's is 'notification_webhook' of a batch "
    "(given.serpwow.batches) or of the account (given.serpwow.account)"
)
KEYS = "the keys that a vendor takes are 'credentials', by vendor"
WORLD_ID = "a world's id is no part of its scenario: it stands beside 'scenario', or in the query, of POST /worlds"

AT = "'at' says which operation, such as serpwow.batches.stop"
TIMES = "'times' says how often"
DO = "what a fault does is 'do'"
WHERE = "'where' says at which moment of a request it strikes"
LASTS = "how long a fault lies there is 'for', or 'between' two instants"
STATUS = "the status is 'status'"
START = "the instant at which the clock begins is 'start'"
RATE = "how fast the clock runs is 'rate': frozen, real or a number"
FAULT_HEADERS = "a fault sets no headers but Retry-After ('retry_after'); one of 'replies' has 'headers'"
FAULT_BODY = "the body of a fault with 'do: status' is 'body' (a text as it is, else JSON) or 'json'"
REPLY_BODY = "what a reply holds is 'body' (a text as it is, else JSON) or 'json'"
REPLY_LATER = "a reply is given from the first call on; one of 'faults' with 'do: status' has 'after', 'every' and 'id'"
REPLY_SLOW = "a reply comes at once; one of 'faults' with 'do: delay' makes it slow"
SELECTED = "requests are told apart by 'at' alone"
SELECTED_BY_ID = "requests are told apart by 'at' and 'id'"
SEND = "the request is 'send: METHOD /path?query'"
GET = "what must come back is 'expect', with 'status', 'json', 'text' or 'headers'"
ADVANCE = "time passes with a step 'advance: 30s'"
SEE = "what the state must hold is 'expect_state', by vendor"
KEEP = "a value is kept with 'capture: {name: dotted.path}'"
IN_ORDER = "steps are played once, one after the other"
GET_BODY = "the body is compared by 'json' (a subset; 'exactly: true' for all of it) or by 'text'"
FROM_THE_START = "'after' says how long after the beginning, such as 30s"
ONCE = "it happens once, 'after' so long"
ONLY_SET = "all that can happen is 'set', which changes the state by vendor"
WRAPPED = "a scenario stands below 'scenario': {\"scenario\": {...}}; alone it is sent as YAML (Content-Type: application/yaml)"

Words = Mapping[str, str]


def _words(**said: str) -> Words:
    """Return from each word to its sentence; `said` has the words, blanks between them, by the names of the sentences."""
    return {word: globals()[name] for name, words in said.items() for word in words.split()}


TABLES: tuple[tuple[frozenset[str], Words], ...] = (
    (
        frozenset({"title", "given", "steps"}),
        _words(
            ONE_FILE="include includes import imports extends extend inherit inherits base parent uses",
            NO_VARIABLES="parameters params variables vars env environment values defaults constants args",
            BOUNDS="limits limit bounds max_requests maximum quota",
            FORMAT="version schema_version",
            TITLE="name description summary comment label info metadata tags",
            REPLIES="responses response stubs stub mocks mock mappings routes rules expectations endpoints handlers overrides",
            LENGTHS="delays delay latency durations waits timeouts timers speed",
            FAILURES="errors failures accidents chaos failure error",
            STATE="state initial_state initial setup fixtures fixture data world worlds resources db database vendors",
            CLOCK="now date start_time freeze freeze_time timezone tz",
            EXPECTED="expect expects assert asserts assertions tests test then when requests request checks verify",
            HAPPENS="events schedule actions later",
            KEYS="keys api_key api_keys tokens auth secrets",
            COUNTED="times",
            WEBHOOKS="webhooks webhook webhook_endpoints event_destination notification_webhook",
            WORLD_ID="id",
        ),
    ),
    (
        frozenset({"where", "do", "at"}),
        _words(
            FAULT_HEADERS="headers header",
            FAULT_BODY="text data response message",
            DO="type kind action fault effect mode",
            WHERE="when stage phase moment",
            LASTS="duration until start end",
            STATUS="code",
            AT="operation path url method endpoint route request vendor on target",
            TIMES="count once limit repeat",
            SELECTED_BY_ID="match matches query body_contains condition if",
        ),
    ),
    (
        frozenset({"at", "times", "status", "headers", "body", "json"}),
        _words(
            REPLY_BODY="text data response content html message payload",
            STATUS="code",
            REPLY_LATER="after every skip id probability between for",
            REPLY_SLOW="delay latency sleep wait timeout",
            AT="operation path url method endpoint route request vendor on target",
            TIMES="count once limit repeat",
            SELECTED="match matches query when condition if where",
        ),
    ),
    (
        frozenset({"send", "advance", "see"}),
        _words(
            SEND="request url path method call query params",
            GET="expected response assert want then returns status status_code",
            ADVANCE="wait sleep delay after pause time",
            SEE="check state verify",
            KEEP="extract save store register",
            IN_ORDER="repeat loop times together parallel if",
        ),
    ),
    (
        frozenset({"exactly", "fails", "status"}),
        _words(GET_BODY="body content contains equals response data", STATUS="code"),
    ),
    (
        frozenset({"after", "set"}),
        _words(
            FROM_THE_START="at when time delay wait",
            ONCE="every repeat times",
            ONLY_SET="send revoke do change update patch after_call",
        ),
    ),
    (
        frozenset({"start", "rate"}),
        _words(START="now at time date begin begins instant", RATE="speed frozen freeze running"),
    ),
    (
        frozenset({"scenario", "seed"}),
        _words(WRAPPED="title clock given timing assume credentials faults replies timeline steps"),
    ),
)
"""Of each section of the grammar, which is known by some of its keys, the words that are strange there."""


def foreign_word_advice(word: str, known: Collection[str]) -> str | None:
    """Return what to write in place of a word in the section that knows these keys; None where nothing is known of it."""
    for keys, words in TABLES:
        if keys <= {*known}:
            return words.get(word)
    return None
