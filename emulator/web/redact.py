"""Credentials as they may be shown: their first characters, so that two can be told apart, and no more."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

_SECRETS = frozenset({"api_key", "secret", "signing_secret", "token"})
_OF_QUERY = _SECRETS | {"key"}
_IN_QUERY = re.compile(r"(?<=[?&])([^=&#?]+)=([^&#]*)")
_NAMES = "|".join(sorted(_SECRETS))
_IN_JSON = re.compile(rf'("(?:{_NAMES})"\s*:\s*")((?:\\.|[^"\\])*)', re.IGNORECASE)
_IN_FORM = re.compile(rf'(\b(?:{_NAMES})=)([^&\s"]*)', re.IGNORECASE)
_SHOWN = 4


def redact(secret: str) -> str:
    """`sk_t…` for `sk_test_123`; a short one is hidden whole."""
    return f"{secret[:_SHOWN]}…" if len(secret) > 2 * _SHOWN else "…"


def redact_body(value: Any) -> Any:
    """A JSON value in which no credential can be read."""
    if isinstance(value, dict):
        return {
            key: redact(part) if key.lower() in _SECRETS and isinstance(part, str) else redact_body(part)
            for key, part in value.items()
        }
    return [redact_body(part) for part in value] if isinstance(value, list) else value


def redact_target(target: str) -> str:
    """A path and query in which no credential can be read."""
    return _IN_QUERY.sub(_redact_pair, target)


def redact_text(text: str) -> str:
    """A text that is not JSON, or JSON that was cut short, in which no credential can be read whose name stands before it."""
    for pattern in (_IN_JSON, _IN_FORM):
        text = pattern.sub(lambda match: match[1] + redact(match[2]), text)
    return text


def _redact_pair(match: re.Match[str]) -> str:
    """One parameter of a query. Its name may be encoded, and means the same."""
    return f"{match[1]}={redact(match[2])}" if unquote(match[1]).lower() in _OF_QUERY else match[0]
