"""The newest requests that reached no world, or only the default one: what a test asks for when its own world heard nothing."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import Any, NamedTuple

from emulator.kernel.journal import Exchange
from emulator.kernel.redact import redact_text
from emulator.kernel.secrets import redact
from emulator.kernel.worlds import DEFAULT, Worlds
from emulator.sdk.request import Request
from emulator.web.exchange_lines import error_in
from emulator.web.guard import Rejection
from emulator.web.intended_vendor import meant, misplaced_key
from emulator.web.response import Scope, Wire
from emulator.web.routes import Routes

KEPT = 100
NO_PATH = "no-such-path"


class Unmatched(NamedTuple):
    """One such request. `world` is the one that it reached, and `credential` what picked that; `error` is ours, if any.

    `unread` tells that it has an Authorization header in which its vendor reads no key; `hint` which vendor, path or place of
    the key is probably meant.
    """

    n: int
    method: str
    target: str
    status: int
    error: str | None
    world: str | None = None
    operation: str | None = None
    credential: str | None = None
    unread: bool = False
    hint: str | None = None

    def show(self) -> dict[str, Any]:
        """Return the request as the control plane shows it; no credential can be read in it."""
        credential = redact(self.credential) if self.credential else None
        hint = redact_text(self.hint) if self.hint else None
        shown = {"method": redact_text(self.method), "target": redact_text(self.target), "credential": credential, "hint": hint}
        return self._asdict() | shown


class UnmatchedRequests:
    """The newest unmatched requests, and their number at the time when each world was made."""

    def __init__(self, worlds: Worlds, routes: Routes) -> None:
        self._worlds = worlds
        self._routes = routes
        self._kept: deque[Unmatched] = deque(maxlen=KEPT)
        self._before: dict[str, int] = {}
        self._count = 0
        self._lock = Lock()
        self._last: Unmatched | None = None

    def begin(self, world: str) -> None:
        """Note that a world was made: what came before does not concern it."""
        with self._lock:
            self._before[world] = self._count
            if len(self._before) > 2 * len(self._worlds):
                self._before = {id: count for id, count in self._before.items() if id in self._worlds}

    def since(self, world: str) -> list[Unmatched]:
        """Return those that came since a world was made; for the default world, those that reached none."""
        before = self._before.get(world, 0)
        return [it for it in [*self._kept] if it.n > before and it.world != world]

    def newest(self, world: str) -> Unmatched | None:
        """Return the newest request of all, if it did not reach this world."""
        last = self._last
        return last if last is not None and last.world != world and last.n > self._before.get(world, 0) else None

    def answered(self, scope: Scope, wire: Wire) -> None:
        """Note a request by its answer: one that reached no world, or, where there are others, only the default one."""
        noted = wire.noted
        if noted is None or (noted.world.id == DEFAULT and len(self._worlds) > 1):
            self._note(scope, wire.status, error_in(wire.headers) or None, noted.exchange if noted else None)
        else:
            self._last = None

    def refused(self, scope: Scope, turned: Rejection) -> None:
        """Note a request that the guard turned away."""
        self._note(scope, turned.status, turned.error)

    def _note(self, scope: Scope, status: int, error: str | None, exchange: Exchange | None = None) -> None:
        path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        query = scope["query_string"].decode("latin-1")
        target = f"{path}?{query}" if query else path
        reached: tuple[Any, ...] = (DEFAULT, *_picked(exchange)) if exchange else ()
        request = Request(scope["method"], path, query, scope["headers"], exchange.request if exchange else b"")
        hint = self._hint(request, exchange) if exchange or error == NO_PATH else None
        with self._lock:
            self._count += 1
            self._last = Unmatched(self._count, scope["method"], target, status, error, *reached)._replace(hint=hint)
            self._kept.append(self._last)

    def _hint(self, request: Request, exchange: Exchange | None) -> str | None:
        """Return which vendor, path or place of the key is probably meant."""
        name = exchange.operation.partition(".")[0] if exchange else ""
        vendor = next((it for it in self._routes.vendors if it.name == name), None)
        hint = meant(self._routes, request, vendor)
        if exchange and vendor and not exchange.credential and vendor.unauthenticated.get(exchange.answer) is False:
            hint = hint or misplaced_key(vendor, request)
        return hint or None


def _picked(exchange: Exchange) -> tuple[str, str | None, bool]:
    """Return the operation, the credential that the vendor read, and whether there is another that it could not read."""
    sent = any(name.lower() == b"authorization" and value.strip() for name, value in exchange.headers)
    return exchange.operation, exchange.credential, sent and not exchange.credential
