"""The bodies of requests: their type, their fields, and metadata, which jobs and destinations share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.sdk import ENCODED, Field, Request, Transaction
from emulator.vendors.stripe.assumptions.jobs import CANCEL_PARAMETERS
from emulator.vendors.stripe.assumptions.requests import BODY_TYPE
from emulator.vendors.stripe.requests.queries import invalid, pairs_of

MOST_PAIRS, LONGEST_KEY, LONGEST_VALUE = 50, 40, 500
"""Evidence: stripe-metadata-1."""

TOO_MANY_PAIRS = f"The field metadata has {MOST_PAIRS} pairs at most"

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


def check_fields(tx: Transaction, request: Request) -> None:
    """Set the fields of the body, which is an object or nothing, and refuse a query.

    Evidence: stripe-fields-2 and stripe-list-3.
    """
    request.fields = _fields_or_refuse(tx, request)
    for name, _ in pairs_of(request):
        raise invalid(f"Unknown field: {name}", "stripe-list-3")


def check_no_fields(tx: Transaction, request: Request) -> None:
    """Refuse a query and fields in the body, which is an object or nothing. Evidence: stripe-cancel-1."""
    fields = _fields_or_refuse(tx, request)
    for name in (*(name for name, _ in pairs_of(request)), *fields):
        if tx.choice(CANCEL_PARAMETERS.id) == "refuse":
            raise invalid(f"Unknown field: {name}", "stripe-fields-1", CANCEL_PARAMETERS.id)


def _fields_or_refuse(tx: Transaction, request: Request) -> dict[str, Any]:
    if request.body and is_mislabelled(request) and tx.choice(BODY_TYPE.id) == "refuse":
        message = f"The Content-Type of the body must be application/json, not {content_type(request)}"
        raise invalid(message, "stripe-body-2", BODY_TYPE.id)
    try:
        fields = {} if request.json is None else request.json
    except ValueError:
        raise invalid("The request body is not JSON", "stripe-fields-2") from None
    if not isinstance(fields, dict):
        raise invalid("The request body is not a JSON object", "stripe-fields-2")
    return fields


def fields_of(request: Request) -> dict[str, Any]:
    """Return the fields of the body; none where it is no JSON object."""
    try:
        fields = request.json
    except ValueError:
        return {}
    return fields if isinstance(fields, dict) else {}


def content_type(request: Request) -> str:
    """Return the type of a body in lower case, without its parameters; empty where none is given."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def is_mislabelled(request: Request) -> bool:
    """Return whether the type of a body is one that no page gives to JSON; that of curl is on a page.

    Evidence: stripe-body-1.
    """
    return content_type(request) not in ("", "application/json", ENCODED)


def metadata_mistakes(metadata: Any, *, removes: bool = False) -> Iterator[str]:
    """Yield what is wrong with the metadata of a request. With `removes`, null takes a key away."""
    if not isinstance(metadata, dict):
        yield "The field metadata must be a map of strings"
        return
    for key, value in metadata.items():
        if not (isinstance(value, str) or (removes and value is None)):
            yield "The field metadata must be a map of strings"
        elif len(key) > LONGEST_KEY or "[" in key or "]" in key:
            yield f"A key of the field metadata has {LONGEST_KEY} characters at most, and no square brackets"
        elif len(value or "") > LONGEST_VALUE:
            yield f"A value of the field metadata has {LONGEST_VALUE} characters at most"
    if sum(value is not None for value in metadata.values()) > MOST_PAIRS:
        yield TOO_MANY_PAIRS
