"""The steps of a scenario as they are played: those that repeat are written out, those that run together have their orders."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, product
from math import factorial, prod
from typing import Any

from emulator.kernel.resource import Struct
from emulator.scenario.document import NONE_INVALID, InvalidPaths, Item, JsonObject, Path
from emulator.scenario.schema import GROUPS, VERBS

Place = Callable[..., str]
"""From the path of a part of the scenario to its place, `file:line`."""


class Step(Struct, frozen=True):
    """One thing that a player does or looks at: `verb` is one of VERBS; `content` is the step as it stands.

    `repetition` says which it is of a step that repeats, and is empty for any other.
    """

    verb: str
    content: JsonObject
    place: str
    repetition: str = ""


class Together(Struct, frozen=True):
    """Threads of steps that run at once: within a thread, each step comes after the one before it."""

    place: str
    threads: tuple[tuple[Step, ...], ...]

    def count_orders(self) -> int:
        """Return the number of orders in which the steps can come."""
        lengths = [*map(len, self.threads)]
        return factorial(sum(lengths)) // prod(map(factorial, lengths))

    def orders(self) -> Iterator[tuple[int, ...]]:
        """Yield every order, as the numbers of the threads whose next step it is; the first is that of the file."""
        order = [number for number, thread in enumerate(self.threads) for _ in thread]
        yield tuple(order)
        while _permute(order):
            yield tuple(order)

    def in_order(self, order: Iterable[int]) -> Iterator[Step]:
        """Yield the steps in one of the orders."""
        threads = [*map(iter, self.threads)]
        return (next(threads[number]) for number in order)


class Order(Struct, frozen=True):
    """The steps of a scenario in one order that can be. `says` names what is otherwise than in the file."""

    says: str
    steps: tuple[Step, ...]


Part = Step | Together


def write_out(steps: Sequence[JsonObject], place: Place, path: Path = ("steps",), repetition: str = "") -> Iterator[Part]:
    """Yield the parts of valid steps without aliases, each as often as it repeats."""
    for index, step in enumerate(steps):
        yield from _write_out_one(step, place, (*path, index), repetition)


def _write_out_one(step: JsonObject, place: Place, path: Path, repetition: str) -> Iterator[Part]:
    group = next(filter(step.__contains__, GROUPS), None)
    if group is None:
        yield Step(next(filter(step.__contains__, VERBS)), step, place(*path), repetition)
        return
    times = step.get("repeat", 1)
    for number in range(1, times + 1):
        inner = f"{repetition}in repetition {number} of {times}, " if times > 1 else repetition
        if group == "steps":
            yield from write_out(step[group], place, (*path, group), inner)
        else:
            threads = (_write_out_one(it, place, (*path, group, n), inner) for n, it in enumerate(step[group]))
            yield Together(place(*path), tuple(tuple(_leaves(thread)) for thread in threads))


def _leaves(parts: Iterable[Part]) -> Iterator[Step]:
    return chain.from_iterable((part,) if isinstance(part, Step) else chain(*part.threads) for part in parts)


def in_file_order(parts: Iterable[Part]) -> list[Step]:
    """Return the steps in the order of the file."""
    return [*_leaves(parts)]


def count_orders(parts: Iterable[Part]) -> int:
    """Return the number of orders in which the steps can come."""
    return prod(part.count_orders() for part in parts if isinstance(part, Together))


def every_order(parts: Sequence[Part]) -> Iterator[Order]:
    """Yield the steps in each order that can be; the first is that of the file."""
    groups = [part for part in parts if isinstance(part, Together)]
    for orders in product(*(group.orders() for group in groups)):
        chosen = iter(orders)
        steps = tuple(chain.from_iterable((part,) if isinstance(part, Step) else part.in_order(next(chosen)) for part in parts))
        yield Order(", and ".join(_says(*it) for it in zip(groups, orders, strict=True) if [*it[1]] != sorted(it[1])), steps)


def _says(group: Together, order: tuple[int, ...]) -> str:
    return f"the steps together at {group.place} come in the order {', '.join(str(number + 1) for number in order)}"


def _permute(order: list[int]) -> bool:
    """Make the next order of this one, in place; of the last, tell that there is none."""
    pivot = next((it for it in range(len(order) - 2, -1, -1) if order[it] < order[it + 1]), None)
    if pivot is None:
        return False
    other = next(it for it in range(len(order) - 1, pivot, -1) if order[it] > order[pivot])
    order[pivot], order[other] = order[other], order[pivot]
    order[pivot + 1 :] = reversed(order[pivot + 1 :])
    return True


def every_step(steps: Any, invalid: InvalidPaths = NONE_INVALID, path: Path = ("steps",)) -> Iterator[Item]:
    """Yield the steps of a list, those within a step behind it, whatever else is wrong with them."""
    for index, step in enumerate(steps if isinstance(steps, list) else ()):
        if isinstance(step, dict):
            here = (*path, index)
            yield Item(here, step, invalid.valid_items(step, here))
            for group in GROUPS:
                yield from every_step(step.get(group), invalid, (*here, group))


def count_steps(steps: Any) -> int:
    """Return the number of steps that a list comes to once its repetitions are written out, whatever else is wrong with it."""
    return sum(map(_count, steps)) if isinstance(steps, list) else 0


def _count(step: Any) -> int:
    groups = [step[group] for group in GROUPS if group in step] if isinstance(step, dict) else []
    times = step.get("repeat", 1) if groups else 1
    return (times if type(times) is int else 1) * (sum(map(count_steps, groups)) if groups else 1)
