"""Credentials as they may be shown: their first characters, so that two can be told apart, and no more."""

from __future__ import annotations

import re
from typing import Any

_SECRETS = frozenset({"api_key", "secret", "signing_secret", "token"})
_IN_QUERY = re.compile(r"(?<=[?&])(api_key|key|secret|token)=([^&#]*)", re.IGNORECASE)
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
    return _IN_QUERY.sub(lambda match: f"{match[1]}={redact(match[2])}", target)
