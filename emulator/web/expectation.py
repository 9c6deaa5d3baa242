"""A client that waits for `100 Continue` (RFC 9110, 10.1.1): what will be refused is refused before it sends a body."""

from __future__ import annotations

from emulator.web.request_head import CONTINUE, declared_length
from emulator.web.response import Scope


def waits_for_continue(scope: Scope) -> bool:
    """Tell whether the client of a request waits before it sends the body."""
    return scope["http_version"] == "1.1" and any(
        name == b"expect" and CONTINUE in value.lower() for name, value in scope["headers"]
    )


def waits_with_too_much(scope: Scope, limit: int) -> bool:
    """Tell whether the client waits with a body that is larger than may be, so that it need not send it to hear why."""
    return waits_for_continue(scope) and (declared_length(scope["headers"]) or 0) > limit
