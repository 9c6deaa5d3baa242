"""Hints: for a refused id, credential, path, body or state, the nearest that would have worked."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator
from functools import cache
from http import HTTPStatus
from itertools import islice

import orjson

from emulator.kernel.budget import Metered
from emulator.kernel.consequences import Revocation
from emulator.kernel.exchange import AppliedRow, Change, Exchange
from emulator.kernel.faults import STATUS
from emulator.kernel.machine import ABSENT, Row
from emulator.kernel.time import format_instant
from emulator.kernel.world import World
from emulator.sdk.request import read_request
from emulator.sdk.vendor import Vendor
from emulator.store.parts import subclasses
from emulator.text.nearest import near, some
from emulator.text.secrets import redact
from emulator.web.pipeline import FAILED
from emulator.web.requests import content_coding
from emulator.web.response import LEAST_REFUSAL
from emulator.web.routes import Routes
from emulator.web.unmatched import intended_path, intended_vendor, misplaced_key

MAX_SEARCHED = 10_000
"""Ids of a world among which the nearest is searched."""


class Hints:
    """The hints on one exchange. Each method yields sentences, none where it has nothing to say."""

    def __init__(self, world: World, vendor: Vendor, routes: Routes, exchange: Exchange) -> None:
        self.world, self.vendor, self.routes, self.exchange = world, vendor, routes, exchange
        path, _, query = exchange.target.partition("?")
        self.request = read_request(exchange.method, path, query, exchange.headers, exchange.request)
        self.path = path
        self.route = routes.find(exchange.method, path, exchange.headers)
        self.operation = self.request.operation = self.route.operation if self.route else None
        self.request.parameters, self.request.credential = self.route.parameters if self.route else {}, exchange.credential

    def all(self) -> list[str]:
        """Return every hint; on an exchange that was not refused, only those on what was not read."""
        exchange, coding = self.exchange, list(self.on_coding())
        if exchange.status < LEAST_REFUSAL:
            return [*coding, *self.advice()]
        if exchange.answer == FAILED or coding:
            return [*(() if exchange.answer == FAILED else coding), *self.on_fault()]
        if other := intended_vendor(self.routes, self.request, self.vendor):
            return [*self.on_fault(), other]
        path = [own] if (own := intended_path(self.routes, self.request)) else [*self.on_path()]
        if exchange.answer in self.vendor.unauthenticated:
            return [*self.on_credential(), *path, *self.advice()]
        rows = (hint for applied in exchange.applied_rows[-1:] for hint in self.on_row(applied))
        parts = (self.on_fault(), path, rows, self.on_parameters(), self.on_body(), self.advice())
        return [hint for part in parts for hint in part]

    def on_coding(self) -> Iterator[str]:
        """Hint at a compressed body, which explains every refusal that follows from it."""
        if coding := content_coding(self.exchange.headers, self.exchange.request):
            yield f"the body is compressed (Content-Encoding: {coding}), and nothing here decodes it: send it as it is"

    def advice(self) -> Iterator[str]:
        """Yield the vendor's own hints."""
        with self.world.transaction("look", self.request) as tx:
            yield from self.vendor.advise(tx, self.request, self.exchange.answer)

    def on_fault(self) -> Iterator[str]:
        """Hint at the fault that made the answer, which says nothing of the request."""
        exchange = self.exchange
        for fault in exchange.faults[-1:]:
            if fault.do != STATUS:
                continue
            took_effect = any(_moves(it.row) for it in exchange.applied_rows)
            effect = "nothing was done; " if exchange.answer == FAILED else "it took effect; " if took_effect else ""
            yield f"{effect}the {exchange.status} comes from {fault.id}"

    def on_credential(self) -> Iterator[str]:
        """Hint at the nearest credential that the world accepts."""
        exchange, vendor = self.exchange, self.vendor
        revoked: Revocation | None = self.world.store.find(Revocation.kind, f"{vendor.name}/{exchange.credential}")
        if revoked is not None and revoked.since <= exchange.at:
            by = f" by {revoked.place}" if revoked.place else ""
            yield f"the credential was revoked at {format_instant(revoked.since)}{by}"
            return
        if exchange.credential is not None or vendor.unauthenticated[exchange.answer]:
            yield "the credential was not accepted"
        else:
            yield misplaced_key(vendor, self.request) or "the request carries no credential"
        if accepted := self.world.rules.credentials.get(vendor.name):
            close = near(exchange.credential or "", sorted(accepted))
            others = f"none is like it: {some(sorted({redact(it) for it in accepted}))}"
            nearest = f"the nearest is {redact(close[0])}" if close else others
            yield f"this world accepts {len(accepted)} {vendor.name} credentials; {nearest}"

    def on_path(self) -> Iterator[str]:
        """Hint at the operation that an unknown path, or one with a wrong method, was probably meant for."""
        name, method, parent = self.vendor.name, self.exchange.method, self.path.rpartition("/")[0]
        if self.operation is not None:
            return
        operations = self.vendor.operations
        addresses = [(it.method, mount + it.path) for it in operations for mount in it.mounts or self.vendor.mounts]
        if self.route is not None and self.route.verbs:
            beside = ((it, self.routes.find(method, f"{parent}/{_last(it)}")) for verb, it in addresses if verb == method)
            works = [it for it, route in beside if route and route.operation and it.endswith(route.operation.path)]
            named = [it for it in works if it[-1] != "}" and it.count("/") == self.path.count("/")]
            yield f"{method} works at {' or '.join(named)}" if named else f"this path takes {' or '.join(self.route.verbs)}"
        else:
            close = near(f"{method} {self.path}", map(" ".join, addresses))
            listed = f"{name} has no such path here; GET /_emulator/vendors/{name} lists its operations"
            yield f"the nearest operation is {' or '.join(close)}" if close else listed

    def on_row(self, applied: AppliedRow) -> Iterator[str]:
        """Hint at the id, or at the states that the command works in."""
        row, noun = applied.row, _noun(applied.kind)
        if row.state == ABSENT:
            yield from self._on_id(applied.kind, applied.id)
        elif row.answer == self.exchange.answer and not _moves(row):
            rules = self.world.rules
            rows = [it for it in rules.machines[applied.kind].rows if it.cause == row.cause and _moves(it)]
            possible = (it for it in rows if it.assume is None or rules.choices[it.assume.assumption.id] == it.assume.choice)
            states = dict.fromkeys(it.state for it in possible)
            working = [it for it in states if it != ABSENT]
            if working and row.state not in working:
                yield f"{row.cause} works where a {noun} is {' or '.join(working)}; this one was {row.state}"

    def _on_id(self, kind: str, id: str) -> Iterator[str]:
        store, noun = self.world.store, _noun(kind)
        if store.find(kind, id) is not None:
            return
        if gone := self._deletion(kind, id):
            yield f"{noun} {id!r} was deleted at {format_instant(gone.at)}: {gone.why}"
            return
        known = [resource.id for resource in islice(store.sorted_group(kind).ascending(), MAX_SEARCHED)]
        if not known:
            yield f"this world has no {noun}"
        elif close := near(id, known):
            yield f"there is no {noun} {id!r}; the nearest is {' or '.join(map(repr, close))}"
        else:
            yield f"there is no {noun} {id!r}; this world has {some([*map(repr, known)], store.size(kind))}"

    def _deletion(self, kind: str, id: str) -> Change | None:
        """Return the newest change by which a resource went, as far as the journal reaches."""
        found: Change | None = None
        for entry in self.world.journal.since(0):
            changes = (entry.event,) if isinstance(entry.event, Change) else entry.event.changes
            found = next((it for it in changes if (it.kind, it.id, it.to) == (kind, id, ABSENT)), found)
        return found

    def on_parameters(self) -> Iterator[str]:
        """Hint at ids in the path that the vendor looked up itself, so that no row has them."""
        is_failure = self.exchange.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        if self.route is None or self.operation is None or self.exchange.applied_rows or is_failure:
            return
        find = self.world.store.find
        for name, value in self.route.parameters.items():
            kind = self._kind_of(self.operation.path, name)
            if kind and find(kind, value) is None and find(kind, value.lower()) is None:
                yield from self._on_id(kind, value)

    def _kind_of(self, path: str, parameter: str) -> str | None:
        """Return the kind of the resource that a parameter is the id of, by the segment before it: `/batches/{id}`."""
        plural = _last(path.partition(f"/{{{parameter}}}")[0])
        nouns = {it.partition(".")[2]: it for it in _kinds() if it.partition(".")[0] == self.vendor.name}
        return next((kind for noun, kind in nouns.items() if plural in (f"{noun}s", f"{noun}es")), None)

    def on_body(self) -> Iterator[str]:
        """Hint at a body that was sent as JSON, or without a content type, and is not JSON."""
        exchange = self.exchange
        media_type = self.request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if exchange.cut or not exchange.request or media_type not in ("", "application/json"):
            return
        try:
            orjson.loads(exchange.request.removeprefix(BOM_UTF8))
        except ValueError as error:
            why = "it is not encoded in UTF-8" if "surrogates not allowed" in str(error) else error
            yield f"{self.vendor.name} reads JSON here, and the body is not JSON: {why}"


@cache
def _kinds() -> tuple[str, ...]:
    """Return the kinds of resources, whether a world has ever had one or not."""
    return tuple(sorted({kind for it in subclasses(Metered) if (kind := getattr(it, "kind", ""))}))


def _moves(row: Row) -> bool:
    """Tell whether a row changes anything."""
    return row.to != row.state or row.effect is not None


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _noun(kind: str) -> str:
    return kind.partition(".")[2].replace("_", " ")
