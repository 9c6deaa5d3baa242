"""Server-sent events: a response that goes on for as long as its client listens, and costs nothing while nothing happens."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Protocol
from weakref import WeakKeyDictionary

from emulator.control.shown_entries import ShownEntries
from emulator.control.worlds_watch import WorldsWatch
from emulator.kernel.budget import Quota
from emulator.kernel.clock import MONOTONIC
from emulator.kernel.errors import TooMany
from emulator.kernel.worlds import Worlds
from emulator.sdk.exact_json import dump
from emulator.web.answers import charge_answer
from emulator.web.connection import Connection, Receive, Send
from emulator.web.event_loop import pause
from emulator.web.waits import Wait

EVENTS_TYPE = "text/event-stream"
HEADERS = (
    (b"content-type", EVENTS_TYPE.encode()),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),  # or nginx would keep events back
    (b"x-content-type-options", b"nosniff"),
)
BEGIN = b"retry: 1000\n\n"
HEARTBEAT = b":\n\n"

SILENCE = 15.0
"""Seconds after which a comment is sent, by which proxies and clients know that the stream is alive."""

BEAT = 0.1
"""Seconds between two looks at what streams are about."""

SHARE = 20
"""Times that a look took for which there is no other, so that looks at very many worlds take a small part of the time."""


class Feed(Protocol):
    """The source of a stream: whether it is over, and whether there is more to take at once."""

    is_over: bool
    has_more: bool

    @property
    def watch(self) -> WorldsWatch | None:
        """The watch of the worlds, where it is about those."""

    def look(self) -> object:
        """Return a value that differs from the one before where there may be something new; it waits for nobody."""

    async def take(self) -> Sequence[bytes]:
        """Return the next events; none where there is nothing new."""


class Pulse:
    """The looks of one loop at what its streams are about: one task for all of them, and none where there is no stream."""

    def __init__(self) -> None:
        self._streams: dict[EventStream, None] = {}
        self._task: asyncio.Task[None] | None = None

    def add(self, stream: EventStream) -> None:
        """Look at what a stream is about from now on."""
        self._streams[stream] = None
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._beat())

    def remove(self, stream: EventStream) -> None:
        """Look no more."""
        self._streams.pop(stream, None)

    async def _beat(self) -> None:
        seconds = BEAT
        while self._streams:
            await pause(seconds)
            took = sum([await it.look() for it in {it.watch for it in self._streams} if it is not None])
            began = MONOTONIC()
            for stream in [*self._streams]:
                stream.wake_if_new()
            seconds = max(BEAT, SHARE * (took + MONOTONIC() - began))
        self._task = None


class Streams:
    """The streams of one server: `most` at once, whose long events count among its `answers`. They end with it."""

    def __init__(self, most: int, worlds: Worlds, answers: Quota) -> None:
        self.answers = answers
        self.shown = ShownEntries()
        self._most = most
        self._worlds = worlds
        self._open: set[EventStream] = set()
        self._watches: WeakKeyDictionary[asyncio.AbstractEventLoop, WorldsWatch] = WeakKeyDictionary()
        self._pulses: WeakKeyDictionary[asyncio.AbstractEventLoop, Pulse] = WeakKeyDictionary()
        self.has_ended = False

    @property
    def is_full(self) -> bool:
        """True where there are as many as there may be."""
        return len(self._open) >= self._most

    @property
    def watch(self) -> WorldsWatch:
        """The watch of the worlds in the running loop."""
        return self._watches.setdefault(asyncio.get_running_loop(), WorldsWatch(self._worlds))

    def begin(self, stream: EventStream) -> Pulse:
        """Count a stream, and return what looks for it."""
        self._open.add(stream)
        pulse = self._pulses.setdefault(asyncio.get_running_loop(), Pulse())
        pulse.add(stream)
        return pulse

    def end(self, stream: EventStream) -> None:
        """Count it no more."""
        self._open.discard(stream)
        if not self._open:
            self.shown.clear()

    def end_all(self) -> None:
        """End all streams: their server ends. Any thread may call this."""
        self.has_ended = True
        for stream in [*self._open]:
            stream.wake()


class EventStream:
    """One stream of events to one client. Between them it waits, and holds nothing."""

    status = HTTPStatus.OK

    def __init__(self, feed: Feed, streams: Streams) -> None:
        self.watch = feed.watch
        self._feed = feed
        self._streams = streams
        self._wait = Wait()
        self._seen: object = None

    def wake_if_new(self) -> None:
        """Go on where there may be something new."""
        if self._feed.look() != self._seen:
            self._wait.wake()

    def wake(self) -> None:
        """Go on, and see whether to end."""
        self._wait.wake()

    async def send_to(self, client: Connection, receive: Receive, send: Send) -> None:
        """Send events for as long as the client is there, the server goes on, and there is something to tell of."""
        gone = asyncio.get_running_loop().create_task(_until_gone(receive))
        gone.add_done_callback(lambda _: self.wake())
        pulse = self._streams.begin(self)
        try:
            await send({"type": "http.response.start", "status": self.status, "headers": [*HEADERS]})
            await self._chunk(BEGIN, send)
            with suppress(TooMany):
                await self._go_on(client, send, gone)
            await send({"type": "http.response.body", "body": b""})
        finally:
            client.charge = None
            pulse.remove(self)
            self._streams.end(self)
            gone.cancel()

    async def _go_on(self, client: Connection, send: Send, gone: asyncio.Task[None]) -> None:
        while not (gone.done() or client.gone or client.half_closed):
            await self._send_new(send, client)
            if self._feed.has_more:
                await client.yield_to_loop()
            elif not await self._next(client, send):
                break

    async def _send_new(self, send: Send, client: Connection) -> None:
        """Send what is new. Like any answer it counts until the client has read it, where it is long.

        Raises:
            TooMany: there is no room for it beside what others have not read; the client may come back.
        """
        self._seen = self._feed.look()
        events = await self._feed.take()
        client.charge = charge_answer(self._streams.answers, sum(map(len, events)))
        for event in events:
            if not client.gone:
                await self._chunk(event, send)
        client.charge = None

    async def _next(self, client: Connection, send: Send) -> bool:
        """Wait until there may be something new; return False where there never will be."""
        if self._feed.is_over or self._streams.has_ended or not await client.wait(self._wait, SILENCE):
            return False
        was_woken = self._wait.woken
        self._wait.rearm()
        if not was_woken:
            await self._chunk(HEARTBEAT, send)
        return True

    async def _chunk(self, data: bytes, send: Send) -> None:
        await send({"type": "http.response.body", "body": data, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def event(data: Any, id: str | None = None, name: str | None = None) -> bytes:
    """Return an event with a JSON value as its data, which has no line break."""
    return event_of(dump(data), id, name)


def event_of(json: bytes, id: str | None = None, name: str | None = None) -> bytes:
    """Return an event with JSON as its data, in one line."""
    lines = [f"{key}: {value}\n".encode() for key, value in (("id", id), ("event", name)) if value is not None]
    return b"%sdata: %s\n\n" % (b"".join(lines), json)
