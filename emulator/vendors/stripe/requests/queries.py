"""The query of a request: arrays in each of their spellings, and nothing but what the operation knows."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from emulator.sdk import Request

_ELEMENT = re.compile(r"(?<!\w)(\w++)\[\d*+\]", re.ASCII)
"""An element of an array that is bracketed or indexed."""


class Mistaken(Exception):
    """A query parameter is not right; the message is for the client."""


class Parameters(NamedTuple):
    """The parameters of a query: those of one value, and the values of each array in the order in which they came."""

    single: dict[str, str]
    arrays: dict[str, list[str]]


class Known(NamedTuple):
    """The parameters that an operation takes."""

    single: frozenset[str] = frozenset()
    arrays: frozenset[str] = frozenset()

    def read(self, request: Request) -> Parameters:
        """Return the parameters of a request.

        An array is written `name=a&name=b`, `name[]=a&name[]=b` or `name[0]=a&name[1]=b`. Evidence: stripe-list-5.

        Raises:
            Mistaken: a parameter is unknown, or one of a single value is there twice.
        """
        found = Parameters({}, {name: [] for name in self.arrays})
        for key, value in pairs_of(request):
            element = _ELEMENT.fullmatch(key)
            if (name := element[1] if element else key) in self.arrays:
                found.arrays[name].append(value)
            elif key not in self.single:
                raise Mistaken(f"Unknown field: {key}")
            elif key in found.single:
                raise Mistaken(f"The field {key} is given more than once")
            else:
                found.single[key] = value
        return found


ARRAYS = frozenset(("include", "types"))
"""The parameters that are arrays."""

NOTHING = Known()
"""What an operation knows whose query is empty."""


def pairs_of(request: Request) -> list[tuple[str, str]]:
    """Return the names and values of a query, as they came."""
    return parse_qsl(request.query_string, keep_blank_values=True)


def has_plain_array(request: Request) -> bool:
    """Tell whether an element of an array is written without its index. Evidence: stripe-list-5 and stripe-list-7."""
    return any(name in ARRAYS or name.removesuffix("[]") in ARRAYS for name, _ in pairs_of(request))


def page_url(request: Request, page: str) -> str:
    """Return where another page of a list is: below the API's root whichever way this request came, and filtered alike.

    Evidence: stripe-list-4.
    """
    path = request.path[request.path.index("/v2/") :]
    filters = [(name, value) for name, value in pairs_of(request) if name != "page"]
    return f"{path}?{urlencode([*filters, ('page', page)])}"
