"""Receivers that a test holds: applications, ASGI or WSGI, called in its process when a notification is due."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from urllib.parse import quote

from emulator.client.applications import WSGI, App, OwnLoop, Report, answered, answered_and_done, called, kind_of, raised
from emulator.client.courier import Courier
from emulator.client.journal import Change
from emulator.control.delivery_models import OutgoingDelivery
from emulator.control.record import from_json
from emulator.kernel.errors import EmulatorError
from emulator.scenario.document import JsonObject

LOOP_SECONDS = 5.0
"""Seconds that a receiver has in the loop of a test, while another thread waits for it."""

BLOCKED = "the receiver did not answer in the test's event loop: a call that waits for it must be awaited, not block the loop"


class Receivers:
    """The receivers of one handle's world, by URL."""

    def __init__(self, ask: Callable[..., Any]) -> None:
        self._ask = ask
        self._apps: dict[str, App] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._own_loop = OwnLoop()
        self._courier = Courier(ask, self._deliver_apart)
        self.is_called = False

    @property
    def urls(self) -> list[str]:
        """The URLs for which an application is called."""
        return [*self._apps]

    def add(self, url: str, app: App) -> None:
        """Have an application called for what is owed to a URL.

        Raises:
            TypeError: it is no application.
        """
        kind_of(app)
        self._apps[url] = app
        self.note_loop()
        self._ask("PUT", "/receivers", {"receivers": self.urls})
        self._courier.start()

    def note_loop(self) -> None:
        """Remember the loop of an asynchronous test, in which its receivers are called."""
        with suppress(RuntimeError):  # none of asyncio runs
            self._loop = asyncio.get_running_loop()

    def close(self) -> None:
        """End what still runs on behalf of receivers."""
        self._own_loop.close()

    def advance(self, body: JsonObject) -> list[Change]:
        """Let time pass, and call the receivers of what is due on the way."""
        steps = self._steps(body)
        report = None
        while True:
            try:
                outgoing = steps.send(report)
            except StopIteration as end:
                changes: list[Change] = end.value
                return changes
            with self._calling(outgoing):
                report = self._deliver(outgoing)

    async def aadvance(self, body: JsonObject, in_thread: Callable[..., Awaitable[Any]]) -> list[Change]:
        """Let time pass as `advance` does, while applications are called in the running loop."""
        steps, report = self._steps(body), None
        self.note_loop()
        while True:
            outgoing = await in_thread(_next, steps, report)
            if isinstance(outgoing, list):
                return outgoing
            with self._calling(outgoing):
                report = await answered(self._apps[outgoing.url], outgoing)

    def _steps(self, body: JsonObject) -> Generator[OutgoingDelivery, Report | None, list[Change]]:
        """Yield each delivery that is due on the way, report what came of it, and return the changes."""
        changes: list[Change] = []
        while True:
            answer = self._ask("POST", "/clock/advance", body)
            changes += [from_json(Change, it) for it in answer["fired"]]
            outgoing = [from_json(OutgoingDelivery, it) for it in answer.get("deliveries", ())]
            for it in outgoing:
                report = (yield it) if it.url in self._apps else self._not_held(it.url)
                self._report(it, report)
            if not outgoing or body.get("until") == "next":
                return changes
            body = {"to": answer["to"]} if "to" in answer else body

    def _report(self, outgoing: OutgoingDelivery, report: Report | None) -> None:
        self._ask("POST", f"/deliveries/{quote(outgoing.id)}/attempts", report)

    def _not_held(self, url: str) -> Report:
        """Return the report on a delivery that is to be made in the test, and of which the test holds no receiver."""
        held = f"the receivers of the test are at {' and '.join(self._apps)}" if self._apps else "the test holds none"
        return {"error": f"no receiver is at {url}: {held} (emulator.receiver)"}

    def _deliver(self, outgoing: OutgoingDelivery) -> Report:
        """Call a receiver from any thread: one of ASGI in the loop of an asynchronous test, where one runs elsewhere."""
        app, loop = self._apps[outgoing.url], self._loop
        if kind_of(app) == WSGI:
            return called(app, outgoing)
        if loop is None or not loop.is_running() or _runs_here(loop):
            return self._own_loop.run(answered_and_done(app, outgoing))
        call = asyncio.run_coroutine_threadsafe(answered(app, outgoing), loop)
        try:
            return call.result(LOOP_SECONDS)
        except TimeoutError:
            call.cancel()
            return {"error": BLOCKED}

    def _deliver_apart(self, outgoing: OutgoingDelivery) -> Report:
        """Call a receiver from a thread of its own, which goes on whatever it raises."""
        if outgoing.url not in self._apps:
            return self._not_held(outgoing.url)
        self.is_called = True
        try:
            return self._deliver(outgoing)
        except BaseException as error:  # what pytest.fail raises is no Exception
            return raised(error)
        finally:
            self.is_called = False

    @contextmanager
    def _calling(self, outgoing: OutgoingDelivery) -> Iterator[None]:
        """Call the receiver of a delivery; what ends the test there, as pytest.fail does, is reported, and ends the test."""
        self.is_called = True
        try:
            yield
        except BaseException as error:
            with suppress(EmulatorError):  # nobody waits for it any more
                self._report(outgoing, raised(error))
            raise
        finally:
            self.is_called = False


def _runs_here(loop: asyncio.AbstractEventLoop) -> bool:
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


def _next(steps: Generator[OutgoingDelivery, Report | None, list[Change]], report: Report | None) -> Any:
    try:
        return steps.send(report)
    except StopIteration as end:
        return end.value
