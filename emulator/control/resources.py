"""A page of the resources at a moment: of a vendor, a kind, a status, or with a text in their ids and names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import dropwhile
from typing import Any, NamedTuple

from emulator.control.census import Census, kinds_of
from emulator.control.overview_models import ResourcePage, ResourceSummary
from emulator.control.route import ControlRequest
from emulator.kernel.errors import BadInput, NotFound, truncate
from emulator.kernel.past import NOW
from emulator.kernel.store import Store
from emulator.kernel.world import World
from emulator.sdk.vendor import Vendor, Vendors
from emulator.text.checkpoint import checkpoint
from emulator.text.pattern import pattern
from emulator.text.redact import redact_text
from emulator.text.secrets import is_secret, redact

MOST_READ = 50_000
"""Resources that are looked at for one page; one that is not full by then goes on after them."""

LONGEST_LABEL = 200
"""Characters of a label."""

LABELS = ("name", "title", "external_id", "msisdn", "url", "event", "type", "message")
"""Attributes by which people know a resource, the first that has a text."""

_CURSOR = pattern(r"([\w.-]+):([0-9]{1,15})", re.ASCII)


class Filter(NamedTuple):
    """The kinds of a page with their vendors, and the status and the text that its resources have, where they must."""

    kinds: dict[str, Vendor]
    status: str | None
    text: str

    def fits(self, kind: str, resource: Any) -> bool:
        """Tell whether a resource has the status and the text."""
        if self.status not in (None, resource.status):
            return False
        return not self.text or self._has_text(kind, resource)

    def _has_text(self, kind: str, resource: Any) -> bool:
        """Tell whether the text stands in what is shown; that is made only where it stands in what is hidden, too."""
        if not any(self.text in it.casefold() for it in (resource.id, label_of(resource) or "")):
            return False
        return any(self.text in it.casefold() for it in (shown_id(self.kinds[kind], resource), label(resource) or ""))


def page_of(world: World, request: ControlRequest, limit: int) -> ResourcePage:
    """Return the page that a request asks for."""
    context, query = request.context, request.http.query_params
    world.settle()
    at = query.get("at", NOW)
    census, store = context.censuses.at(world, at), context.moment(world, at).world.store
    wanted = _filter(query, context.vendors, census)
    place = _place(query.get("after"), wanted.kinds)
    total = None if wanted.text else sum(_count(census, kind, wanted.status) for kind in wanted.kinds)
    found, after = ([], None) if total == 0 else _read(store, wanted, place, limit)
    if len(found) == total:
        after = None
    return ResourcePage(tuple(_summary(wanted.kinds[kind], it) for kind, it in found), total, after)


def _filter(query: dict[str, str], vendors: Vendors, census: Census) -> Filter:
    """Return the filter that a query names.

    Raises:
        BadInput: it names what there is not.
    """
    if (name := query.get("vendor")) is not None:
        _expect("vendor", name, vendors)
    chosen = [it for it in vendors.values() if name in (None, it.name)]
    kinds = {kind: vendor for vendor in chosen for kind in kinds_of(vendor)}
    if (wanted := query.get("kind")) is not None:
        _expect("kind", wanted, [name_of(kind) for kind in kinds])
        kinds = {kind: vendor for kind, vendor in kinds.items() if name_of(kind) == wanted}
    if (status := query.get("status")) is not None:
        states = [it for vendor in chosen for machine in vendor.machines if machine.kind in kinds for it in machine.states]
        _expect("status", status, [*states, *(it for kind in kinds for it in census.by_status(kind))])
    return Filter(kinds, status, query.get("text", "").casefold())


def _expect(what: str, name: str, known: Iterable[str]) -> None:
    names = [*dict.fromkeys(known)]
    if name not in names:
        raise BadInput.at(str(NotFound(what, name, names)), what)


def name_of(kind: str) -> str:
    """Return a kind as it is shown, without its vendor."""
    return kind.partition(".")[2]


def _place(after: str | None, kinds: Iterable[str]) -> tuple[str | None, int]:
    """Return the kind and the number of the resource after which a page begins; None and 0 for the first page.

    Raises:
        BadInput: no page ends there.
    """
    if after is None:
        return None, 0
    match = _CURSOR.fullmatch(after)
    if match is None or match[1] not in kinds:
        raise BadInput.at(f"no page of these resources ends at {after!r}: send the `after` of the page before", "after")
    return match[1], int(match[2])


def _read(store: Store, wanted: Filter, place: tuple[str | None, int], limit: int) -> tuple[list[tuple[str, Any]], str | None]:
    """Return the resources of a page with their kinds, and where the next one begins, None where none does."""
    found, looked_at, last = list[tuple[str, Any]](), 0, ""
    for kind, number, resource in _onward(store, wanted.kinds, *place):
        if len(found) >= limit or looked_at >= MOST_READ:
            return found, last
        checkpoint()
        looked_at, last = looked_at + 1, f"{kind}:{number}"
        if wanted.fits(kind, resource):
            found.append((kind, resource))
    return found, None


def _onward(store: Store, kinds: Iterable[str], first: str | None, number: int) -> Iterator[tuple[str, int, Any]]:
    """Yield resources of some kinds with their numbers, after that of the first."""
    for kind in dropwhile(lambda it: first not in (None, it), kinds):
        if store.size(kind):
            for n, resource in store.sorted_group(kind).arrived_after(number if kind == first else 0):
                yield kind, n, resource


def _count(census: Census, kind: str, status: str | None) -> int:
    return census.total(kind) if status is None else census.by_status(kind).get(status, 0)


def _summary(vendor: Vendor, it: Any) -> ResourceSummary:
    return ResourceSummary(vendor.name, name_of(it.kind), shown_id(vendor, it), it.status, it.since, label(it))


def shown_id(vendor: Vendor, resource: Any) -> str:
    """Return the id of a resource, covered where it is a secret."""
    lists = [it for it in vendor.deletable.values() if it.of.kind == resource.kind]
    names = [name for it in lists for name, attribute in it.names.items() if attribute == "id"]
    id: str = resource.id
    return redact(id) if any(map(is_secret, names)) else redact_text(id)


def label_of(resource: Any) -> str | None:
    """Return what people know a resource by beside its id, None where there is nothing."""
    texts = (getattr(resource, name, None) for name in LABELS)
    return next((it for it in texts if isinstance(it, str) and it), None)


def label(resource: Any) -> str | None:
    """Return a label as it is shown."""
    text = label_of(resource)
    return None if text is None else redact_text(truncate(text, LONGEST_LABEL))
