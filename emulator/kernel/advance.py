"""The passing of time in a world: what is due happens at its own due instant, one thing after the other, within bounds."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from itertools import count
from math import inf
from typing import TYPE_CHECKING

from emulator.kernel.clock import FROZEN, Clock
from emulator.kernel.errors import BadInput, Conflict, MachineError, TooMany
from emulator.kernel.exchange import Change, DeliveryAttempt
from emulator.kernel.machine import Timer
from emulator.kernel.rounds import make_rounds
from emulator.kernel.settling import Member
from emulator.kernel.store import Key
from emulator.kernel.time import END_OF_TIME, format_duration
from emulator.kernel.timeline import IMPOSSIBLE, TimelineEvent
from emulator.kernel.timers import due
from emulator.kernel.transaction import Transaction
from emulator.kernel.upcoming import Upcoming

if TYPE_CHECKING:
    from emulator.kernel.world import World

JUMP_LIMIT = 10_000
JUMP_LIMIT_EACH = 10
"""Steps that one jump may bring about, and steps more for each resource: the work of a second or two."""

LOOK_LIMIT = 1_000
LOOK_LIMIT_EACH = 1
MOST_OF_A_LOOK = 20_000
"""Steps that one look makes at most to keep up with a clock that runs, more for each resource, and the most in any world.

What is left is for the next looks.
"""

TURN_LIMIT = 50
"""Steps of one turn of a look, so that others need not wait; and of a further look at a world that is behind already."""

ROUNDS_EVERY, STEPS_OF_A_ROUND = 1_000, 3
"""Steps after which many rounds are tried again, at so many steps one after the other: at one of them a round begins."""

BEHIND = (
    "the clock runs faster than this world can follow, which is {} behind: "
    "set a slower rate, or frozen, which gives up the rest, before time is advanced"
)
UNDER_WAY = "{} {} is under way to its receiver: time goes on when the receiver has answered"
TOO_FAR = "more than {} things would happen by themselves on the way: jump less far at once"
RESTLESS = "after {} events this world is still not at rest: it seems to repeat for ever"


def catch_up_limit(world: World) -> int:
    """Return how many steps one look makes at most in this world, where the clock runs."""
    return min(LOOK_LIMIT + LOOK_LIMIT_EACH * len(world.store), MOST_OF_A_LOOK)


def min_steps(world: World, here: datetime, until: datetime, most: int) -> int:
    """Return how many steps lie between two instants at least, counted little further than `most`.

    Counts no further than the next event of the timeline, which may change anything.
    """
    view = Transaction(world, here, "look ahead")
    planned = next(view.sorted_group(TimelineEvent, "by instant").ascending(), None)
    end = until if planned is None else min(until, planned.at)
    counts = [machine.min_steps for machine in world.rules.machines.values() if machine.min_steps is not None]
    return sum(count_steps(view, end, most) for count_steps in counts)


def catch_up(world: World, most: int) -> bool:
    """Bring a world to where its clock is, and return whether it got there.

    Where the clock runs, that is done in `most` steps at most, and time stands where there is no room for what is due. A world
    that did not get there shows the instant it has reached.
    """
    clock, steps = world.clock, 0
    reached, target = clock.reached, clock.target()
    if (due := world.store.next_due) is not None and due <= target:
        upcoming = Upcoming(world.store)
        while (first := upcoming.first) is not None and first[0] <= target:
            if steps >= most and clock.rate != FROZEN:
                clock.reach(reached, is_behind=True)
                return False
            try:
                _fire(world, upcoming, first)
            except TooMany as error:
                clock.reach(reached, is_behind=True, because=str(error))
                return False
            reached, steps = first[0], steps + 1
    clock.reach(target)
    return True


def _fire(world: World, upcoming: Upcoming, first: Member) -> list[Change]:
    """Let the first of what is upcoming happen, and return the changes."""
    transaction = fire(world, first[0], first[2])
    upcoming.renew(transaction.replaced)
    return transaction.changes


def fire(world: World, due: datetime, key: Key) -> Transaction:
    """Let what is due at an instant happen to a resource, and return the transaction in which it did.

    Raises:
        MachineError: it would be due again at once, for ever.
        TooMany: there is no room for it, and nothing has happened.
    """
    machine, resource = world.rules.machines[key[0]], world.store.find(*key)
    upcoming = _due(world, key)
    if resource is None or upcoming is None:
        raise AssertionError(f"the agenda speaks of {key}, for which nothing is due")
    timer = upcoming[1]
    # what arises when it should have happened already happens at once: no change is older than the one before it
    at, is_planned = max(due, world.history.newest or due), isinstance(resource, TimelineEvent)
    why = resource.why if is_planned else str(timer)
    try:
        with Transaction(world, at, why, by_time=not is_planned) as transaction:
            row = transaction.expire(machine, resource, timer)
            if row.state == row.to and _due(world, key) == upcoming:
                raise MachineError(f"{timer}, {key} is due again at once")
    except (BadInput, TooMany) as error:
        if not is_planned:
            raise TooMany(f"time stands {timer}: {error}") from None
        with Transaction(world, at, f"{why}: {IMPOSSIBLE}: {error}") as transaction:
            transaction.remove(resource)
    changes, attempt = transaction.changes, transaction.attempt
    world.journal.extend([DeliveryAttempt(at, *attempt, tuple(changes))] if attempt else changes)
    return transaction


def _due(world: World, key: Key) -> tuple[datetime, Timer] | None:
    resource = world.store.find(*key)
    return None if resource is None else due(world.rules.machines[key[0]], resource, world.rules.timing)


def jump(world: World, move: Callable[[Clock], datetime]) -> list[Change]:
    """Move a world's clock, let everything happen that is due by then, and return the changes.

    Raises:
        Conflict: that is more than one jump may bring about, or the world is behind. It stays where it is.
        TooMany: there is no room for it. It stays where it is.
    """
    start = _settled(world)
    target = move(world.clock)
    first = world.store.next_due
    if first is None or first > target:
        return []
    return _atomically(world, start, lambda: _fire_within(world, start, target, _fire_until, TOO_FAR))


def jump_to_next(world: World) -> list[Change]:
    """Move a world's clock to the next event that is not upkeep, and return the changes."""
    start, upcoming = _settled(world), Upcoming(world.store)
    if upcoming.event is None:
        return []
    instant = world.clock.catch_up_with(upcoming.event[0])
    return _atomically(world, start, lambda: _fire_until(world, instant, upcoming=upcoming))


def jump_until_idle(world: World) -> list[Change]:
    """Move a world's clock from event to event until none is left that is not upkeep, and return the changes."""
    start = _settled(world)
    if world.next_due() is None:
        return []
    return _atomically(world, start, lambda: _fire_within(world, start, END_OF_TIME, _fire_until_idle, RESTLESS))


def _settled(world: World) -> datetime:
    """Settle a world and return the present; refuse to jump ahead of what a running clock has not brought about yet."""
    now = world.settle()
    expect_nothing_outside(world)
    if world.clock.is_behind:
        because = world.clock.because
        raise TooMany(because) if because else Conflict(BEHIND.format(format_duration(world.clock.behind)))
    return now


def expect_nothing_outside(world: World) -> None:
    """Make sure that no resource of a world is with somebody outside.

    Raises:
        Conflict: one is.
    """
    if outside := world.outside():
        raise Conflict(UNDER_WAY.format(outside[0].kind, outside[0].id))


def _atomically(world: World, start: datetime, run: Callable[[], list[Change]]) -> list[Change]:
    """Run; a world for which that is too much goes back to the start."""
    world.before = world.copy()
    try:
        return run()
    except (Conflict, TooMany):
        world.take_over(world.before, start)
        raise
    finally:
        world.before = None


def _fire_within(
    world: World, start: datetime, until: datetime, run: Callable[[World, datetime, int], list[Change]], refusal: str
) -> list[Change]:
    """Let what is due until an instant happen, within the limit of a jump."""
    limit = JUMP_LIMIT + JUMP_LIMIT_EACH * len(world.store)
    if min_steps(world, start, until, limit) > limit:
        raise Conflict(refusal.format(limit))
    return run(world, until, limit)


def _fire_until(world: World, instant: datetime, limit: float = inf, upcoming: Upcoming | None = None) -> list[Change]:
    """Let what is due until an instant happen; from time to time, where all is `upcoming`, many rounds at once."""
    changes, may_go_round, upcoming = list[Change](), upcoming is None, upcoming or Upcoming(world.store)
    for steps in count():
        if max(steps, len(changes)) > limit:
            raise Conflict(TOO_FAR.format(limit))
        if (first := upcoming.first) is None or first[0] > instant:
            break
        if may_go_round and steps % ROUNDS_EVERY < STEPS_OF_A_ROUND and (made := make_rounds(world, first, instant)):
            changes += made
            upcoming = Upcoming(world.store)
            continue
        changes += _fire(world, upcoming, first)
        if (resource := world.store.find(*first[2])) is not None and resource.status in resource.outside:
            world.clock.stop_at(world.history.newest or first[0])
            break
    return changes


def _fire_until_idle(world: World, _: datetime, limit: int) -> list[Change]:
    changes, upcoming = list[Change](), Upcoming(world.store)
    for jumps in count(1):
        if (event := upcoming.event) is None:
            break
        changes += _fire_until(world, world.clock.catch_up_with(event[0]), upcoming=upcoming)
        if world.outside():
            break
        if max(jumps, len(changes)) > limit:
            raise Conflict(RESTLESS.format(limit))
    return changes
