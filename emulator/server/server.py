"""uvicorn around the application, in the foreground or in a thread. Ready means that the next request succeeds."""

from __future__ import annotations

import asyncio
import logging
import socket
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from functools import partial
from itertools import count
from math import inf
from operator import methodcaller
from threading import Event, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any

import uvicorn

from emulator.kernel.limits import Limits
from emulator.server.collector import PeriodicCollector
from emulator.server.connection import HttpConnection
from emulator.server.listening import listen, url_of
from emulator.server.room import Room
from emulator.server.timeouts import GRACE, keep_alive_headers
from emulator.web.access_log import AccessLog
from emulator.web.connection import App
from emulator.web.event_loop import next_round, use_real_clock, wait_at_most
from emulator.web.gateway import Gateway

if TYPE_CHECKING:
    import ssl

    from emulator.server.tls import Tls

log = logging.getLogger("emulator")

ROUNDS = 8
"""Rounds of the loop in which a connection that waits is accepted, heard and answered."""

INTERVAL = 0.001
"""Seconds after which Python switches threads: a fifth of its default, since the loop often waits for a long one."""

FOR_EVER = 10 * 365 * 86_400
"""Seconds for which a timer stands that never fires; an infinite one is none that the loops know."""


def new_event_loop() -> asyncio.AbstractEventLoop:
    """Return uvloop's loop, and asyncio's own where there is no uvloop."""
    try:
        import uvloop
    except ImportError:  # on Windows
        return asyncio.new_event_loop()
    return uvloop.new_event_loop()


class _Server(uvicorn.Server):
    """A server that calls back when it is ready, once a second, and when it stops."""

    def __init__(
        self,
        config: uvicorn.Config,
        on_ready: Callable[[], None],
        limits: Limits,
        on_stop: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(config)
        self._on_stop = on_stop
        self._on_ready = on_ready
        self._limits = limits
        self.on_second: Callable[[], None] = lambda: None

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve in a loop of its own. Releases of uvicorn before 0.36 would change the loops of the whole process."""
        with asyncio.Runner(loop_factory=new_event_loop) as runner:
            runner.run(self.serve(sockets))

    def stop_after(self, wait: Callable[[], None]) -> None:
        """Stop when this function returns."""
        wait()
        self.should_exit = True

    async def on_tick(self, counter: int) -> bool:
        """Hang up, once in ten ticks, on clients that are too slow to send a request or to read its response."""
        if counter % 10 == 0:
            self._hang_up_on_the_slow(asyncio.get_running_loop().time())
            self.on_second()
        return await super().on_tick(counter)

    def _hang_up_on_the_slow(self, now: float) -> None:
        for connection in self._connections():
            if connection.is_stuck(now):
                connection.abort()
            elif connection.is_slow(now):
                connection.refuse(408, "too-slow", "the request did not come to its end in time")
            else:
                connection.probe()
                connection.close_if_idle(now)
        _make_room_for_answers(self._connections())

    def _connections(self) -> list[HttpConnection]:
        return [each for each in self.server_state.connections if isinstance(each, HttpConnection)]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        if self.config.ssl is None:
            await super().startup(sockets)
        else:
            await super().startup([])
            self._begin_handshakes(self.config.ssl, sockets or [])
        if self.started:
            self._on_ready()

    def _begin_handshakes(self, context: ssl.SSLContext, sockets: list[socket.socket]) -> None:
        from emulator.server.handshakes import Handshakes, TlsListener

        protocol: Any = self.config.http_protocol_class
        handshakes = Handshakes(partial(protocol, self.config, self.server_state, {}), context, self._limits)
        self.servers = [TlsListener(each, handshakes) for each in sockets]  # type: ignore[misc]  # as much of servers as is used

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._on_stop()
        await super().shutdown(sockets)


class _ThreadServer(_Server):
    """A server that any thread can stop at once, which drops every connection; uvicorn would look every 0.1 s."""

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stop)

    def _stop(self) -> None:
        self._stopped = True
        self._bell.set()

    def look(self) -> Future[tuple[int, Any]]:
        """Return a future of the traffic as the server's own loop sees it."""
        return asyncio.run_coroutine_threadsafe(self._traffic(), self._loop)

    async def _traffic(self) -> tuple[int, Any]:
        """Read what the sockets hold; return the number of unanswered requests, and a value that changes with each byte."""
        for _ in range(ROUNDS):
            await next_round()
        connections = self._connections()
        activity = sorted((id(each), each.activity) for each in connections)
        return sum(each.is_answering for each in connections), (self.server_state.total_requests, activity)

    async def main_loop(self) -> None:
        for second in count():
            self._bell.clear()
            await self.on_tick(10 * second)
            if self._stopped:
                return
            await wait_at_most(self._bell, 1)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop, self._bell, self._stopped = asyncio.get_running_loop(), asyncio.Event(), False
        use_real_clock(self._loop)
        await super().startup(sockets)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:  # noqa: ARG002  uvicorn's signature
        for listening in self.servers:
            listening.close()
        for connection in [*self.server_state.connections]:
            connection.transport.abort()
        for _ in range(ROUNDS):
            await next_round()  # tasks that wait for a client learn that it is gone
        for task in self.server_state.tasks:
            task.cancel()
        await asyncio.gather(*self.server_state.tasks, return_exceptions=True)


def serve(
    app: App,
    listening: Sequence[socket.socket],
    on_ready: Callable[[], None],
    limits: Limits | None = None,
    tls: ssl.SSLContext | None = None,
    access_log: AccessLog | None = None,
    until: Callable[[], None] | None = None,
    on_stop: Callable[[], None] = lambda: None,
) -> None:
    """Serve in the foreground until a signal stops the process, or `until` returns, which is called in a thread of its own.

    `on_stop` is called before the end.
    """
    bounds = limits or Limits()
    sys.setswitchinterval(INTERVAL)
    server = _Server(_config(app, bounds, access_log, tls), on_ready, bounds, on_stop)
    server.on_second = PeriodicCollector().collect
    if until is not None:
        Thread(target=server.stop_after, args=(until,), daemon=True).start()
    server.run(sockets=[*listening])


class ThreadedServer:
    """A server in a thread, for as long as this context lasts; `url` answers from its beginning on.

    Its log goes to the handlers that the process has, which stay as they are.
    """

    def __init__(
        self, app: App, host: str = "127.0.0.1", port: int = 0, limits: Limits | None = None, tls: Tls | None = None
    ) -> None:
        self._ready = Event()
        self._sockets = listen(host, port)
        bounds = limits or Limits()
        self._server = _ThreadServer(_config(app, bounds, tls=tls.context() if tls else None), self._ready.set, bounds)
        self._failed: BaseException | None = None
        self._thread = Thread(target=self._run, name="batch-emulator", daemon=True)
        self.url = url_of(self._sockets, "https" if tls else "http")

    def __enter__(self) -> ThreadedServer:
        self._thread.start()
        self._ready.wait()
        if not self._server.started:
            self._close()
            raise self._failed or RuntimeError("the server ended before it began")
        return self

    def look(self) -> Future[tuple[int, Any]]:
        """Return the number of requests without an answer yet, and a value that changes with everything that comes or goes."""
        return self._server.look()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._server.stop()
        self._thread.join()
        self._close()

    def _close(self) -> None:
        for listening in self._sockets:
            listening.close()

    def _run(self) -> None:
        try:
            self._server.run(sockets=self._sockets)
        except BaseException as error:
            if self._server.started:
                raise
            self._failed = error  # it is raised in the thread that waits for the beginning
        finally:
            self._ready.set()


def _make_room_for_answers(connections: Iterable[HttpConnection]) -> None:
    """Cut off the slowest readers of long answers, where these have less than half of their room left."""
    answers = {each: charge for each in connections if (charge := each.answer())}
    in_the_way = sum(charge.size for charge in answers.values())
    for each in sorted(answers, key=methodcaller("pace_of_answer")):
        charge = answers[each]
        if in_the_way <= charge.quota.limit // 2 or each.pace_of_answer() == inf:
            return
        log.warning("cut off a client that is slow to read an answer of %d bytes, since others want the room", charge.size)
        in_the_way -= charge.size
        each.abort()


def _config(app: App, limits: Limits, access_log: AccessLog | None = None, tls: ssl.SSLContext | None = None) -> uvicorn.Config:
    config = uvicorn.Config(
        app,
        loop="none",
        log_config=None,  # the log goes where the process has it go
        http=type(
            "BoundedConnection",
            (HttpConnection,),
            {
                "gateway": app if isinstance(app, Gateway) else None,
                "limits": limits,
                "room": Room(),
                "refusals_log": access_log,
                "keep_alive": keep_alive_headers(limits.keep_alive),
            },
        ),
        ws="none",
        lifespan="off",
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,  # replies carry the world's date, not the machine's
        timeout_keep_alive=min(limits.keep_alive, FOR_EVER) + GRACE,  # type: ignore[arg-type]  # the loops take fractions
        timeout_graceful_shutdown=0.3,  # type: ignore[arg-type]  # with uvicorn's own 0.1 s, a client that stalls holds up no end
    )
    if tls is not None:
        config.load()  # or it would be ignored
        config.ssl = tls
    return config
