"""The one interface that a vendor is written with: whatever a vendor's package imports of the emulator, it imports here."""

from emulator.kernel.accounts import SELF, Accounts
from emulator.kernel.assumption import Assumption, assumptions_in
from emulator.kernel.budget import Metered
from emulator.kernel.consequences import Ask, Removal, is_revoked
from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.ids import mint_id
from emulator.kernel.instants import instant_from_iso, instant_from_unix, instant_of, instant_on
from emulator.kernel.limits import COLLECT, MANY_RESOURCES
from emulator.kernel.machine import (
    ABSENT,
    EVERY,
    SAME,
    Answer,
    Assume,
    Effect,
    Guard,
    Ladder,
    Machine,
    Portion,
    Resource,
    Rounds,
    Row,
    Timer,
    View,
)
from emulator.kernel.resource import Struct, field, replace, structs
from emulator.kernel.sorted_pages import IndexKey, SortedKey
from emulator.kernel.time import END_OF_TIME, format_instant, parse_timestamp
from emulator.kernel.transaction import Transaction, base62, digest, guid
from emulator.kernel.weight import Shared, Weight, weigh_all
from emulator.sdk.accounts import OWNER, AccountWords
from emulator.sdk.deliveries import NO_ANSWER, RESEND, Notify, Outbox
from emulator.sdk.delivery import BASE_URL, DELIVERED, DROPPED, WORLD, Attempt, Delivery, Headers
from emulator.sdk.delivery_facts import Facts
from emulator.sdk.delivery_state import delivery_problems, delivery_schema, dump_deliveries, load_deliveries
from emulator.sdk.durations import idle_timers, timing_of, without_idle_timers
from emulator.sdk.errors import InvalidRequest
from emulator.sdk.exact_json import JsonDict, JsonObject, digits_of, dump, load
from emulator.sdk.fields import (
    AMOUNT,
    COUNT,
    FLAG,
    INSTANT,
    NAME,
    ORDINAL,
    PAST,
    TEXT,
    TEXTS,
    UTC_INSTANT,
    UTC_PAST,
    Field,
    Fields,
    ProblemCollector,
    attribute_of,
    dump_fields,
    instant,
    list_of,
    load_fields,
    many_of,
    one_of,
    refuse,
    schema_of,
    times_from,
)
from emulator.sdk.forms import ENCODED, MULTIPART, form_instead_of_json
from emulator.sdk.growing import Growing
from emulator.sdk.json_pieces import Room, in_pieces
from emulator.sdk.packing import one_like, pack, unpack, unpack_numbers
from emulator.sdk.repeated_names import repeats_a_name
from emulator.sdk.request import Reader, Request
from emulator.sdk.response import Pieces, Response, Stream, reason_phrase
from emulator.sdk.state import Deletable, StateCodec, dump_part, take_room
from emulator.sdk.vendor import Check, Credentials, Handler, Limit, Number, Operation, Renderer, Vendor
from emulator.text.checkpoint import checkpoint
from emulator.text.letters import Sortable, has_words, is_in
from emulator.text.nearest import hint, near, some
from emulator.text.pattern import pattern
from emulator.text.percent import form_fields

__all__ = [
    "ABSENT",
    "AMOUNT",
    "BASE_URL",
    "COLLECT",
    "COUNT",
    "DELIVERED",
    "DROPPED",
    "ENCODED",
    "END_OF_TIME",
    "EVERY",
    "FLAG",
    "INSTANT",
    "MANY_RESOURCES",
    "MULTIPART",
    "NAME",
    "NO_ANSWER",
    "ORDINAL",
    "OWNER",
    "PAST",
    "RESEND",
    "SAME",
    "SELF",
    "TEXT",
    "TEXTS",
    "UTC_INSTANT",
    "UTC_PAST",
    "WORLD",
    "AccountWords",
    "Accounts",
    "Answer",
    "Ask",
    "Assume",
    "Assumption",
    "Attempt",
    "BadInput",
    "Check",
    "Credentials",
    "Deletable",
    "Delivery",
    "Effect",
    "Facts",
    "Field",
    "Fields",
    "Growing",
    "Guard",
    "Handler",
    "Headers",
    "IndexKey",
    "InvalidRequest",
    "JsonDict",
    "JsonObject",
    "Ladder",
    "Limit",
    "Machine",
    "Metered",
    "Notify",
    "Number",
    "Operation",
    "Outbox",
    "Pieces",
    "Portion",
    "Problem",
    "ProblemCollector",
    "Reader",
    "Removal",
    "Renderer",
    "Request",
    "Resource",
    "Response",
    "Room",
    "Rounds",
    "Row",
    "Shared",
    "Sortable",
    "SortedKey",
    "StateCodec",
    "Stream",
    "Struct",
    "Timer",
    "Transaction",
    "Vendor",
    "View",
    "Weight",
    "assumptions_in",
    "attribute_of",
    "base62",
    "checkpoint",
    "delivery_problems",
    "delivery_schema",
    "digest",
    "digits_of",
    "dump",
    "dump_deliveries",
    "dump_fields",
    "dump_part",
    "field",
    "form_fields",
    "form_instead_of_json",
    "format_instant",
    "guid",
    "has_words",
    "hint",
    "idle_timers",
    "in_pieces",
    "instant",
    "instant_from_iso",
    "instant_from_unix",
    "instant_of",
    "instant_on",
    "is_in",
    "is_revoked",
    "list_of",
    "load",
    "load_deliveries",
    "load_fields",
    "many_of",
    "mint_id",
    "near",
    "one_like",
    "one_of",
    "pack",
    "parse_timestamp",
    "pattern",
    "reason_phrase",
    "refuse",
    "repeats_a_name",
    "replace",
    "schema_of",
    "some",
    "structs",
    "take_room",
    "times_from",
    "timing_of",
    "unpack",
    "unpack_numbers",
    "weigh_all",
    "without_idle_timers",
]
