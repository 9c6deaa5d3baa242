"""The lines with which `serve` begins, for people: the worlds, the time, where to look, and calls to paste."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from emulator.kernel.clock import FROZEN, REAL
from emulator.kernel.time import format_instant
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds
from emulator.scenario.scenario import Scenario
from emulator.vendors import VENDORS
from emulator.web.guard import PREFIX
from emulator.web.routes import Routes


def startup_lines(url: str, worlds: Worlds, example: Scenario | None, certificate: Path | None) -> Iterator[str]:
    """Yield the lines. `example` is the default world's scenario, if its first calls are to be shown; `certificate` is where
    that of the authority is kept that a client has to trust, if any."""
    names = ", ".join(world.id for world in worlds)
    yield f"{'World' if len(worlds) == 1 else 'Worlds'}: {names}. In {worlds.default.id}, {_time_in(worlds.default)}."
    yield f"In a browser, see the worlds and try calls: {url}{PREFIX}/console"
    yield f"An index of what can be asked: {url}/. Ctrl-C stops the server. A line follows for each exchange, unless --quiet."
    if certificate:
        yield f"Clients trust {shlex.quote(str(certificate))} (stripe.ca_bundle_path, SSL_CERT_FILE, ...), or nothing."
    if example and (calls := _first_calls(example)):
        yield "Calls to paste:"
        yield from (_curl(url, call, certificate) for call in calls)


def _time_in(world: World) -> str:
    now, rate = format_instant(world.clock.client_time(world.clock.now())), world.clock.rate
    if rate == FROZEN:
        return f"time stands still at {now} until you move it"
    return f"it is {now}, and time runs" if rate == REAL else f"it is {now}, and time runs {rate:g} times as fast"


def _first_calls(scenario: Scenario) -> list[Mapping[str, Any]]:
    """Return the first step without a body that sends a request to each vendor."""
    routes, calls = Routes(VENDORS.values()), dict[str, Mapping[str, Any]]()
    for step in (it.content for it in scenario.steps if it.verb == "send"):
        method, _, target = step["send"].partition(" ")
        if not {"json", "body"} & step.keys() and (route := routes.find(method, target.partition("?")[0])):
            calls.setdefault(route.vendor.name, step)
    return [*calls.values()]


def _curl(url: str, step: Mapping[str, Any], certificate: Path | None) -> str:
    method, _, target = step["send"].partition(" ")
    words = ["curl"]
    if "[" in url:
        words += ["-g"]  # older ones take the brackets of an address for a pattern
    if certificate:
        words += ["--cacert", str(certificate)]
    if method != "GET":
        words += ["-X", method]
    words += [url + target]
    for name, value in step.get("headers", {}).items():
        words += ["-H", f"{name}: {value}"]
    return f"  {shlex.join(words)}"
