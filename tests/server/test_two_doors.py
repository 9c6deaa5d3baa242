"""Every scenario plays over TCP; each response is the same, byte for byte, whether the connection gets it at once or by ASGI's way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import NamedTuple

import pytest

from emulator.contract.validator import ResponseValidator
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.vendors import VENDORS
from emulator.web.connection import Receive, Scope, Send
from emulator.web.plan import Plan
from emulator.web.vendor_plane import VendorPlane
from tests.support.heard import heard
from tests.support.loading import LIBRARY


class Doors(NamedTuple):
    """The URLs of two servers: of one that answers at once where it can, with a judge of every reply, and of one that never does."""

    at_once: str
    by_asgi: str


@pytest.fixture(scope="module")
def doors() -> Iterator[Doors]:
    gateway = create_app(worlds_of([]))

    async def by_asgi(scope: Scope, receive: Receive, send: Send) -> None:
        await gateway(scope, receive, send)

    with ExitStack() as servers:
        judged = create_app(worlds_of([]), validate=ResponseValidator(VENDORS.values()))
        urls = [servers.enter_context(ThreadedServer(app)).url for app in (judged, by_asgi)]
        yield Doors(*urls)


@pytest.mark.parametrize("name", LIBRARY.names())
def test_a_scenario_plays_over_tcp_by_both_doors_with_the_same_bytes(name: str, doors: Doors) -> None:
    assert heard(doors.at_once, name) == heard(doors.by_asgi, name)


def test_what_waits_for_nothing_is_answered_at_once(doors: Doors, monkeypatch: pytest.MonkeyPatch) -> None:
    answered: list[tuple[bool, bool]] = []
    answer_at_once = VendorPlane.answer_at_once

    def counting(plane: VendorPlane, plan: Plan, body: bytes) -> object:
        response = answer_at_once(plane, plan, body)
        answered.append((response is not None, "search_term" not in plan.request.query))
        return response

    monkeypatch.setattr(VendorPlane, "answer_at_once", counting)
    heard(doors.by_asgi, "serpwow/list-pages-and-filters")
    assert answered == []
    heard(doors.at_once, "serpwow/list-pages-and-filters")
    assert answered
    assert [at_once for at_once, _ in answered] == [is_short for _, is_short in answered]
