"""Tries requests under the other choices of the assumptions that their answers ask about, each in a copy of their world."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import httpx
from msgspec.structs import replace

from emulator.kernel.exchange import Exchange
from emulator.kernel.limits import Limits
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds
from emulator.sdk.request import read_request
from emulator.vendors import VENDORS
from emulator.web.answers import quota_for_answers
from emulator.web.dry_run import DryRuns
from emulator.web.response import WORLD_HEADER
from emulator.web.routes import Routes

ASSUMPTIONS = {assumption.id: assumption for vendor in VENDORS.values() for assumption in vendor.assumptions}
ROUTES, LIMITS = Routes(VENDORS.values()), Limits()
RANDOM = (b"date", b"request-id", b"x-trace-id", b"emulator-exchange", b"emulator-basis")
"""Headers that an answer has for itself."""

PRINTED = {
    "6dot50.absent-values": "the sample of a cancelled batch has no externalId",
    "serpwow.list-fields": "three samples of a batch have these fields and no others",
    "serpwow.list-order": "the page says that sort_by is name by default",
    "serpwow.result-expiry": "three pages say that result sets are kept for 14 days",
    "stripe.job-without-metadata": "the schema requires metadata, and the samples of the reference have it empty",
    "stripe.livemode": "the schema requires livemode",
    "stripe.restricted-key": "the page about restricted keys says that every API takes them",
}
"""Assumptions of which a page shows the default, and how: the other choice alone is not documented."""


class Difference(NamedTuple):
    """An answer that one choice of an assumption makes different from what another choice makes of it."""

    assumption: str
    choice: str
    request: str
    answer: str
    basis: str | None


class Tried(NamedTuple):
    """What a client hears, and the exchange in the journal of the copy."""

    heard: tuple[int, tuple[tuple[bytes, bytes], ...], bytes]
    exchange: Exchange


class Choices:
    """Tries requests in copies of these worlds, so that nothing happens to them."""

    def __init__(self, worlds: Worlds) -> None:
        self._worlds = worlds
        self._runs = DryRuns(worlds, ROUTES, LIMITS, quota_for_answers(LIMITS))

    def unjustified(self, request: httpx.Request, seen: set[object]) -> Iterator[Difference]:
        """Yield the answers to a request that differ by a choice which no page shows, and are called more than inferred.

        Requests that look alike are tried once, which `seen` notes: they have the same names in query and body, and get the
        same answer with the same facts.
        """
        for it in self._differences(request, seen):
            is_printed = it.assumption in PRINTED and it.choice == ASSUMPTIONS[it.assumption].default
            if it.basis != "inferred" and not is_printed:
                yield it

    def _differences(self, request: httpx.Request, seen: set[object]) -> Iterator[Difference]:
        """Yield the answers to a request that another choice makes different, those of either choice."""
        world = self._worlds.get(request.headers[WORLD_HEADER.decode()])
        usual, chosen = self._run(world, request, {}), world.rules.choices
        if usual.exchange.basis is None:  # a fault's, or the scenario's
            return
        form = usual.exchange.operation, usual.exchange.answer, usual.exchange.also, *_form_of(request)
        for id in usual.exchange.consulted:
            for choice in ASSUMPTIONS[id].choices:
                signature = (id, choice, chosen[id], form)
                if choice == chosen[id] or signature in seen:
                    continue
                seen.add(signature)
                other = self._run(world, request, {id: choice})
                if other.heard != usual.heard:
                    told = f"{request.method} {request.url.raw_path.decode()}"
                    for which, exchange in ((chosen[id], usual.exchange), (choice, other.exchange)):
                        yield Difference(id, which, told, exchange.answer, exchange.basis)

    def _run(self, world: World, request: httpx.Request, choices: Mapping[str, str]) -> Tried:
        path, _, query = request.url.raw_path.decode().partition("?")
        headers = [(name.lower(), value) for name, value in request.headers.raw]
        twin = world.copy()
        twin.rules = replace(world.rules, choices={**world.rules.choices, **choices})
        run = self._runs.run(twin, read_request(request.method, path, query, headers, request.read()))
        ((_, exchange),) = run.world.journal.newest_exchanges(1)
        response = run.response
        assert isinstance(response.content, bytes)
        heard = tuple([header for header in response.headers if header[0] not in RANDOM])
        return Tried((response.status, heard, response.content), exchange)


def _form_of(request: httpx.Request) -> tuple[object, ...]:
    """Return the names by which requests look alike."""
    try:
        body: Any = json.loads(request.read() or b"null")
    except ValueError:
        body = request.read()[:40]
    fields = tuple(sorted(body)) if isinstance(body, dict) else str(body)[:40]
    return request.method, request.headers.get("content-type"), tuple(sorted(request.url.params)), fields
