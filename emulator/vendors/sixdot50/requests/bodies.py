"""JSON bodies: exact numbers, property names in any case. Evidence: 6dot50-input-1 and 6dot50-decimal-4."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import orjson

from emulator.sdk import JsonObject, Request, load, repeats_a_name

Properties = JsonObject
"""Property name in lower case → value."""

Types = Mapping[str, type | tuple[type, ...]]
"""Property name as it is published → the JSON type of its value."""

NUMBER = (int, Decimal)

CREDENTIALS: Types = {"key": str, "secret": str}
BATCH: Types = {"name": str, "externalId": str}
ADDITION: Types = {"clearExisting": bool, "payments": list}
PAYEE: Types = {"msisdn": str, "amount": NUMBER, "firstname": str, "lastname": str, "externalId": str}
PAYMENT: Types = {**PAYEE, "referralAmount": NUMBER, "referralMsisdn": str}
BODY: Types = {**CREDENTIALS, **BATCH, **ADDITION}
"""The properties of the bodies of all operations."""


def content_of(request: Request) -> bytes:
    """Return the body without the byte order mark that some editors put before a text. Evidence: 6dot50-media-4."""
    return request.body.removeprefix(BOM_UTF8)


def properties(request: Request) -> Properties | None:
    """Return the properties of the body, None when it is not a JSON object."""
    return of_object(_read(content_of(request)))


def is_malformed(request: Request) -> bool:
    """Tell whether there is a body that cannot be read as JSON of whatever type."""
    content = content_of(request)
    try:
        load(content)
    except ValueError:
        return bool(content.strip())
    return False


def repeats_a_property(request: Request) -> bool:
    """Tell whether an object in a body that is JSON has a name several times, be it in other capitals."""
    content = content_of(request)
    return repeats_a_name(content, orjson.loads(content), str.lower)


def of_object(value: Any) -> Properties | None:
    """Return the properties of a JSON object by their names in lower case, None when it is not one."""
    return {name.lower(): part for name, part in value.items()} if isinstance(value, dict) else None


def payments_in(body: Properties) -> list[Any]:
    """Return the payments of a body, none where it has no list of them."""
    payments = body.get("payments")
    return payments if isinstance(payments, list) else []


def mistyped(body: Properties, types: Types) -> Iterator[tuple[str, Any]]:
    """Yield the name and the value of each property that is there, not null, and of another type."""
    for name, kind in types.items():
        if not _is(value := body.get(name.lower()), kind):
            yield name, value


def mistyped_in_payments(body: Properties, referrals: bool) -> Iterator[tuple[int, str, Any]]:
    """Yield the index, name and value of each mistyped property of a payment; no name where a payment is no object.

    Those of a referral are ignored unless the organisation has `referrals`. Evidence: 6dot50-referral-1.
    """
    for index, payment in enumerate(payments_in(body)):
        fields = of_object(payment)
        found = [("", payment)] if fields is None else mistyped(fields, PAYMENT if referrals else PAYEE)
        yield from ((index, name, value) for name, value in found)


def _is(value: Any, kind: type | tuple[type, ...]) -> bool:
    return value is None or (isinstance(value, kind) and (kind is bool or not isinstance(value, bool)))


def _read(body: bytes) -> Any:
    """Return the value, None when there is none."""
    try:
        return load(body)
    except ValueError:
        return None
