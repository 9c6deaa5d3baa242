"""Traffic in a HAR file (HTTP Archive 1.2), as browsers and proxies write it, read as the events of a recording."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

import orjson

from emulator.kernel.clock import DEFAULT_START
from emulator.kernel.errors import BadInput, Problem
from emulator.kernel.time import parse_instant, parse_timestamp
from emulator.recording.events import Event, Laid, Passed, Written, value_of
from emulator.recording.har_entries import ADDRESSED, ENTRY, FILE, call_of, instant_of, reply_of, request_body_of
from emulator.recording.kept import is_link, leaves
from emulator.scenario.fitting import problems_in
from emulator.sdk.request import Request, read_request
from emulator.sdk.vendor import Vendor, Vendors
from emulator.text.checkpoint import checkpoint
from emulator.text.pattern import pattern
from emulator.web.guard import PREFIX
from emulator.web.requests import with_plain_letters
from emulator.web.routes import Route, Routes

MAX_BYTES = 64_000_000
"""Bytes of a file of traffic."""

MAX_CALLS = 1_000
"""Requests of vendors in a file of traffic: as many as the journal of a world keeps."""

ENTRIES = ("log", "entries")

_CONTROL = pattern(rf"{PREFIX}/worlds/[^/]+/(clock/advance|state|faults|replies)")
"""Paths of the control plane whose requests become steps."""

LAID = {"faults": "fault", "replies": "reply"}
"""The actions of steps that lay what is sent to these paths."""

_LOCAL = pattern(r"(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?")
_MOST_DIGITS = 40
"""Characters of an instant that is read."""


class Traffic(NamedTuple):
    """The events in a file of traffic from an instant on, and how many requests to each host are none of a vendor's."""

    start: datetime
    events: Sequence[Event]
    others: Mapping[str, int]


def read_har(content: bytes, vendors: Vendors, only: frozenset[str] = frozenset()) -> Traffic:
    """Return the events in a HAR file, of some vendors only where they are named.

    Raises:
        BadInput: it is none, has entries of another form, or more requests of vendors than a recording holds.
    """
    try:
        value = orjson.loads(content)
    except ValueError as error:
        raise BadInput.at(f"not JSON, which a HAR file is: {error}") from None
    _check(value, FILE)
    return _Reader(vendors, only).read(value["log"]["entries"])


def _check(value: Any, schema: Mapping[str, Any], *path: str | int) -> None:
    """Check that a value has the form that is read.

    Raises:
        BadInput: it has another.
    """
    if problems := [Problem(it.message, (*path, *it.path)) for it in problems_in(value, schema)]:
        raise BadInput(problems)


def _in_order(entries: Sequence[Any]) -> Iterator[tuple[int, Any]]:
    """Yield entries with their places, by the instants at which they began; as they stand where one of those is unknown."""
    began = [_began(it) for it in entries]
    places = [*range(len(entries))]
    if None not in began:
        places.sort(key=began.__getitem__)
    yield from ((place, entries[place]) for place in places)


def _began(entry: Any) -> datetime | None:
    text = entry.get("startedDateTime")
    try:
        return parse_timestamp(text) if isinstance(text, str) and len(text) <= _MOST_DIGITS else None
    except ValueError:
        return None


def _split(url: str) -> SplitResult:
    """Return the parts of a URL; of one that is none, no host and no path."""
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _reached(heard: Mapping[str, Any], index: int) -> datetime:
    """Return the instant that an answer to an advance tells.

    Raises:
        BadInput: it tells none.
    """
    try:
        return parse_instant(str(heard.get("now")))
    except ValueError as error:
        raise BadInput.at(f"its 'now' is none: {error}", *ENTRIES, index, "response", "content") from None


class _Reader:
    """Reads the entries of one file. `links` are the URLs that answers gave, each with the vendor that gave it."""

    def __init__(self, vendors: Vendors, only: frozenset[str]) -> None:
        self._routes = Routes(vendors.values())
        self._only = only
        self._links: dict[str, Vendor] = {}
        self._others: Counter[str] = Counter()
        self._now: datetime | None = None

    def read(self, entries: Sequence[Any]) -> Traffic:
        """Return the events, in the order in which the requests began."""
        events: list[Event] = []
        for index, entry in _in_order(entries):
            checkpoint()
            if event := self._event(index, entry):
                events.append(event)
            if len(events) > MAX_CALLS:
                raise BadInput.at(f"more than {MAX_CALLS} requests of vendors: keep those that matter", *ENTRIES)
        return Traffic(events[0].at if events else DEFAULT_START, events, self._others)

    def _event(self, index: int, entry: Any) -> Event | None:
        """Return what an entry tells; None, and its host is counted, where it is none of a vendor's."""
        _check(entry, ADDRESSED, *ENTRIES, index)
        method, url = entry["request"]["method"], entry["request"]["url"]
        parts = _split(url)
        path, host = with_plain_letters(parts.path or "/"), parts.netloc.rpartition("@")[2]
        if path.startswith(PREFIX):
            _check(entry, ENTRY, *ENTRIES, index)
            return self._steered(index, entry, path)
        request = read_request(method, path, parts.query, [(b"host", host.encode("latin-1", "replace"))])
        vendor, route = self._owner(request, url)
        if vendor is None:
            self._others[host or url.partition(":")[0]] += 1
            return None
        _check(entry, ENTRY, *ENTRIES, index)
        call = call_of(entry, request, vendor, route, self._tick(entry))
        for _, text in leaves(value_of(call.reply)) if call.is_heard else ():
            if is_link(text):
                self._links[text] = vendor
        return call

    def _owner(self, request: Request, url: str) -> tuple[Vendor | None, Route | None]:
        """Return the vendor of a request, None where it is nobody's, and its route, None of a link to somewhere else."""
        route = self._routes.find(request.method, request.path, request.raw_headers)
        if route is not None and not self._is_sure(route, request):
            route = None
        vendor = route.vendor if route else self._links.get(url)
        return (vendor, route) if vendor and (not self._only or vendor.name in self._only) else (None, None)

    def _is_sure(self, route: Route, request: Request) -> bool:
        """Tell whether a request is the vendor's, and not one that any server may get at such a path."""
        vendor, host = route.vendor, request.headers["host"]
        if vendor.name in self._only or host.partition(":")[0].lower() in vendor.hosts:
            return True
        if route.operation is None:
            return False
        is_below = any(mount and request.path.lower().startswith(f"{mount}/") for mount in vendor.mounts)
        return is_below or bool(route.operation.mounts) or _LOCAL.fullmatch(host) is not None

    def _tick(self, entry: Any) -> datetime:
        """Return the instant of an entry, which is none before that of the one before it."""
        at = instant_of(entry) or self._now or DEFAULT_START
        self._now = max(at, self._now or at)
        return self._now

    def _steered(self, index: int, entry: Any, path: str) -> Event | None:
        """Return the step that a request of the control plane is; None where it changed nothing of a world."""
        found = _CONTROL.fullmatch(path)
        if found is None or not 200 <= entry["response"]["status"] < 300:
            return None
        sent, heard = value_of(request_body_of(entry) or b""), value_of(reply_of(entry) or b"")
        step = (entry["request"]["method"], found[1])
        if step == ("POST", "clock/advance") and isinstance(heard, dict):
            self._now = max(_reached(heard, index), self._now or DEFAULT_START)
            return Passed(self._now)
        if not isinstance(sent, dict) or (step != ("PATCH", "state") and (step[0] != "POST" or step[1] not in LAID)):
            return None
        at = self._now or DEFAULT_START
        return Written(at, sent) if step[0] == "PATCH" else Laid(at, LAID[found[1]], sent)
