"""The control plane as the gateway knows it: made when it is first asked, since many a server never is."""

from __future__ import annotations

from collections.abc import Callable, Collection
from threading import Lock
from typing import Any

from emulator.kernel.resource import Struct
from emulator.sdk.exact_json import JsonDict
from emulator.web.access_log import AccessLog
from emulator.web.connection import App, InProcessConnection, Receive, Scope, Send, connection_of
from emulator.web.event_loop import Crowd, in_thread
from emulator.web.guard import OPEN, Guard, Rejection, off_loop_if_long
from emulator.web.response import WORLD_HEADER, OutgoingResponse, send_response

ROOT = "/"

NO_ANSWER = (b"prefer", b"return=minimal")
"""The header of a request of a handle whose answer nobody reads (RFC 7240, 4.2)."""


class Handed(Struct, frozen=True):
    """An answer that is handed to a handle in this process: its status, and its JSON as a value that nobody else has."""

    status: int
    value: Any


class Made(Struct, frozen=True):
    """Parts of it: a maker of its application, a responder to short requests of this process, one to rejected ones, its end."""

    make_app: Callable[[], App]
    respond_at_once: Callable[[Scope, bytes | JsonDict], OutgoingResponse | Handed | None]
    reject: Callable[[Rejection], OutgoingResponse]
    end: Callable[[], None]


class ControlPlane:
    """The control plane, which `make` makes once. A request to `/` from a host of these is the vendor's."""

    def __init__(
        self, make: Callable[[], Made], vendor_hosts: Collection[str], guard: Guard, access_log: AccessLog | None
    ) -> None:
        self._make = make
        self._vendor_hosts = vendor_hosts
        self._guard = guard
        self._access_log = access_log
        self._made: Made | None = None
        self._app: App | None = None
        self._making = Lock()
        self._crowd = Crowd()

    def is_for_index(self, scope: Scope) -> bool:
        """Tell whether a request to `/` is meant for the index, and not by a vendor's client for its vendor.

        A credential, a query, a named world or a vendor's own host name make it the vendor's.
        """
        if scope["method"] not in ("GET", "HEAD") or scope["query_string"]:
            return False
        guard = self._guard
        for name, value in scope["headers"]:
            if name == WORLD_HEADER or (name == b"authorization" and not (guard.token and guard.accepts_token(value))):
                return False
            if name == b"host" and value.decode("latin-1").partition(":")[0].lower() in self._vendor_hosts:
                return False
        return True

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that the guard lets through, or reject it. A failure of ours is raised again for the log.

        Of very many that come at once, those that ask whether the server is ready need not wait for the others.
        """
        if self._access_log:
            send = self._access_log.logging_send(scope, send)
        is_own = isinstance(connection_of(scope), InProcessConnection)
        if not (scope["path"] in OPEN or is_own):
            await self._crowd.join()
        if self._app is None and not is_own:
            await in_thread(self._prepare)  # or all others would wait for its imports
        made = self._made or self._first()
        if rejection := await off_loop_if_long(scope, self._guard.check, scope):
            await send_response(made.reject(rejection), send, connection_of(scope))
        else:
            await (self._app or self._first_app(made))(scope, receive, send)

    def respond(self, scope: Scope, body: bytes | JsonDict) -> OutgoingResponse | Handed | None:
        """Return the response to a request that a handle makes in this process, with a short body; None where it must wait."""
        made = self._made or self._first()
        rejection = self._guard.check_own(scope)
        return made.reject(rejection) if rejection else made.respond_at_once(scope, body)

    def end(self) -> None:
        """End what would go on for ever: the server ends."""
        if self._made is not None:
            self._made.end()

    def _prepare(self) -> None:
        """Make all of it, once."""
        self._first_app(self._first())

    def _first(self) -> Made:
        with self._making:  # servers in a test's process are asked by its threads
            self._made = self._made or self._make()
        return self._made

    def _first_app(self, made: Made) -> App:
        with self._making:
            self._app = self._app or made.make_app()
        return self._app
