"""The fields of requests: those of the body, the parameters of the query, the pages of lists, and metadata."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

from emulator.sdk import (
    ENCODED,
    Assumption,
    Field,
    InvalidRequest,
    JsonDict,
    JsonObject,
    Request,
    Struct,
    Transaction,
    pattern,
    repeats_a_name,
)
from emulator.vendors.stripe.assumptions.jobs import CANCEL_PARAMETERS
from emulator.vendors.stripe.assumptions.requests import (
    ARRAY_INDEX,
    BODY_TYPE,
    METADATA_LIST,
    METADATA_NUMBERS,
    REPEATED_NAME,
    USAGE_PARAMETERS,
)

MOST_PAIRS, LONGEST_KEY, LONGEST_VALUE = 50, 40, 500
"""Bounds of metadata, the lengths in characters. Evidence: stripe-metadata-1."""


def flaw(path: str, text: str) -> str:
    """Return the message about a field that is not valid, in the frame that users report. Evidence: stripe-wording-6."""
    return f"Some fields in the request were invalid: '{path}: {text}.'"


def unrecognized(path: str, value: str, valid: Iterable[str]) -> str:
    """Return the message about a value that is none of those that there are, as users report it. Evidence: stripe-wording-6."""
    return flaw(path, f"Unrecognized enum value '{value}', valid values are: {', '.join(sorted(valid))}")


def enum_mistakes(path: str, value: Any, valid: Collection[str]) -> Iterator[str]:
    """Yield what is wrong with a value that has to be one of some texts."""
    if not isinstance(value, str):
        yield flaw(path, "Must be a string")
    elif value not in valid:
        yield unrecognized(path, value, valid)


def object_mistakes(path: str, value: Any, names: Collection[str]) -> Iterator[str]:
    """Yield what is wrong with an object that has to have fields of these names, and no others."""
    if not isinstance(value, dict):
        yield flaw(path, "Must be an object")
        return
    yield from (flaw(f"{path}.{name}", "Unknown field") for name in value if name not in names)
    yield from (flaw(f"{path}.{name}", "Missing field") for name in names if name not in value)


NO_MAP_OF_STRINGS = "Must be a map of strings"
TOO_MANY_PAIRS = flaw("metadata", f"Has {MOST_PAIRS} pairs at most")

METADATA = Field(
    {
        "type": "object",
        "propertyNames": {"maxLength": LONGEST_KEY, "pattern": r"^[^\[\]]*$"},
        "additionalProperties": {"type": "string", "maxLength": LONGEST_VALUE},
        "maxProperties": MOST_PAIRS,
    },
    dict,
    dict,
)
"""The metadata of a resource in a state."""

ARRAYS = frozenset(("include", "types"))
"""The parameters that are arrays."""

_ELEMENT = pattern(r"(?<!\w)(\w++)\[\d*+\]", re.ASCII)
"""An element of an array, with or without an index."""


def invalid(message: str, evidence: str = "stripe-list-3", assumption: Assumption | None = None) -> InvalidRequest:
    """Return the exception that refuses fields or parameters of a request; the message is for the client."""
    return InvalidRequest(message, evidence, assumption, answer="invalid_fields")


def check_fields(tx: Transaction, request: Request) -> None:
    """Set the fields of the body, which is an object or nothing, and refuse a query.

    Evidence: stripe-fields-2 and stripe-list-3.
    """
    request.fields = _with_texts(tx, _with_map(tx, _fields_or_refuse(tx, request)))
    for name, _ in pairs_of(request):
        raise invalid(flaw(name, "Unknown field"), "stripe-list-3")


def check_no_fields(tx: Transaction, request: Request) -> None:
    """Refuse a query and fields in the body, which is an object or nothing. Evidence: stripe-cancel-1."""
    fields = _fields_or_refuse(tx, request)
    for name in (*(name for name, _ in pairs_of(request)), *fields):
        if tx.choice(CANCEL_PARAMETERS) == "refuse":
            raise invalid(flaw(name, "Unknown field"), "stripe-fields-1", CANCEL_PARAMETERS)


def _fields_or_refuse(tx: Transaction, request: Request) -> JsonDict:
    if request.body and is_mislabelled(request) and tx.choice(BODY_TYPE) == "refuse":
        message = f"The Content-Type of the body must be application/json, not {request.media_type or 'none'}"
        raise invalid(message, "stripe-body-2", BODY_TYPE)
    try:
        fields = request.json if request.body else {}
    except ValueError:
        raise invalid("The request body is not JSON", "stripe-fields-2") from None
    if not isinstance(fields, dict):
        raise invalid("The request body is not a JSON object", "stripe-fields-3" if fields == [] else "stripe-fields-2")
    if repeats_a_name(request.body, fields) and tx.choice(REPEATED_NAME) == "refuse":
        raise invalid("An object in the request body has the same field more than once", "stripe-body-4", REPEATED_NAME)
    return fields


def _with_map(tx: Transaction, fields: JsonDict) -> JsonDict:
    """Return the fields with metadata that are an empty list as none, where that is assumed. Evidence: stripe-metadata-8."""
    if fields.get("metadata") != []:
        return fields
    if tx.choice(METADATA_LIST) == "refuse":
        raise invalid(flaw("metadata", NO_MAP_OF_STRINGS), "stripe-metadata-8", METADATA_LIST)
    return {**fields, "metadata": {}}


def _with_texts(tx: Transaction, fields: JsonDict) -> JsonDict:
    """Return the fields with numbers in metadata as texts, where that is assumed. Evidence: stripe-metadata-6."""
    metadata = fields.get("metadata")
    if not isinstance(metadata, dict) or not any(map(_is_number, metadata.values())):
        return fields
    if tx.choice(METADATA_NUMBERS) == "refuse":
        raise invalid(flaw("metadata", NO_MAP_OF_STRINGS), "stripe-metadata-6", METADATA_NUMBERS)
    return {**fields, "metadata": {name: str(it) if _is_number(it) else it for name, it in metadata.items()}}


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def fields_of(request: Request) -> JsonDict:
    """Return the fields of the body; none where it is no JSON object."""
    try:
        fields = request.json
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def fields_as_written(tx: Transaction, request: Request) -> JsonObject:
    """Return the fields of the body as they came: those that were read, unless one of them was read as something else."""
    if not request.fields or METADATA_LIST in tx.consulted or METADATA_NUMBERS in tx.consulted:
        return fields_of(request)
    return request.fields


def is_mislabelled(request: Request) -> bool:
    """Return whether a body has no type, or one that no page gives to JSON; that of curl is on a page.

    Evidence: stripe-body-1.
    """
    return request.media_type not in ("application/json", ENCODED)


def metadata_mistakes(metadata: Any, *, removes: bool = False) -> Iterator[str]:
    """Yield what is wrong with the metadata of a request. With `removes`, null takes a key away."""
    if not isinstance(metadata, dict):
        yield flaw("metadata", NO_MAP_OF_STRINGS)
        return
    for key, value in metadata.items():
        if not (isinstance(value, str) or (removes and value is None)):
            yield flaw("metadata", NO_MAP_OF_STRINGS)
        elif len(key) > LONGEST_KEY or "[" in key or "]" in key:
            yield flaw("metadata", f"A key has {LONGEST_KEY} characters at most, and no square brackets")
        elif len(value or "") > LONGEST_VALUE:
            yield flaw("metadata", f"A value has {LONGEST_VALUE} characters at most")
    if sum(value is not None for value in metadata.values()) > MOST_PAIRS:
        yield TOO_MANY_PAIRS


class Query(Struct, frozen=True, gc=False):
    """The parameters of a query: those of one value, and the values of each array in order."""

    single: dict[str, str]
    arrays: dict[str, list[str]]


class QuerySpec(Struct, frozen=True, gc=False):
    """The parameters that an operation accepts, and those that it passes over."""

    single: frozenset[str] = frozenset()
    arrays: frozenset[str] = frozenset()
    passed_over: frozenset[str] = frozenset()

    def read(self, request: Request) -> Query:
        """Return the parameters of a request.

        An array is spelled `name=a&name=b`, `name[]=a&name[]=b` or `name[0]=a&name[1]=b`.

        Evidence: stripe-list-5 and stripe-list-8.

        Raises:
            InvalidRequest: a parameter is unknown, or one of a single value is there twice.
        """
        query = Query({}, {name: [] for name in self.arrays})
        for key, value in pairs_of(request):
            element = _ELEMENT.fullmatch(key)
            if (name := element[1] if element else key) in self.passed_over:
                continue
            if name in self.arrays:
                query.arrays[name].append(value)
            elif key not in self.single:
                raise invalid(flaw(key, "Unknown field"))
            elif key in query.single:
                raise invalid(flaw(key, "Is given more than once"))
            else:
                query.single[key] = value
        return query


USAGE = frozenset(("usage",))
"""The array in which a client says what it is used for. Evidence: stripe-usage-1."""

NO_QUERY = QuerySpec(passed_over=USAGE)


def check_no_query(tx: Transaction, request: Request) -> None:
    """Refuse a query, but for what a client says there of its usage. Evidence: stripe-list-3."""
    check_usage(tx, request)
    NO_QUERY.read(request)


def check_usage(tx: Transaction, request: Request) -> None:
    """Refuse what a client says of its usage, where that is assumed. Evidence: stripe-usage-2."""
    for name, _ in pairs_of(request):
        if name.partition("[")[0] in USAGE and tx.choice(USAGE_PARAMETERS) == "refuse":
            raise invalid(flaw(name, "Unknown field"), "stripe-usage-2", USAGE_PARAMETERS)


def check_indexes(tx: Transaction, request: Request) -> None:
    """Refuse an array whose elements have empty brackets, where that is assumed. Evidence: stripe-list-8."""
    for name, _ in pairs_of(request):
        if name.endswith("[]") and name[:-2] in ARRAYS and tx.choice(ARRAY_INDEX) == "refuse":
            raise invalid(flaw(name, f"Needs an index, as in {name[:-1]}0]"), "stripe-list-8", ARRAY_INDEX)


def pairs_of(request: Request) -> list[tuple[str, str]]:
    """Return the names and values of a query, in order."""
    return parse_qsl(request.query_string, keep_blank_values=True) if request.query_string else []


def values_of(request: Request, array: str) -> list[str]:
    """Return the values of an array in the query, however it is spelled."""
    return [value for name, value in pairs_of(request) if name.partition("[")[0] == array]
