"""Every figure of docs/performance.md, measured: floors and goals beside what this machine does.

    python -m tests.benchmarks [GROUP...]

It is no test of the suite: what it prints holds for the machine that it ran on, while that did nothing else. Every response is
checked, and a wrong one ends it.
"""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from tests.benchmarks.figures import Figure, create_in_process, fixture, memory, start, throughput
from tests.benchmarks.kept import kept
from tests.benchmarks.large_worlds import bulk, growth, long_times
from tests.benchmarks.processes import LOAD_CORE, pin

ALL: dict[str, Callable[[], Iterator[Figure]]] = {
    "throughput": throughput,
    "create": create_in_process,
    "start": start,
    "fixture": fixture,
    "memory": memory,
    "bulk": bulk,
    "growth": growth,
    "time": long_times,
    "store": kept,
}


def row(figure: Figure) -> str:
    """Return a figure as a row of a table in Markdown."""
    is_held = figure.measured >= figure.floor if figure.at_least else figure.measured <= figure.floor
    values = f"{figure.measured:.3g} | {figure.floor:g} | {figure.goal:g}"
    return f"| {figure.name} | {figure.unit} | {values} | {'' if is_held else 'missed'} |"


def main() -> None:
    """Measure the groups that the command line names, or all, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("groups", nargs="*", choices=[*ALL, []], default=[], metavar="GROUP", help=", ".join(ALL))
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or each start would compile what was changed since
    pin(LOAD_CORE)
    print(f"Python {platform.python_version()}, {platform.machine()}, {datetime.now(UTC).date()}\n")  # noqa: T201
    print("| figure | unit | measured | floor | goal | |\n| --- | --- | ---: | ---: | ---: | --- |")  # noqa: T201
    for group in options.groups or ALL:
        for figure in ALL[group]():
            print(row(figure), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
