"""Whoever changes many resources sorts them in; the next who reads does not pay for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from emulator.kernel.errors import Conflict
from emulator.kernel.settling import portions
from emulator.kernel.store import MANY
from emulator.kernel.world import World
from tests.support.toy import HEAT, KETTLE, STOP, Kettle, exchange, kitchen

KETTLES = 4 * MANY


def stop_all(world: World) -> None:
    with world.transaction("stop all") as tx:
        for number in range(KETTLES):
            tx.ask(KETTLE, str(number), STOP)


def fail_to_stop_all(world: World) -> None:
    def stop_and_fail() -> None:
        with world.transaction("stop all") as tx:
            for number in range(KETTLES):
                tx.ask(KETTLE, str(number), STOP)
            raise Conflict("not today")

    with pytest.raises(Conflict):
        stop_and_fail()


def let_all_boil(world: World) -> None:
    world.advance_by(timedelta(minutes=1))


def stop_and_undo(world: World) -> None:
    exchange(world, STOP, "0")
    stop_all(world)
    world.undo(1)


def stop_one_after_the_other(world: World) -> None:
    for number in range(KETTLES):
        with world.transaction("stop") as tx:
            tx.ask(KETTLE, str(number), STOP)


@pytest.mark.parametrize("change", [stop_all, fail_to_stop_all, let_all_boil, stop_and_undo, stop_one_after_the_other])
def test_who_reads_next_sorts_in_no_more_than_a_few(change: Callable[[World], None], monkeypatch: pytest.MonkeyPatch) -> None:
    world, sorted_in, original = kitchen(KETTLES), list[int](), portions

    def noted(waiting: dict[Any, Any]) -> Any:
        sorted_in.append(len(waiting))
        return original(waiting)

    change(world)
    monkeypatch.setattr("emulator.kernel.store.portions", noted)
    with world.transaction("look") as tx:
        tx.group(Kettle, "status", "cold")
        tx.ask(KETTLE, "0", HEAT)
    world.next_due()
    assert max(sorted_in, default=0) <= MANY
