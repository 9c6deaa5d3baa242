"""Scenarios out of Python values, read as the control plane reads them: numbers with a fraction are exact."""

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


def load_value(value: Any, vendors: Vendors, name: str = "inline") -> Scenario:
    """The scenario in a value.

    Raises:
        BadInput: it has mistakes, each placed by its path; or it is no JSON value.
    """
    try:
        text = dump(value)
    except TypeError as error:
        raise BadInput.at(f"not a JSON value: {error}") from None
    return load_document(Document(json.loads(text, parse_float=Decimal)), vendors, name)
