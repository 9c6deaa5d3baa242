"""The query of the list of batches: names in any case, and one value for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from urllib.parse import parse_qsl

from emulator.sdk import Assumption, Request, Transaction
from emulator.vendors.sixdot50.assumptions.requests import REPEATED_PARAMETER
from emulator.vendors.sixdot50.requests.validation import INVALID, Flaw

PARAMETERS = ("statusCode", "externalId", "skip", "take")
"""The parameters of the list. Evidence: 6dot50-list-2 and 6dot50-list-3."""

Values = Mapping[str, Sequence[str]]
"""Parameter in lower case → its values, in the order in which they came."""


def values_of(request: Request) -> Values:
    """Return the values of each parameter of the query. Evidence: 6dot50-input-1."""
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(request.query_string, keep_blank_values=True):
        found.setdefault(name.lower(), []).append(value)
    return found


def flaws_of_repetition(tx: Transaction, values: Values) -> Iterator[Flaw]:
    """Yield each parameter that has several values, where that is assumed to be refused: different ones, or any."""
    repeated = [name for name in PARAMETERS if len(values.get(name.lower(), ())) > 1]
    choice = tx.choice(REPEATED_PARAMETER) if repeated else "first"
    for name in repeated:
        if choice == "400-any" or (choice == "400" and len({*values[name.lower()]}) > 1):
            yield Flaw(INVALID, name, ",".join(values[name.lower()]), "6dot50-list-11", REPEATED_PARAMETER)


def assumption_of_repetition(values: Values) -> Assumption | None:
    """Return the assumption by which one of several values was taken, None where there is one of each."""
    return REPEATED_PARAMETER if any(len(values.get(name.lower(), ())) > 1 for name in PARAMETERS) else None
