"""Names in braces in a request that the control plane sends for somebody, and what they stand for in its world."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from emulator.control.explain import entry_of
from emulator.kernel.errors import BadInput, TooLarge
from emulator.kernel.exchange import Exchange
from emulator.kernel.limits import Limits
from emulator.kernel.world import World
from emulator.scenario.accounts import fields_by_account, placeholders
from emulator.scenario.document import JsonDict, JsonObject
from emulator.scenario.schema import PLACEHOLDER
from emulator.sdk.exact_json import load
from emulator.sdk.vendor import Vendors
from emulator.text.checkpoint import checkpoint
from emulator.text.pattern import pattern
from emulator.text.redact import DEEPEST

_OF_ENTRY = pattern(r"entry/([0-9]{1,15})/(.{1,200})", re.DOTALL)


def with_named_values(options: JsonObject, world: World, vendors: Vendors, most: int) -> JsonDict:
    """Return a request as somebody wrote it, with values in the place of their names, `most` characters of them together.

    `{serpwow.api_key}` is a field of the world's own credentials, and `{entry/3/token}` what the answer to exchange 3 has at a
    dotted path. Any other text in braces stays.

    Raises:
        NotFound: the journal has no such entry.
        BadInput: that answer has no text there.
        TooLarge: the values have more characters.
    """
    size = 0
    own = placeholders({name: fields_by_account(vendor, world) for name, vendor in vendors.items()})

    def value(name: str) -> str | None:
        nonlocal size
        checkpoint()
        found = _OF_ENTRY.fullmatch(name)
        text = _of_entry(world, int(found[1]), found[2]) if found else own.get(name)
        size += len(text or "")
        if size > most:
            raise TooLarge(most, f" with what its names stand for: {Limits.more('control')}")
        return text

    def in_url(name: str) -> str | None:
        text = value(name)
        return text if text is None or options["url"] == f"{{{name}}}" else quote(text, safe="")

    return {name: _filled(part, in_url if name == "url" else value) for name, part in options.items()}


def _of_entry(world: World, n: int, path: str) -> str:
    event = entry_of(world, n).event
    try:
        found = load(event.response, max_depth=DEEPEST, is_strict=False) if isinstance(event, Exchange) else None
    except ValueError:
        found = None
    for part in path.split("."):
        if isinstance(found, list):
            found = found[int(part)] if part.isascii() and part.isdecimal() and int(part) < len(found) else None
        else:
            found = found.get(part) if isinstance(found, Mapping) else None
    if not isinstance(found, str):
        raise BadInput.at(f"the answer of entry {n} has no text at {path!r}, which a name in this request stands for")
    return found


def _filled(value: Any, of: Callable[[str], str | None]) -> Any:
    if isinstance(value, str):
        return PLACEHOLDER.sub(lambda found: found[0] if (text := of(found[1])) is None else text, value)
    if isinstance(value, Mapping):
        return {name: _filled(part, of) for name, part in value.items()}
    return [_filled(part, of) for part in value] if isinstance(value, list) else value
