"""SerpWow's states as they are shown and laid over worlds: what comes of them, and which cannot be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from emulator.kernel.world import World
from emulator.scenario.scenario import lay_over
from emulator.vendors import VENDORS
from tests.test_serpwow_lives import SERPWOW, send, world_of

BUCKET = {"type": "oss", "enabled": True, "oss_bucket": "b"}


def shown(world: World) -> dict[str, Any]:
    with world.transaction("look") as tx:
        return SERPWOW.given.show(tx)


def lay(world: World, state: dict[str, Any]) -> None:
    lay_over(world, VENDORS, {"serpwow": state}, "a hand")


def make_a_batch(world: World) -> str:
    return str(send(world, "POST", "/live/batches", {"name": "A"})[0].body["batch"]["id"])


def make_a_destination(world: World) -> str:
    return str(send(world, "POST", "/live/destinations", {"name": "A", **BUCKET})[0].body["destination"]["id"])


def add_a_search(world: World) -> str:
    if not shown(world)["batches"]:
        lay(world, {"batches": [{"id": "AAAAAAAA"}]})
    send(world, "PUT", "/live/batches/AAAAAAAA", {"searches": [{"q": "a"}]})
    return str(shown(world)["batches"][0]["searches"][-1]["id"])


def give_a_destination(world: World) -> str:
    lay(world, {"destinations": [{"name": "A"}]})
    return str(shown(world)["destinations"][-1]["id"])


def give_an_error_log(world: World) -> str:
    lay(world, {"error_logs": [{"message": "A"}]})
    return str(shown(world)["error_logs"][-1]["id"])


@pytest.mark.parametrize(
    "make", [make_a_batch, make_a_destination, add_a_search, give_a_destination, give_an_error_log], ids=lambda it: it.__name__
)
def test_no_id_is_given_out_that_a_state_brought_along(make: Callable[[World], str]) -> None:
    world = world_of({})
    first, state = make(world), shown(world)
    world.reset()
    lay(world, state)
    assert make(world) != first


@pytest.mark.parametrize("kind", ["destinations", "error_logs", "batches"])
def test_no_id_is_given_out_that_is_written_further_down(kind: str) -> None:
    minted = shown(world_of({kind: [{}]}))[kind][0]["id"]
    assert len(shown(world_of({kind: [{}, {"id": minted}]}))[kind]) == 2
