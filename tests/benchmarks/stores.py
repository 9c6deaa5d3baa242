"""The cost of keeping records, measured: appends a second, and the time of the processor that each takes.

    python -m tests.benchmarks.stores --clients 1 8 32

Clients are tasks of one event loop; each appends the next record of its world when it has the receipt of the one before. Of several
rounds the best counts. It is no test of the suite: what it prints holds for the machine, and the disk, that it ran on.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from threading import Event
from time import perf_counter, sleep, thread_time

from emulator.store.memory import MemoryEngine
from emulator.store.port import Append, Engine
from emulator.store.sqlite import SqliteEngine
from emulator.store.writer import Writer

BODY = bytes(1_300)
ROUNDS, RECORDS = 5, 3_000
CALLS = 10_000


class Slow(SqliteEngine):
    """A file on a disk that takes longer to sync."""

    delay = 0.005

    def append(self, appends: Sequence[Append]) -> None:
        sleep(self.delay)
        super().append(appends)


async def _append(writer: Writer, world: str, records: int) -> None:
    loop = asyncio.get_running_loop()
    for n in range(1, records + 1):
        kept = loop.create_future()
        writer.append(Append(world, n, BODY)).then(loop, partial(kept.set_result, None))
        await kept


async def _append_all(writer: Writer, clients: int, number: int, records: int) -> None:
    await asyncio.gather(*(_append(writer, f"{number} {client}", records // clients) for client in range(clients)))


def _round(writer: Writer, clients: int, number: int, records: int) -> tuple[float, float]:
    """Return the seconds of a record, and those of the processor in the writer's thread."""
    before, began = writer.call(lambda _: thread_time()).result(), perf_counter()
    asyncio.run(_append_all(writer, clients, number, records))
    return (perf_counter() - began) / records, (writer.call(lambda _: thread_time()).result() - before) / records


def measure(engine: Engine, clients: int, records: int = RECORDS) -> str:
    """Return a line with the best of several rounds."""
    with closing(Writer(engine)) as writer:
        rounds = [_round(writer, clients, number, records) for number in range(ROUNDS)]
    best, cpu = (min(figures) for figures in zip(*rounds, strict=True))
    return f"{clients:>3} clients: {1 / best:>7,.0f} records a second, {cpu * 1e6:>5.1f} us of the processor each in the writer"


class Stuck(MemoryEngine):
    """An engine that never returns, so that nothing but the caller of the writer has work."""

    def append(self, _: Sequence[Append]) -> None:
        Event().wait()


def measure_caller(engine: Engine, is_waited_for: bool) -> str:
    """Return a line with the time of one call of `append`: while a write is under way, or one that wakes the thread."""
    writer = Writer(engine, most_waiting=10**12)
    times = []
    for n in range(1, CALLS + 1):
        append = Append("w", n, BODY)
        began = thread_time()
        receipt = writer.append(append)
        times.append(thread_time() - began)
        if is_waited_for:
            receipt.wait()
    which = "that wakes the writer" if is_waited_for else "while it writes"
    return f"{median(times) * 1e6:.2f} us of the processor in the caller of an append {which}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 32])
    arguments = parser.parse_args()
    engines: dict[str, tuple[Callable[[str], Engine], int]] = {
        "sqlite": (SqliteEngine, RECORDS),
        "sqlite, 5 ms more": (Slow, 320),
    }
    for name, (engine, records) in engines.items():
        for clients in arguments.clients:
            with TemporaryDirectory() as folder:
                print(f"{name}, {measure(engine(str(Path(folder) / 'worlds.db')), clients, records)}", flush=True)  # noqa: T201
    print(measure_caller(Stuck(), False), measure_caller(MemoryEngine(), True), sep="\n")  # noqa: T201


if __name__ == "__main__":
    main()
