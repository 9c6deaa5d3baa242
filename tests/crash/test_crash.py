"""A short round of `python -m tests.crash`: whatever ends a server, what it answered is there when it is started again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest

from tests.attack.served import Server, serving
from tests.crash.campaign import Campaign
from tests.crash.victim import Victim
from tests.store.postgres import Cluster, cluster
from tests.support.waiting import wait_until

ANSWERS = 25
"""Answers that clients hear before anything is done to their server."""


SEEDS = count(1)
"""One for each campaign, since the twin has worlds of all."""


@pytest.fixture(scope="module")
def twin() -> Iterator[Server]:
    with serving() as server:
        yield server


def steady(victim: Victim, twin: Server, seed: int, database: Cluster | None) -> Campaign:
    """Return a campaign that waits for answers in place of for time."""

    def wait(_: float) -> None:
        client, before = twin.client(), campaign.heard()
        wait_until(lambda: client.ask("GET", "/_emulator/health") and campaign.heard() >= before + ANSWERS)

    campaign = Campaign(victim, twin.netloc, seed, cluster=database, wait=wait, interrupted=0)
    return campaign


@pytest.mark.parametrize("troubles", [("kill", "kill"), ("failing", "stop")], ids="-".join)
def test_what_a_server_answered_is_there_whatever_ends_it(troubles: tuple[str, ...], twin: Server, tmp_path: Path) -> None:
    victim = Victim(tmp_path / "worlds.db", tmp_path / "log", records=20)
    play(victim, twin, troubles)


@pytest.mark.parametrize("troubles", [("kill", "database"), ("cut", "stop")], ids="-".join)
def test_the_same_holds_where_it_is_kept_in_a_database(troubles: tuple[str, ...], twin: Server, tmp_path: Path) -> None:
    play(Victim(cluster().schema(str(tmp_path)), tmp_path / "log", 20), twin, troubles, cluster())


def play(victim: Victim, twin: Server, troubles: tuple[str, ...], database: Cluster | None = None) -> None:
    with closing(steady(victim, twin, next(SEEDS), database)) as campaign:
        for trouble in troubles:
            campaign.play(trouble)
        campaign.end()
    assert campaign.tally.found == []
    assert campaign.tally.answered + campaign.tally.refused >= ANSWERS * len(troubles)
