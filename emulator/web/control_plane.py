"""The control plane as the gateway knows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from emulator.web.access_log import AccessLog
from emulator.web.connection import App, Receive, Scope, Send
from emulator.web.guard import Guard, Rejection, off_loop_if_long


class ControlPlane(NamedTuple):
    """The control plane: its application, the one that answers a rejection, and whether a request to `/` is for its index."""

    app: App
    reject: Callable[[Rejection], App]
    is_for_index: Callable[[Scope], bool]

    async def answer(self, scope: Scope, receive: Receive, send: Send, guard: Guard, access_log: AccessLog | None) -> None:
        """Answer a request that the guard lets through, or reject it."""
        if access_log:
            send = access_log.logging_send(scope, send)
        rejection = await off_loop_if_long(scope, guard.check, scope)
        await (self.reject(rejection) if rejection else self.app)(scope, receive, send)
