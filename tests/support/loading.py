"""Scenarios for tests: the shipped ones, each read once, and those out of Python values, read as the control plane reads them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from emulator.kernel.errors import BadInput
from emulator.scenario.document import Document
from emulator.scenario.loader import load_document
from emulator.scenario.scenario import Scenario
from emulator.sdk.exact_json import dump
from emulator.sdk.vendor import Vendors
from emulator.server.app import library

LIBRARY = library()
"""The shipped scenarios. To read one takes a hundred times as long as to make a world of it."""


def load_value(value: Any, vendors: Vendors, name: str = "inline") -> Scenario:
    """Return the scenario in a value, whose numbers with a fraction are exact.

    Raises:
        BadInput: it has mistakes, each placed by its path; or it is no JSON value.
    """
    try:
        text = dump(value)
    except TypeError as error:
        raise BadInput.at(f"not a JSON value: {error}") from None
    return load_document(Document(json.loads(text, parse_float=Decimal)), vendors, name)
