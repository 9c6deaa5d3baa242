"""The steps of a scenario as the client of an exploration: they are played in each order that can be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from emulator.client.exploration import Intrusion
from emulator.scenario.aliases import without_aliases
from emulator.scenario.document import JsonObject
from emulator.scenario.player import StepDifference, StepPlayer
from emulator.scenario.steps import Part, count_orders, every_order, in_file_order, write_out

if TYPE_CHECKING:
    from emulator.client.emulator import Emulator
    from emulator.scenario.client import Client


def differences_of_steps(emulator: Emulator, scenario: JsonObject, client: Client) -> list[StepDifference]:
    """Play the steps of a scenario in a world that begins with it."""
    player = StepPlayer(client, emulator.id, emulator.credentials)
    return [*player.play(in_file_order(_parts(scenario)))]


def number_of_orders(scenario: JsonObject) -> int:
    """Return the number of orders in which the steps of a scenario can come."""
    return count_orders(_parts(scenario))


def other_orders(scenario: JsonObject) -> Iterator[Intrusion]:
    """Yield each order in which the steps can come, but for that of the file."""
    for order in every_order(_parts(scenario)):
        if order.says:
            yield Intrusion(order.says, steps=[step.content for step in order.steps])


def _parts(scenario: JsonObject) -> list[Part]:
    return [*write_out(without_aliases(scenario).get("steps", ()), _place)]


def _place(*path: str | int) -> str:
    """Return the number of a step, counted from 1: `step 2.1` is the first within the second."""
    return f"step {'.'.join(str(part + 1) for part in path if isinstance(part, int))}"
