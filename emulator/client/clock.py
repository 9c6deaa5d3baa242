"""The clock of a world, which a test reads and moves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, TypeVar

from emulator.client.journal import Change
from emulator.client.json_encoding import Duration, without_none
from emulator.client.receivers import Receivers
from emulator.kernel.time import format_instant, parse_instant, parse_offset
from emulator.scenario.document import JsonObject

if TYPE_CHECKING:
    from emulator.client.network_idle import Look
    from emulator.client.sleeps import AsyncSleep

T = TypeVar("T")

TIME_SLEEP, ASYNCIO_SLEEP = time.sleep, asyncio.sleep
"""The machine's own sleeps, from before a test replaces them: the handle imports this module with its first fixture."""


class Clock:
    """The world's clock."""

    def __init__(self, ask: Callable[..., Any], look: Look, receivers: Receivers) -> None:
        self._ask = ask
        self.receivers = receivers
        self._look = look

    @property
    def now(self) -> datetime:
        """The present instant, in UTC."""
        return parse_instant(self._ask("GET", "/clock")["now"])

    @property
    def skew(self) -> timedelta:
        """The time by which the vendors' clocks are ahead of this one, negative where they are behind."""
        return parse_offset(self._ask("GET", "/clock").get("skew", 0))

    @property
    def next(self) -> datetime | None:
        """The instant of the next thing that happens by itself, or None."""
        upcoming = self._ask("GET", "/clock")["next"]
        return parse_instant(upcoming) if upcoming else None

    def advance(
        self,
        by: Duration | None = None,
        *,
        to: datetime | str | None = None,
        until: Literal["next", "idle"] | None = None,
    ) -> list[Change]:
        """Let time pass, in one of three ways, and return the changes, in order.

        `by` is a duration: `"1m30s"`, a number of seconds, or a timedelta; it is rounded up to the next whole millisecond. `to`
        is an instant with a zone, or one such as `"2026-03-10T00:00:00Z"`; `until` is `"next"` (the next thing that happens by
        itself) or `"idle"` (nothing more does).

        Raises:
            BadInput: `by` is a negative timedelta, or no finite number.
            ControlError: time does not go back, never comes to rest, or more would happen than in one jump may.
        """
        return self.receivers.advance(_jump(by, to, until))

    async def aadvance(
        self,
        by: Duration | None = None,
        *,
        to: datetime | str | None = None,
        until: Literal["next", "idle"] | None = None,
    ) -> list[Change]:
        """Let time pass as `advance` does; receivers are awaited in the running loop."""
        from anyio import to_thread

        return await self.receivers.aadvance(_jump(by, to, until), to_thread.run_sync)

    def run(self, rate: float | str) -> None:
        """Let time pass by itself from now on: `"real"`, `"frozen"`, or virtual seconds in a real one."""
        self._ask("PATCH", "/clock", {"rate": rate})

    def sleep(self, seconds: Duration) -> None:
        """Stand in for `time.sleep`: the world's time passes by so much at once, whatever its rate, and the caller goes on.

        `seconds` may also be a timedelta or a duration such as `"1m30s"`; it is rounded up to the next whole millisecond.

        Raises:
            TypeError: it is none of these.
            ValueError: it is negative, or no length of time.
            ControlError: more would happen than in one jump may.
        """
        from emulator.client.sleeps import sleep_length

        length = sleep_length(seconds)
        if not self.receivers.is_called:
            self.advance(length)

    async def asleep(self, delay: Duration, result: T | None = None) -> T | None:
        """Stand in for `asyncio.sleep`. Tasks of asyncio wake in the order in which their time is over; others add theirs up.

        Takes what `sleep` takes, and raises as it does; a negative number of seconds is none in asyncio.
        """
        if self.receivers.is_called:
            return result
        from anyio import to_thread

        try:
            asyncio.get_running_loop()
        except RuntimeError:  # it is one of trio
            await to_thread.run_sync(self.sleep, delay)
            return result
        return await self._async_sleep.sleep(delay, result)

    def patch_sleep(self, *modules: ModuleType) -> AbstractContextManager[None]:
        """A context in which the `time.sleep`, `asyncio.sleep` and `anyio.sleep` that these modules use pass the world's time.

        All other modules sleep as before. The functions, `time` and `asyncio` are replaced in the module's own names, its
        classes, their objects, the default arguments and closures of its functions, its dicts and its lists; at the end of the
        context all of it is put back. A replaced sleep takes and refuses what the original does.
        Tasks that sleep at the same time wake in the order in which their time is over, each once nothing is under way between
        the others and the server; threads add theirs up.

        Raises:
            TypeError: one of them is no module.
            ValueError: one of them uses none, so that nothing would be replaced; or is `time` or `asyncio` itself.
        """
        from emulator.client.patching import patched
        from emulator.client.sleeps import Sleeps

        if not modules:
            raise TypeError("patch_sleep needs the module that sleeps: patch_sleep(my_client)")
        return patched(modules, Sleeps(self, self._async_sleep))

    @cached_property
    def _async_sleep(self) -> AsyncSleep:
        from emulator.client.network_idle import NetworkIdle
        from emulator.client.sleeps import AsyncSleep

        return AsyncSleep(self, NetworkIdle(self._look))


def _jump(by: Duration | None, to: datetime | str | None, until: str | None) -> JsonObject:
    return without_none(by=by, to=format_instant(to) if isinstance(to, datetime) else to, until=until)
