"""What is true of every shipped scenario, and of the state of its world at every moment."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator.web.guard import PREFIX
from tests.support.loading import LIBRARY
from tests.support.walking import Walker, walk


def test_a_scenario_with_steps_is_what_we_ship_and_titles_are_sentences() -> None:
    for name in LIBRARY.names():
        scenario = LIBRARY.get(name)
        assert scenario.steps, name
        assert " " in scenario.title, name
        assert scenario.title[0].isupper() or scenario.title[0].isdigit(), name


@pytest.mark.parametrize("name", [name for name in LIBRARY.names() if "ten-thousandth" not in name])  # too slow, and no other
def test_the_state_can_be_given_again_at_every_moment_of_the_library(name: str) -> None:
    """What a scenario assumes, and how long things take in it, is its own, and is given with the state."""
    content = LIBRARY.get(name).content
    rules = {key: content[key] for key in ("assume", "timing") if key in content}
    last: list[Any] = []

    async def look(walker: Walker, request: httpx.Request) -> None:
        if request.url.path.startswith(PREFIX):
            return
        world = f"/worlds/{request.headers['Emulator-World']}"
        state = await walker.ask("GET", f"{world}/state")
        clock = await walker.ask("GET", f"{world}/clock")
        if [state, clock["now"]] == last:
            return  # the request before changed nothing
        last[:] = [state, clock["now"]]
        started = {"start": clock["now"], "skew": clock.get("skew", 0)}
        scenario = {"title": "Again", "clock": started, **rules, "given": state}
        await walker.ask("POST", "/worlds", {"id": "again", "scenario": scenario, "claim": False})
        assert await walker.ask("GET", "/worlds/again/state") == state
        await walker.ask("DELETE", "/worlds/again")

    walk(name, look)
