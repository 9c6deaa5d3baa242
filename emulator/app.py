"""The composition root: worlds, vendors and both planes become one ASGI application."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from emulator.data import scenarios_folder
from emulator.evidence import basis
from emulator.kernel.worlds import DEFAULT, Worlds
from emulator.scenario.library import Library
from emulator.scenario.scenario import Scenario
from emulator.vendors import VENDORS
from emulator.web.control import PREFIX, Control
from emulator.web.gateway import Gateway, Judge, Receive, Scope, Send

App = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]

EMPTY = Scenario("empty", "", {"title": "An empty world"})


def library(*folders: Path) -> Library:
    """The shipped scenarios, and before them those in folders of one's own."""
    return Library(VENDORS, (*folders, scenarios_folder()))


def worlds_of(scenarios: Sequence[Scenario], rate: float | None = None) -> Worlds:
    """The first scenario as the default world, and each of the others as a world of its own name.

    Raises:
        Conflict: two of them want the same name or credential.
    """
    first, *others = scenarios or [EMPTY]
    worlds = Worlds(first.world(VENDORS, DEFAULT, rate=rate))
    worlds.claim(worlds.default, first.claims(VENDORS, worlds.default))
    for scenario in others:
        world = scenario.world(VENDORS, scenario.name.replace("/", "."), rate=rate)
        worlds.add(world, scenario.claims(VENDORS, world))
    return worlds


def create_app(worlds: Worlds, known: Library | None = None, judge: Judge | None = None) -> App:
    """Both planes over these worlds. Where there is a judge, a reply that it refuses becomes a 500 of ours."""
    gateway = Gateway(worlds, VENDORS.values(), basis(VENDORS), judge)
    control = Control(worlds, known or library(), VENDORS).app()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        plane = control if scope["type"] != "http" or scope["path"].startswith(PREFIX) else gateway
        await plane(scope, receive, send)

    return app
