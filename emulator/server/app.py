"""The composition root: worlds, vendors and both planes become one ASGI application."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from unicodedata import combining, normalize

from emulator.contract.fixtures import scenario_folders
from emulator.delivery.carriers import Carriers
from emulator.delivery.hosts import Hosts
from emulator.kernel.budget import Budget, Quota
from emulator.kernel.limits import Limits
from emulator.kernel.world import World
from emulator.kernel.worlds import DEFAULT, Worlds
from emulator.scenario.library import Library
from emulator.scenario.scenario import Scenario
from emulator.text.garbage import gc_paused
from emulator.vendors import VENDORS
from emulator.web.access_log import AccessLog
from emulator.web.answers import quota_for_answers
from emulator.web.control_plane import ControlPlane, Made
from emulator.web.expiry import Expiry
from emulator.web.gateway import Gateway
from emulator.web.guard import Guard
from emulator.web.held_requests import HeldRequests
from emulator.web.lanes import Lanes
from emulator.web.pipeline import Pipeline, ResponseValidator
from emulator.web.routes import Routes
from emulator.web.unmatched import UnmatchedRequests
from emulator.web.vendor_plane import VendorPlane

if TYPE_CHECKING:
    from emulator.control.app import ControlApp
    from emulator.scenario.watched import WatchedScenarios
    from emulator.web.connection import App

EMPTY = Scenario("empty", "", {})


def library(*folders: Path) -> Library:
    """Return the shipped scenarios, and before them those in these folders."""
    return Library(VENDORS, (*folders, *scenario_folders(VENDORS.values())))


def world_name(scenario: str) -> str:
    """Return the id of the world of a scenario: its name, with `.` for `/`, in letters, digits, `.`, `_` and `-` of ASCII.

    Letters lose their accents and marks; what has no such letter stands as its code point, `u6d4b`, so that every name differs.
    """
    bare = "".join(letter for letter in normalize("NFKD", scenario.replace("/", ".")) if not combining(letter))
    spelt = "".join(each if each.isascii() or not each.isalnum() else f"u{ord(each):x}" for each in bare)
    return re.sub(r"[^\w.-]+", "-", spelt, flags=re.ASCII)


def named(scenarios: Sequence[Scenario]) -> Iterator[tuple[str, Scenario]]:
    """Yield scenarios with the ids of their worlds: the first is the default, each of the others has a name of its own."""
    for place, scenario in enumerate(scenarios):
        yield world_name(scenario.name) if place else DEFAULT, scenario


def worlds_of(
    scenarios: Sequence[Scenario], rate: float | None = None, limits: Limits | None = None, budget: Budget | None = None
) -> Worlds:
    """Return the worlds of these scenarios: the first is the default, each of the others has a world of its own name.

    Raises:
        Conflict: two of them want the same name or credential.
    """
    first, *others = scenarios or [EMPTY]
    bounds = limits or Limits()
    budget = budget or Budget.of(bounds)
    worlds = Worlds(first.world(VENDORS, DEFAULT, None, rate, bounds, budget), bounds.worlds)
    worlds.claim(worlds.default, first.claims(VENDORS, worlds.default))
    for scenario in others:
        world = scenario.world(VENDORS, world_name(scenario.name), None, rate, bounds, budget)
        worlds.add(world, scenario.claims(VENDORS, world))
    return worlds


def closed_worlds(limits: Limits) -> Worlds:
    """Return a default world that takes no credential but its own, so that vendors refuse every other."""
    nobody: dict[str, list[str]] = {name: [] for name in VENDORS}
    return worlds_of([Scenario("empty", "", {**EMPTY.content, "credentials": nobody})], None, limits)


def create_app(
    worlds: Worlds,
    known: Library | None = None,
    validate: ResponseValidator | None = None,
    guard: Guard | None = None,
    limits: Limits | None = None,
    access_log: AccessLog | None = None,
    held: HeldRequests | None = None,
    watched: WatchedScenarios | None = None,
    deliver_to: Hosts | None = None,
    base_url: Callable[[], str] = lambda: "http://localhost",
) -> Gateway:
    """Return both planes over these worlds. A response that `validate` refuses becomes a 500 of ours.

    `access_log` logs every exchange. `held` lists the requests that faults hold up, which the application's `end` releases.
    `watched` are the scenarios that are read again when they change. `deliver_to` are the hosts to which notifications may be
    sent, and `base_url` returns the URL at which those reach the server.
    """
    bounds = limits or Limits()
    held, lanes, guard = held or HeldRequests(), Lanes(), guard or Guard()
    vendor_hosts = {host for vendor in VENDORS.values() for host in vendor.hosts}
    guard.hosts |= vendor_hosts
    routes, answers = Routes(VENDORS.values()), quota_for_answers(bounds)
    unmatched = UnmatchedRequests(worlds, routes)
    known = known or library()
    log = access_log.log_attempt if access_log else lambda *_: None
    carriers = Carriers(VENDORS, deliver_to or Hosts(), base_url, log)

    def make_control() -> Made:
        with gc_paused():
            from emulator.control.app import ControlApp
            from emulator.control.context import ControlContext
            from emulator.control.problems import reject

            context = ControlContext(
                worlds,
                known,
                VENDORS,
                bounds,
                guard,
                held,
                lanes,
                unmatched,
                routes,
                answers,
                carriers,
                expiry,
                watched,
                lambda: gateway,
            )
            app = ControlApp(context)
            return Made(partial(_asgi_app, app), app.respond_at_once, reject, context.end)

    control = ControlPlane(make_control, vendor_hosts, guard, access_log)
    pipeline = Pipeline(held, validate, bounds, answers, carriers)
    vendors = VendorPlane(worlds, pipeline, bounds, held, lanes, unmatched, access_log, lambda: bool(guard.token))

    def let_go(world: World) -> None:
        held.review(world, True)
        carriers.review(world, True)

    expiry = Expiry(worlds, let_go)
    for world in worlds:
        carriers.review(world)
        expiry.watch(world, world.reached)

    def on_put_back(old: World, new: World | None) -> None:
        let_go(old)
        if new is not None:
            with new.lock:
                carriers.review(new)
                expiry.watch(new)

    worlds.on_put_back = on_put_back

    def end() -> None:
        held.release_all()
        carriers.close()
        expiry.close()
        control.end()

    gateway = Gateway(vendors, routes, guard, control, bounds, Quota(worlds.budget), end)
    return gateway


def _asgi_app(control: ControlApp) -> App:
    with gc_paused():
        from emulator.control.asgi import asgi_app

        return asgi_app(control)
