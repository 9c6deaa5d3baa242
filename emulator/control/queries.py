"""The query of a control request, read strictly."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from starlette.requests import Request

from emulator.kernel.errors import BadInput, Problem
from emulator.scenario.strict_json import LARGEST, MOST_DIGITS
from emulator.text.nearest import hint

MOST_TOLD = 10
"""Unknown parameters of a query that are told."""


def check_query(request: Request, known: Collection[str]) -> None:
    """A parameter that is misspelt, or given twice, would be overlooked.

    Raises:
        BadInput: the query has others than these, or one of them twice.
    """
    names = Counter(name for name, _ in request.query_params.multi_items())
    unknown = [name for name in names if name not in known][:MOST_TOLD]
    problems = [Problem(f"unknown parameter {name!r}{hint(name, known)}", (name,)) for name in unknown]
    problems += [Problem(f"{name} is given twice", (name,)) for name in known if names[name] > 1]
    if problems:
        raise BadInput(problems)


def query_number(request: Request, name: str, default: int, least: int = 0) -> int:
    """A whole number from the query.

    Raises:
        BadInput: it is not one, or less than the least allowed, or has more than 64 bits.
    """
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdecimal()) or (len(text) <= MOST_DIGITS and int(text) < least):
        raise BadInput.at(f"{name} must be a whole number of at least {least}, not {text!r}", name)
    if len(text) > MOST_DIGITS or int(text) > LARGEST:
        raise BadInput.at(f"{name} is at most {LARGEST}, and this is more", name)
    return int(text)
