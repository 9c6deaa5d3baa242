"""Credentials as they may be shown: their first characters, so that two can be told apart, and no more."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any
from urllib.parse import unquote

_WORD_ENDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+")
_SECRET = re.compile(
    r"^_key_$|(secrets?|token|password|passwd|pwd|credentials?|signature|authorization|cookie)_|_(sig|connection_?string)_"
    r"|_(api|access|account|client|encryption|private|secret|shared|signing|storage)_?keys?_"
)
_NO_SECRET = re.compile(r"_(type|count|status)_$|^(?=\w*_expires)|^(?=\w*_(next|page)_)\w*token_$")
"""What tells of a credential and is none, and the token of a page."""

_IN_QUERY = re.compile(r"(?<=[?&#])([^=&#?]+)=([^&#\s\"]*)")
_IN_FORM = re.compile(r"(?:^|(?<=[\s&?;,\"=]))([^\s&?;,\"=]++)=([^&\s\"]*+)")
_IN_JSON = re.compile(r'(?<!\\)"((?:\\.|[^"\\])*+)("\s*+:\s*+"?)((?<=")(?:\\.|[^"\\])*+|(?<!")[^\s,{}\[\]"]++)', re.DOTALL)
_USER = re.compile(r"(?<=://)[^\s/?#\"]+(?=@)")
_SHOWN = 4
_LONG = 100
"""Names beyond this are not remembered, for nobody uses them twice."""

DEEPEST = 100
"""How deep a value is shown; what is nested deeper is left out."""

ENCODINGS = 4
"""How many times over a value of a query may be encoded and still be shown."""


def redact(secret: str) -> str:
    """`sk_t…` for `sk_test_123`; a short one is hidden whole."""
    return f"{secret[:_SHOWN]}…" if len(secret) > 2 * _SHOWN else "…"


def is_secret(name: str) -> bool:
    """Whether what is called so is a credential, however it is spelt: `api_key`, `Api-Key`, `s3SecretAccessKey`."""
    return _is_secret(name) if len(name) < _LONG else _is_secret.__wrapped__(name)


def redact_body(value: Any, depth: int = 0) -> Any:
    """A JSON value in which no credential can be read that is called one, or stands in a URL."""
    if isinstance(value, str):
        return redact_url(value) if "://" in value else value
    if isinstance(value, dict):
        return _redact_object(value, depth + 1)
    if isinstance(value, list):
        return [redact_body(part, depth + 1) for part in value] if depth < DEEPEST else "…"
    return value


def _redact_object(value: dict[str, Any], depth: int) -> Any:
    if depth > DEEPEST:
        return "…"
    return {name: (_hide if is_secret(name) else redact_body)(part, depth) for name, part in value.items()}


def redact_target(target: str) -> str:
    """A path and query in which no credential can be read."""
    return _IN_QUERY.sub(_redact_pair, target)


def redact_url(text: str) -> str:
    """A text in whose URLs, if it has any, no credential can be read: neither a user's nor one of the query."""
    return redact_target(_USER.sub("…", text)) if "://" in text else text


def redact_text(text: str) -> str:
    """A text that is not JSON, or JSON that was cut short, in which no credential can be read whose name stands before it."""
    return _IN_FORM.sub(_redact_pair, _IN_JSON.sub(_redact_member, _USER.sub("…", text)))


def redact_header(name: str, value: str) -> str:
    """The value of a header in which no credential can be read; the scheme of an authorization can."""
    if not is_secret(name):
        return redact_url(value)
    scheme, space, credential = value.partition(" ")
    return f"{scheme} {redact(credential)}" if space and name.lower().endswith("authorization") else redact(value)


@lru_cache(maxsize=10_000)
def _is_secret(name: str) -> bool:
    words = f"_{_WORD_ENDS.sub('_', name).lower()}_"
    return _SECRET.search(words) is not None and _NO_SECRET.search(words) is None


def _hide(value: Any, depth: int) -> Any:
    """What is called a credential: no text or number in it can be read."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (dict, list)) and depth < DEEPEST:
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        hidden = {name: _hide(part, depth + 1) for name, part in parts}
        return hidden if isinstance(value, dict) else list(hidden.values())
    return redact(value) if isinstance(value, str) else "…"


def _redact_pair(match: re.Match[str]) -> str:
    """One parameter of a query or a form. Its name may be encoded, and means the same; so may a URL that is its value."""
    name, value = match[1], match[2]
    if is_secret(unquote(name)):
        return f"{name}={redact(value)}"
    if _is_encoded_too_often(value):
        return f"{name}=…"
    plain = unquote(value)
    shown = redact_url(plain) if plain != value else plain
    return f"{name}={value if shown == plain else shown}"


def _is_encoded_too_often(text: str) -> bool:
    """Tell whether a text has to be decoded more than ENCODINGS times until nothing in it is encoded."""
    for _ in range(ENCODINGS):
        if "%" not in text:
            return False
        text = unquote(text)
    return unquote(text) != text


def _redact_member(match: re.Match[str]) -> str:
    """One member of a JSON object."""
    return f'"{match[1]}{match[2]}{redact(match[3]) if is_secret(match[1]) else match[3]}'
