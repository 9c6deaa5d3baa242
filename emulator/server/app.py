"""The composition root: worlds, vendors and both planes become one ASGI application."""

from __future__ import annotations

import re
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any
from unicodedata import combining, normalize

from emulator.contract.fixtures import scenarios_folder
from emulator.control.app import control_app
from emulator.control.context import ControlContext
from emulator.control.index import asks_for_index
from emulator.control.problems import turned_away
from emulator.kernel.budget import Budget
from emulator.kernel.limits import Limits
from emulator.kernel.worlds import DEFAULT, Worlds
from emulator.scenario.library import Library
from emulator.scenario.scenario import Scenario
from emulator.vendors import VENDORS
from emulator.web.access_log import AccessLog
from emulator.web.connection import Receive, Scope, Send, connection_of
from emulator.web.gateway import Gateway
from emulator.web.guard import PREFIX, Guard, Rejection
from emulator.web.held_requests import HeldRequests
from emulator.web.lanes import Lanes, off_loop_if_long
from emulator.web.recorder import ResponseValidator
from emulator.web.response import OutgoingResponse, emulator_error, send_response
from emulator.web.routes import Routes
from emulator.web.unmatched import UnmatchedRequests

App = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]

EMPTY = Scenario("empty", "", {"title": "An empty world"})


def library(*folders: Path) -> Library:
    """The shipped scenarios, and before them those in folders of one's own."""
    return Library(VENDORS, (*folders, scenarios_folder()))


def world_name(scenario: str) -> str:
    """Return the id of the world of a scenario: its name, with `.` for `/`, in letters, digits, `.`, `_` and `-` of ASCII.

    Letters lose their accents and marks; what has no such letter stands as its code point, `u6d4b`, so that every name differs.
    """
    plain = normalize("NFKD", scenario.replace("/", "."))
    bare = "".join(it for it in plain if not combining(it))
    spelt = "".join(it if it.isascii() or not it.isalnum() else f"u{ord(it):x}" for it in bare)
    return re.sub(r"[^\w.-]+", "-", spelt, flags=re.ASCII)


def worlds_of(scenarios: Sequence[Scenario], rate: float | None = None, limits: Limits | None = None) -> Worlds:
    """The first scenario as the default world, and each of the others as a world of its own name.

    Raises:
        Conflict: two of them want the same name or credential.
    """
    first, *others = scenarios or [EMPTY]
    bounds = limits or Limits()
    budget = Budget.of(bounds)
    worlds = Worlds(first.world(VENDORS, DEFAULT, None, rate, bounds, budget), bounds.worlds)
    worlds.claim(worlds.default, first.claims(VENDORS, worlds.default))
    for scenario in others:
        world = scenario.world(VENDORS, world_name(scenario.name), None, rate, bounds, budget)
        worlds.add(world, scenario.claims(VENDORS, world))
    return worlds


def closed_worlds(limits: Limits) -> Worlds:
    """A default world that takes no credential but its own, so that a client of nobody hears what each vendor says to that."""
    nobody: dict[str, list[str]] = {name: [] for name in VENDORS}
    return worlds_of([Scenario("empty", "", {**EMPTY.written, "credentials": nobody})], None, limits)


def create_app(
    worlds: Worlds,
    known: Library | None = None,
    judge: ResponseValidator | None = None,
    guard: Guard | None = None,
    limits: Limits | None = None,
    lines: AccessLog | None = None,
    held: HeldRequests | None = None,
) -> App:
    """Both planes over these worlds. Where there is a judge, a reply that it refuses becomes a 500 of ours.

    `lines` is told of every exchange. `held` lists the requests that faults hold up, to let them go at the end.
    """
    bounds = limits or Limits()
    held, lanes = held or HeldRequests(), Lanes()
    doorkeeper = guard or Guard()
    vendor_hosts = {host for vendor in VENDORS.values() for host in vendor.hosts}
    doorkeeper.hosts |= vendor_hosts
    unmatched = UnmatchedRequests(worlds, Routes(VENDORS.values()))

    def tell(scope: Scope, wire: OutgoingResponse) -> None:
        unmatched.answered(scope, wire)
        if lines:
            lines.of_vendor(scope, wire)

    def refuse(scope: Scope, turned: Rejection) -> None:
        unmatched.refused(scope, turned)
        if lines:
            lines.of_refusal(scope, turned)

    gateway = Gateway(worlds, VENDORS.values(), judge, bounds, held, lanes, tell)
    control = control_app(ControlContext(worlds, known or library(), VENDORS, bounds, doorkeeper, held, lanes, unmatched))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        """The one choke point: nothing reaches a plane that the guard has not let through."""
        steering = scope["path"].startswith(PREFIX) or asks_for_index(scope, doorkeeper, vendor_hosts)
        if lines and steering:
            send = lines.of_control(scope, send)
        if turned := await off_loop_if_long(scope, doorkeeper.check, scope):
            if not steering:
                await off_loop_if_long(scope, refuse, scope, turned)
            answer = turned_from_control if steering else turned_from_vendors
            await answer(turned, scope, receive, send)
        else:
            await (control if steering else gateway)(scope, receive, send)

    return app


async def turned_from_vendors(turned: Rejection, scope: Scope, _receive: Receive, send: Send) -> None:
    await send_response(emulator_error(*turned), send, connection_of(scope))


async def turned_from_control(turned: Rejection, scope: Scope, receive: Receive, send: Send) -> None:
    await turned_away(turned)(scope, receive, send)
