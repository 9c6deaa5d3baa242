"""Texts and values as they may be shown: no secret can be read in them that is called one or has the shape of one."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import count
from typing import Any

from emulator.text.checkpoint import checkpoint
from emulator.text.documents import redact_columns, redact_elements
from emulator.text.multipart import redact_parts
from emulator.text.named import redact_named
from emulator.text.parameters import redact_parameters
from emulator.text.pattern import pattern
from emulator.text.percent import form_decoded
from emulator.text.secrets import (
    COVER,
    LONG_NAME,
    NAMING,
    PRIVATE_KEY,
    VALUES,
    as_it_looks,
    characters,
    is_secret,
    is_word,
    may_name_secret,
    redact,
    redact_segments,
    redact_shapes,
    redact_whole,
)
from emulator.text.users import redact_users

DEEPEST = 100
"""The depth to which a value is shown; what is nested deeper is left out."""

SHORTEST = 4
"""Characters of the shortest text with something to hide, `//a@`."""

ENCODINGS = 4
"""The encodings, one over the other, through which a text with something hidden in it is still shown."""

SCHEMES = frozenset(
    {
        *("basic", "bearer", "concealed", "digest", "dpop", "gnap", "hoba", "mutual", "negotiate", "oauth"),
        *("privatetoken", "scram-sha-1", "scram-sha-256", "vapid"),
    }
)
"""Schemes of authorization that are registered, which are shown (https://www.iana.org/assignments/http-authschemes/)."""

_SCHEME = pattern(r"(?i:(?<![a-z0-9])(basic|bearer)([\s+]++))([\w.~+/-]{6,}+=*+)")
_TOKEN = pattern(r"[^&\s\"]++")
_CONTROLS = {ord("n"): "\n", ord("r"): "\r", ord("t"): "\t"}
_ENTITIES = {"lt": "<", "gt": ">", "amp": "&", "quot": '"', "apos": "'"}
_ESCAPE = pattern(
    r"((?:\\[nrt\"'\\/])++)|(?:\\u[0-9A-Fa-f]{4})++"
    rf"|&(?:({'|'.join(_ENTITIES)})|#([0-9]{{1,7}})|#[xX]([0-9A-Fa-f]{{1,6}}));"
)
"""One or more escapes of JSON, or one of XML."""


Known = dict[tuple[int, int], tuple[Any, Any]]
"""Objects and lists by their identities and depths, with what is shown in their place."""


def redact_body(value: Any, depth: int = 0, known: Known | None = None) -> Any:
    """Return a JSON value in which no secret can be read; a part with nothing to hide is that very part.

    Where many values share parts, `known` remembers those in which something is hidden, so that each is made once.
    """
    if isinstance(value, str):
        return redact_text(value)
    if not isinstance(value, (dict, list)):
        return value
    if depth >= DEEPEST:
        return "…"
    if known and (id(value), depth) in known:
        return known[id(value), depth][1]
    redact_parts_of: Callable[..., Any] = _redact_object if isinstance(value, dict) else _redact_list
    safe = redact_parts_of(value, depth + 1, known)
    if known is not None and safe is not value:
        known[id(value), depth] = value, safe  # kept beside it, so that nothing else gets its id
    return safe


def _redact_list(value: list[Any], depth: int, known: Known | None) -> list[Any]:
    within = within_keys(value)
    safe = [
        "…" if next(within) else hide(part, depth) if hides(place, value) else redact_body(part, depth, known)
        for place, part in enumerate(value)
    ]
    return value if all(map(_is_same, value, safe)) else safe


def _is_same(one: Any, other: Any) -> bool:
    return one is other or (isinstance(one, str) and one == other)


def within_keys(parts: list[Any]) -> Iterator[bool]:
    """Yield for each part of a list whether it is a line of a private key whose lines stand one behind the other."""
    within = False
    for part in parts:
        yield within
        if isinstance(part, str) and "-----" in part:
            begin = max((match.start() for match in PRIVATE_KEY.finditer(part)), default=-1)
            end = part.rfind("-----END ")
            within = begin > end or (within and end < 0)


def redact_header(name: str, value: str) -> str:
    """Return the value of a header in which no secret can be read; the scheme of an authorization can."""
    if not is_secret(name):
        has_user = name.lower() == "host" and "@" in value
        user = value.rindex("@") if has_user else 0
        return redact_text(f"{redact_whole(value[:user])}{value[user:]}" if has_user else value)
    scheme, space, credential = value.partition(" ")
    return f"{scheme} {redact(credential)}" if space and scheme.lower() in SCHEMES else redact(value)


def redact_text(text: str) -> str:
    """Return a text in which no secret can be read: a URL, a query, a form, JSON that was cut short, or whatever it is.

    What has to be decoded for that is shown decoded; what is encoded too often is hidden whole.
    """
    safe = plain = _redact_tokens(text)
    if "\\" not in safe and not _may_be_xml(safe):
        return safe
    for _ in range(ENCODINGS):
        if (decoded := _ESCAPE.sub(_character, plain)) == plain:
            return safe
        plain = _redact_tokens(decoded)
        safe = safe if plain == decoded else plain
    return safe if _ESCAPE.search(plain) is None else redact_whole(text)


def _redact_object(value: dict[str, Any], depth: int, known: Known | None) -> dict[str, Any]:
    """Return an object with its names redacted, and numbered where they look the same then."""
    hidden: dict[str, Any] = {}
    numbers: dict[str, Iterator[int]] = defaultdict(lambda: count(2))
    for name, part in value.items():
        safe = redacted = redact_text(name)
        while safe in hidden:
            safe = f"{redacted}{next(numbers[redacted])}"
        hidden[safe] = hide(part, depth) if hides(name, value) else redact_body(part, depth, known)
    is_same = all(map(_is_same, value, hidden)) and all(map(_is_same, value.values(), hidden.values()))
    return value if is_same else hidden


def hides(key: str | int, *holders: dict[str, Any] | list[Any]) -> bool:
    """Tell whether what objects or lists hold under a key is a secret: by this name, or by the name that stands beside it.

    Beside it is a secret's name in `{"name": "X-Api-Key", "value": "..."}` and in `["X-Api-Key", "..."]`.
    """
    if isinstance(key, str) and is_secret(key):
        return True
    beside = [it[0] for it in holders if key == 1 and isinstance(it, list) and len(it) == 2]
    if isinstance(key, str) and key.lower() in VALUES:
        beside = [it[name] for it in holders if isinstance(it, dict) for name in it if name.lower() in NAMING]
    return any(isinstance(name, str) and is_secret(name) for name in beside)


def hide(value: Any, depth: int = 0) -> Any:
    """Return a value that is called a secret: no text or number in it can be read."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (dict, list)) and depth < DEEPEST:
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        hidden = {name: hide(part, depth + 1) for name, part in parts}
        return hidden if isinstance(value, dict) else list(hidden.values())
    return redact(value) if isinstance(value, str) else "…"


def _redact_tokens(text: str) -> str:
    """Redact a text as it stands, and each part of it that is percent-encoded as it is meant."""
    safe = _scan(text)
    return _TOKEN.sub(_redact_token, safe) if "%" in safe else safe


def _redact_token(match: re.Match[str]) -> str:
    token = match[0]
    if "%" not in token or len(token) < SHORTEST:
        return token
    is_known = len(token) < LONG_NAME and COVER.by is None
    return _redact_encoded(token) if is_known else _redact_encoded.__wrapped__(token)


@lru_cache(maxsize=1_000)
def _redact_encoded(token: str) -> str:
    """Return a part as it is where nothing in it has to be hidden; a parameter keeps its name."""
    name, equals, value = token.rpartition("=")
    if "=" in name or "%" in name:
        name, equals, value = "", "", token
    safe = plain = value
    for _ in range(ENCODINGS):
        decoded = _decoded(plain)
        if decoded == plain:
            return name + equals + safe
        plain = _scan(decoded)
        safe = safe if plain == decoded else plain
    return name + equals + (safe if _decoded(plain) == plain else redact_whole(value))


def _decoded(text: str) -> str:
    """Return a text with one encoding less: percent-encoding first, then the escapes of JSON and XML."""
    decoded = form_decoded(text) if "%" in text or "+" in text else text
    return _ESCAPE.sub(_character, text) if decoded == text and ("\\" in text or _may_be_xml(text)) else decoded


def _may_be_xml(text: str) -> bool:
    return "&" in text and ";" in text


def _scan(text: str) -> str:
    """Redact a text in which nothing is encoded, in time that grows with its length.

    Where something has to be hidden in it once it is read as it looks, without invisible characters, it is shown so.
    """
    if len(text) < SHORTEST:
        return text
    checkpoint()
    safe = _scan_as_it_stands(text)
    seen = as_it_looks(safe)
    if seen == safe:
        return safe
    again = _scan_as_it_stands(seen)
    return safe if again == seen else again


def _scan_as_it_stands(text: str) -> str:
    if "\n--" in text or text.startswith("--"):
        text = redact_parts(text)
    text = redact_users(text)
    if "/" in text:
        text = redact_segments(text)
    if ("=" in text or ":" in text or "," in text) and may_name_secret(text):
        text = redact_named(redact_parameters(text) if "=" in text else text)
    if "\n" in text:
        text = redact_columns(text)
    if "<" in text:
        text = redact_elements(text)
    if "asic" in text or "earer" in text or "ASIC" in text or "EARER" in text:
        text = _SCHEME.sub(_redact_scheme, text)
    return redact_shapes(text)


def _redact_scheme(match: re.Match[str]) -> str:
    """The credential behind `Basic` or `Bearer`, unless it is a word."""
    return match[0] if is_word(match[3]) else f"{match[1]}{match[2]}{redact(match[3])}"


def _character(match: re.Match[str]) -> str:
    escapes, name, number, hexadecimal = match.groups()
    if escapes:
        return match[1][1::2].translate(_CONTROLS)
    if name:
        return _ENTITIES[name]
    if number is None and hexadecimal is None:
        return characters(match)
    code = int(number) if number else int(hexadecimal, 16)
    return "\ufffd" if code > sys.maxunicode or 0xD800 <= code < 0xE000 else chr(code)  # half a character is none
