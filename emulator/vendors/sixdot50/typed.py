"""The fields of a body that have another JSON type than the pages name: one alone spoils the body."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.vendors.sixdot50.assumptions_of_calls import WRONG_TYPE
from emulator.vendors.sixdot50.bodies import Properties, Types, misfits, of_object
from emulator.vendors.sixdot50.validation import INVALID, PAYMENT_TYPES, Flaw


def flaws_of_types(given: Properties, types: Types, place: int | None = None) -> Iterator[Flaw]:
    """Yield a flaw for each field of another type. Evidence: 6dot50-id-2."""
    for name, value in misfits(given, types):
        yield Flaw(INVALID, name, value, "6dot50-id-2", WRONG_TYPE.id, place)


def flaws_of_payment_types(payments: list[Any]) -> Iterator[Flaw]:
    """Yield a flaw for each payment that is no object, and for each of its fields that has another type."""
    for place, payment in enumerate(payments):
        fields = of_object(payment)
        if fields is None:
            yield Flaw(INVALID, "", payment, "6dot50-id-2", WRONG_TYPE.id, place)
        else:
            yield from flaws_of_types(fields, PAYMENT_TYPES, place)
