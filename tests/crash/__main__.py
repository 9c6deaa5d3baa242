"""Plays rounds until the time is over, and prints what was tried and what was found."""

from __future__ import annotations

import argparse
import json
import sys
import time
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.attack.served import serving
from tests.crash.campaign import Campaign
from tests.crash.disk import small_disk
from tests.crash.victim import NotStarted, Victim
from tests.store.postgres import Cluster, cluster

SHOWN = 20
"""Findings of one file that are printed: those that follow are often the same."""

ROUNDS = 50
"""Rounds on one file, after which it is another."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--tally", type=Path, help="a file that counts; where it is there, its counts and seeds go on")
    parser.add_argument("--postgres", action="store_true", help="keep the worlds in a cluster of PostgreSQL, not in a file")
    options = parser.parse_args()
    end, total = time.monotonic() + options.minutes * 60, _read(options.tally, options.seed)
    with serving("--max-worlds", "1000", "--keep-alive", "1h") as twin:
        while time.monotonic() < end and not total["found"]:
            _play(twin.netloc, total, end, cluster() if options.postgres else None)
            if options.tally:
                options.tally.write_text(json.dumps(total, indent=1))
    sys.exit(bool(total["found"]))


def _read(path: Path | None, seed: int) -> dict[str, Any]:
    counts = ("kills", "stops", "rounds", "answered", "refused", "in_doubt", "happened", "compared")
    none = {"seed": seed, **dict.fromkeys(counts, 0), "found": []}
    return none if path is None or not path.exists() else {**none, **json.loads(path.read_text()), "found": []}


def _play(twin: str, total: dict[str, Any], end: float, database: Cluster | None) -> None:
    """Play some rounds on one file, or schema, and add up what came of them."""
    seed = total["seed"]
    with TemporaryDirectory() as folder, small_disk(Path(folder)) as disk:
        place = disk.path if disk else Path(folder)
        store = database.schema(f"seed-{seed}") if database else place / "worlds.db"
        victim = Victim(store, Path(folder) / "log", 40 if seed % 2 else None)
        with closing(Campaign(victim, twin, seed, disk, database)) as campaign, suppress(NotStarted):
            while campaign.rounds < ROUNDS and time.monotonic() < end and not campaign.tally.found:
                campaign.play()
            campaign.end()
    for name in ("kills", "stops", "rounds"):
        total[name] += getattr(campaign, name)
    for name in ("answered", "refused", "in_doubt", "happened", "compared"):
        total[name] += getattr(campaign.tally, name)
    total["found"] += campaign.tally.found
    total["seed"] += 1
    told = ", ".join(f"{value} {name}" for name, value in total.items() if name not in ("seed", "found"))
    print(f"seed {seed}: {told}, {len(total['found'])} found", flush=True)  # noqa: T201
    for found in campaign.tally.found[:SHOWN]:
        print(f"  {found}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
