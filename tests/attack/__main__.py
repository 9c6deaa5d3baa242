"""Plays the campaigns in turns until the time is over, and prints what was tried and what was found."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Mapping

from tests.attack.bounds import beyond_bounds
from tests.attack.crowds import many_at_once
from tests.attack.framing import against_h11
from tests.attack.line import over_the_line
from tests.attack.load import under_load
from tests.attack.maxima import within_maxima
from tests.attack.redaction import by_generation
from tests.attack.served import Findings, Server, serving, somebody_else
from tests.attack.stalls import by_size
from tests.attack.wide import many_wide

Campaign = Callable[[Server, int, float], Findings]

CAMPAIGNS: Mapping[str, Campaign] = {
    "framing": against_h11,
    "state": under_load,
    "bounds": beyond_bounds,
    "maxima": within_maxima,
    "redaction": by_generation,
    "stalls": by_size,
    "line": over_the_line,
    "wide": many_wide,
    "crowds": many_at_once,
}
ROUND = 30.0
"""Seconds of one round of a campaign."""

OTHERS_WAIT = 0.05
"""Seconds that somebody else may wait for an answer."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.attack", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--campaign", choices=CAMPAIGNS, action="append", help="one of them alone; may be repeated")
    options = parser.parse_args()
    end, count, seed = time.monotonic() + options.minutes * 60, 0, options.seed
    while time.monotonic() < end:
        for name in options.campaign or CAMPAIGNS:
            count += _round(name, seed, min(ROUND, options.minutes * 60))
        seed += 1
    print(f"{count} findings" if count else "nothing found")  # noqa: T201
    sys.exit(bool(count))


def _round(name: str, seed: int, seconds: float) -> int:
    with serving() as server:
        with somebody_else(server) as waits:
            findings = CAMPAIGNS[name](server, seed, seconds)
        findings.found += server.failures()
        late = waits.beyond(OTHERS_WAIT)
        print(  # noqa: T201
            f"{name}, seed {seed}: {findings.tried} tried, {len(findings.found)} found; of {len(waits.seconds)} others "
            f"{late} waited over {OTHERS_WAIT * 1000:.0f} ms, the longest {waits.longest * 1000:.0f} ms; "
            f"{server.memory():.0f} MB",
            flush=True,
        )
    for finding in findings.found:
        print(f"  {finding}", flush=True)  # noqa: T201
    return len(findings.found)


if __name__ == "__main__":
    main()
