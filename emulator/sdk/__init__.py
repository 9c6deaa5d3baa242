"""The one interface that a vendor is written with: whatever a vendor's package imports of the emulator, it imports here."""

from emulator.kernel.budget import Metered
from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.limits import MANY_RESOURCES
from emulator.kernel.machine import (
    ABSENT,
    EVERY,
    SAME,
    After,
    Ask,
    Assume,
    Effect,
    Guard,
    Machine,
    On,
    Portion,
    Row,
    Timer,
    View,
)
from emulator.kernel.store import PROGRESSING, IndexKey, SortedKey
from emulator.kernel.time import END_OF_TIME, format_instant, parse_timestamp
from emulator.kernel.transaction import Transaction, Transition
from emulator.kernel.weight import Shared, Weight
from emulator.sdk.assumption import Assumption
from emulator.sdk.errors import InvalidRequest
from emulator.sdk.exact_json import dump
from emulator.sdk.fields import (
    AMOUNT,
    COUNT,
    FLAG,
    INSTANT,
    ORDINAL,
    PAST,
    TEXT,
    TEXTS,
    UTC_INSTANT,
    UTC_PAST,
    Field,
    Fields,
    Gathered,
    dump_fields,
    instant,
    list_of,
    load_fields,
    many_of,
    one_of,
    refuse_future,
    schema_of,
)
from emulator.sdk.forms import ENCODED, MULTIPART, form_instead_of_json
from emulator.sdk.ids import guid, mint_id
from emulator.sdk.request import Reader, Request
from emulator.sdk.response import Answer, Response, Stream, reason_phrase
from emulator.sdk.state import StateCodec
from emulator.sdk.vendor import Check, Credentials, Handler, Operation, Renderer, Vendor
from emulator.text.nearest import hint, near, some

__all__ = [
    "ABSENT",
    "AMOUNT",
    "COUNT",
    "ENCODED",
    "END_OF_TIME",
    "EVERY",
    "FLAG",
    "INSTANT",
    "MANY_RESOURCES",
    "MULTIPART",
    "ORDINAL",
    "PAST",
    "PROGRESSING",
    "SAME",
    "TEXT",
    "TEXTS",
    "UTC_INSTANT",
    "UTC_PAST",
    "After",
    "Answer",
    "Ask",
    "Assume",
    "Assumption",
    "BadInput",
    "Check",
    "Credentials",
    "Effect",
    "Field",
    "Fields",
    "Gathered",
    "Guard",
    "Handler",
    "IndexKey",
    "InvalidRequest",
    "Machine",
    "Metered",
    "On",
    "Operation",
    "Portion",
    "Problem",
    "Reader",
    "Renderer",
    "Request",
    "Response",
    "Row",
    "Shared",
    "SortedKey",
    "StateCodec",
    "Stream",
    "Timer",
    "Transaction",
    "Transition",
    "Vendor",
    "View",
    "Weight",
    "dump",
    "dump_fields",
    "form_instead_of_json",
    "format_instant",
    "guid",
    "hint",
    "instant",
    "list_of",
    "load_fields",
    "many_of",
    "mint_id",
    "near",
    "one_of",
    "parse_timestamp",
    "reason_phrase",
    "refuse_future",
    "schema_of",
    "some",
]
