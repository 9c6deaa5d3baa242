"""The fields of 6DOT50's state. A `deposit` is money that arrives: it raises both balances of an account."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from operator import attrgetter

from emulator.sdk import (
    FLAG,
    NAME,
    TEXT,
    UTC_INSTANT,
    UTC_PAST,
    Field,
    Fields,
    JsonObject,
    Number,
    many_of,
    one_of,
    schema_of,
    timing_of,
)
from emulator.vendors.sixdot50.machine import BATCH_STATES, PAYMENT_STATES
from emulator.vendors.sixdot50.machine import PAYMENT as PAYMENT_MACHINE
from emulator.vendors.sixdot50.model import WORDS, Account, Payment

_GUID = {
    "type": "string",
    "format": "uuid",
    "pattern": "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
    "description": "a GUID, 36 characters",
}
DECIMALS = r"^[0-9]{1,15}(\.[0-9]{1,2})?$"
_MSISDN = {"type": "string", "pattern": "^[1-9][0-9]{7,14}$", "description": "27821231234, international and without +"}
_MONEY = {
    "type": ["number", "string"],
    "pattern": DECIMALS,
    "description": "100 or 99.95",
    "minimum": 0,
    "exclusiveMaximum": 1_000_000_000_000_000,
}

GUID = Field(_GUID, str.lower)
MSISDN = Field(_MSISDN)
MONEY = Field(_MONEY, lambda value: Decimal(str(value)))

PLATFORM: Fields = {"status": one_of("operational", "down")}
ORGANISATION: Fields = {"referrals": FLAG}
ACCOUNT: Fields = {
    "id": GUID,
    "name": NAME,
    "shortName": NAME,
    "createdAt": UTC_PAST,
    "active": FLAG,
    "balance": MONEY,
    "availableBalance": MONEY,
    "currencyCode": NAME,
}
PAYMENT: Fields = {
    "id": GUID,
    "msisdn": MSISDN,
    "amount": MONEY,
    "status": one_of(*PAYMENT_STATES),
    "firstname": TEXT,
    "lastname": TEXT,
    "externalId": NAME,
    "settledAt": UTC_PAST,
    "isMember": FLAG,
    "referralAmount": MONEY,
    "referralMsisdn": MSISDN,
    "createdAt": UTC_PAST,
    "since": UTC_PAST,
    "timing": timing_of(PAYMENT_MACHINE),
}
BATCH: Fields = {
    "id": GUID,
    "name": TEXT,
    "status": one_of(*BATCH_STATES),
    "externalId": NAME,
    "createdAt": UTC_PAST,
    "since": UTC_PAST,
    "owner": NAME,
    "accountId": GUID,
}
TOKEN: Fields = {"token": NAME, "key": TEXT, "expiresAt": UTC_INSTANT}

SCHEMA: JsonObject = {
    "type": "object",
    "properties": {
        "platform": schema_of(PLATFORM),
        WORDS.one: schema_of(ORGANISATION),
        WORDS.several: WORDS.schema(schema_of(ORGANISATION)),
        "accounts": WORDS.owned(many_of(ACCOUNT, deposit=_MONEY)),
        "members": {"type": "array", "items": _MSISDN},
        "registering": {"type": "array", "items": _MSISDN},
        "batches": WORDS.owned(many_of(BATCH, payments=many_of(PAYMENT))),
        "tokens": {"type": "array", "items": {**schema_of(TOKEN), "required": ["token"]}},
    },
    "additionalProperties": False,
}


def amount_in(status: str) -> Callable[[Payment], Decimal]:
    """Return a function to the amount of a payment where it has a status, and to nothing where it has another."""
    return lambda payment: payment.amount if payment.status == status else Decimal(0)


NUMBERS = (
    Number("balance", Account, attrgetter("balance")),
    Number("availableBalance", Account, attrgetter("available_balance")),
    *(Number(f"amount{status.title()}", Payment, amount_in(status)) for status in PAYMENT_STATES),
)
