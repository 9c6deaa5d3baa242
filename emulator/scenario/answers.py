"""Answers of a control plane as values: what answers at a URL may be anything, so that nothing in them is taken for granted."""

from __future__ import annotations

from typing import Any

from emulator.scenario.client import NoResponse, Response
from emulator.sdk.exact_json import load
from emulator.text.escape import escaped

DEEPEST = 200
"""Levels of a value: twice as many as a request to an emulator may have."""

LONGEST_TYPE = 100
"""Characters of a content type that are shown."""


class NoEmulator(NoResponse):
    """An answer came that no emulator gives; the message says of which status and type it was."""

    def __init__(self, response: Response) -> None:
        kind = (response.header("content-type") or "").partition(";")[0] or "no type"
        super().__init__(f"it answered {response.status} ({escaped(kind[:LONGEST_TYPE])}), which is no answer of an emulator")


def read_foreign(content: bytes) -> Any:
    """Return the value of JSON that anybody may have sent; a number with a fraction is a Decimal.

    Raises:
        ValueError: it is none, has more than `DEEPEST` levels, or a number that Python cannot hold.
    """
    return load(content, max_depth=DEEPEST, parse_int=int)


def read_answer(response: Response, shape: Any) -> Any:
    """Return the value of an answer that has a shape, as `fits` reads it.

    Raises:
        NoEmulator: it has another, or is no JSON.
    """
    try:
        value = read_foreign(response.content)
    except ValueError:
        raise NoEmulator(response) from None
    if not fits(value, shape):
        raise NoEmulator(response)
    return value


def read_refusal(response: Response) -> str:
    """Return the reason that an emulator gives for a refusal.

    Raises:
        NoEmulator: it is none of an emulator.
    """
    body = read_answer(response, dict)
    reason = body.get("detail") or body.get("message")
    if response.status < 400 or not isinstance(reason, str):
        raise NoEmulator(response)
    return reason


def fits(value: Any, shape: Any) -> bool:
    """Tell whether a value has a shape: a type, a list of one shape, or an object with these names; `...` is any name."""
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(it, shape[0]) for it in value)
    if not isinstance(shape, dict):
        return isinstance(value, shape)
    if not isinstance(value, dict):
        return False
    if ... in shape:
        return all(fits(it, shape[...]) for it in value.values())
    return all(name in value and fits(value[name], part) for name, part in shape.items())
