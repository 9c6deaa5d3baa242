"""The connection of a client as faults use it, and the types of ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from emulator.kernel.faults import DROP, GARBAGE, HANG, RESET

if TYPE_CHECKING:
    from emulator.web.held_requests import HeldRequest

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

App = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]


class Connection(Protocol):
    """What can be done to a connection. After `drop` and `reset`, whatever is sent goes nowhere."""

    @property
    def gone(self) -> bool:
        """Whether nobody is known to be there any more to whom something could be sent."""

    @property
    def half_closed(self) -> bool:
        """Whether nobody can know if the client still listens."""

    async def probe(self) -> None:
        """Notes whether a client that may be gone is, as far as that is known after something was sent to it."""

    async def yield_to_loop(self) -> None:
        """Lets others have their turn."""

    async def pause(self, held: HeldRequest, seconds: float) -> bool:
        """Lets real time pass until the request is woken. False where nobody waits, so that more of it need not pass."""

    def stop_reading(self) -> None:
        """Answers nothing that comes after this request on its connection, nor what has come already."""

    async def say(self, data: bytes) -> None:
        """Puts bytes on the wire as they are."""

    async def drop(self) -> None:
        """Closes the connection once what was said has gone out."""

    async def reset(self) -> None:
        """Breaks the connection off (RST) once what was said has gone out."""

    async def hang(self, held: HeldRequest, seconds: float) -> None:
        """Says nothing until the request is let go. Closes the connection if the client gives up before, or after so long."""


T = TypeVar("T")

CONNECTION_KEY = "emulator.line"
"""Under this name in the scope's state, a server lends the means to hang up."""


class NoAnswer(Exception):
    """Ends a request of a caller without a socket that gets no answer, or not all of it."""


class ConnectionCut(NoAnswer):
    """Where there is no socket to do it with, what would have happened to it: drop, reset, garbage or hang."""

    def __init__(self, how: str) -> None:
        self.how = how
        super().__init__(f"a fault: {MEANINGS[how]}")


MEANINGS = {
    DROP: "the server hangs up without a whole reply",
    RESET: "the server resets the connection",
    GARBAGE: "the server sends what is not HTTP",
    HANG: "the server never answers",
}


class InProcessConnection:
    """For a caller without a socket, what happens to the connection is an exception."""

    gone = half_closed = False

    async def probe(self) -> None:
        """A caller without a socket is there until it is gone."""

    async def yield_to_loop(self) -> None:
        """Goes on at once: there may be no event loop."""

    async def pause(self, held: HeldRequest, seconds: float) -> bool:
        await held.wait_in_any_loop(seconds)
        return True

    def stop_reading(self) -> None:
        """A caller without a socket has no other request on its connection."""

    async def say(self, data: bytes) -> None:  # noqa: ARG002
        raise ConnectionCut(GARBAGE)

    async def drop(self) -> None:
        raise ConnectionCut(DROP)

    async def reset(self) -> None:
        raise ConnectionCut(RESET)

    async def hang(self, held: HeldRequest, seconds: float) -> None:  # noqa: ARG002
        raise ConnectionCut(HANG)


class InstantConnection(InProcessConnection):
    """For who wants the answer at once: real time is left out."""

    async def pause(self, held: HeldRequest, seconds: float) -> bool:  # noqa: ARG002
        return False

    async def hang(self, held: HeldRequest, seconds: float) -> None:
        """Lets no time pass."""


def run_sync(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that waits for nothing.

    Raises:
        RuntimeError: it waits after all.
    """
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    coroutine.close()
    raise RuntimeError("the application waited for something, which here it must not")


def connection_of(scope: MutableMapping[str, Any]) -> Connection:
    """The means that the server lends with this request; without a socket, exceptions."""
    connection: Connection = (scope.get("state") or {}).get(CONNECTION_KEY) or InProcessConnection()
    return connection
