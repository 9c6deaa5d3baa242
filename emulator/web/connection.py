"""The connection of a client as faults use it, with and without a socket, and the types of ASGI."""

from __future__ import annotations

from asyncio import get_running_loop
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from emulator.kernel.faults import DROP, GARBAGE, HANG, RESET

if TYPE_CHECKING:
    from emulator.store.receipt import Receipt
    from emulator.web.answers import AnswerCharge
    from emulator.web.held_requests import HeldRequest
    from emulator.web.waits import Wait

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
"""Messages that ASGI receives and sends."""

Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

App = Callable[[Scope, Receive, Send], Coroutine[Any, Any, None]]


def target_of(scope: Scope) -> str:
    """Return the target of a request as it came: its path, and its query if it has one."""
    path: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")


class Connection(Protocol):
    """A connection that faults can act on. After `drop` and `reset`, all that is sent is discarded.

    `charge` is that of the answer that is being sent; a client that `can_stream` reads an answer as it comes.
    """

    charge: AnswerCharge | None
    can_stream: bool

    @property
    def gone(self) -> bool:
        """True once the client is known to be gone."""

    @property
    def half_closed(self) -> bool:
        """True once the client has closed its side, so that nobody can know whether it still reads."""

    async def until_over(self, receipt: Receipt) -> None:
        """Wait until what happened is kept, or could not be."""

    async def probe(self) -> None:
        """Find out whether a half-closed client is gone, as far as that is known after something was sent to it."""

    async def yield_to_loop(self) -> None:
        """Let everything else in the event loop have its turn."""

    async def pause(self, held: HeldRequest, seconds: float) -> bool:
        """Let real time pass until the request is woken; return False where no more of it need pass."""

    async def wait(self, wait: Wait, seconds: float) -> bool:
        """Wait until woken, and so many seconds at most; return False where no more real time need pass."""

    def stop_reading(self) -> None:
        """Ignore what comes after this request on its connection, and what has come already."""

    async def write_raw(self, data: bytes) -> None:
        """Send bytes as they are."""

    async def drop(self) -> None:
        """Close the connection once what was written is sent."""

    async def reset(self) -> None:
        """Reset the connection (RST) once what was written is sent."""

    async def hang(self, held: HeldRequest, seconds: float) -> None:
        """Send nothing until the request is released; close where the client gives up, or after so many seconds."""


T = TypeVar("T")

CONNECTION_KEY = "emulator.line"
"""The key of the connection in the `state` of a scope."""


class NoAnswer(Exception):
    """Ends an in-process request that gets no response, or not all of it."""


class ConnectionCut(NoAnswer):
    """Stands for what a fault would do to a socket: drop, reset, garbage or hang."""

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
    """A caller without a socket: what happens to the connection is raised as an exception."""

    gone = half_closed = can_stream = False
    charge: AnswerCharge | None = None

    async def until_over(self, receipt: Receipt) -> None:
        """Wait in the loop of a server that is none of ours, and outside of asyncio by blocking the thread."""
        from emulator.web.receipts import until_over

        try:
            get_running_loop()
        except RuntimeError:
            receipt.wait()
        else:
            await until_over(receipt)

    async def probe(self) -> None:
        """Find nothing out: a caller without a socket is there until it is gone."""

    async def yield_to_loop(self) -> None:
        """Go on at once: there may be no event loop."""

    async def pause(self, held: HeldRequest, seconds: float) -> bool:
        return await self.wait(held, seconds)

    async def wait(self, wait: Wait, seconds: float) -> bool:
        await wait.wait_in_any_loop(seconds)
        return True

    def stop_reading(self) -> None:
        """Ignore nothing: a caller without a socket has no other request on its connection."""

    async def write_raw(self, data: bytes) -> None:  # noqa: ARG002
        raise ConnectionCut(GARBAGE)

    async def drop(self) -> None:
        raise ConnectionCut(DROP)

    async def reset(self) -> None:
        raise ConnectionCut(RESET)

    async def hang(self, held: HeldRequest, seconds: float) -> None:  # noqa: ARG002
        raise ConnectionCut(HANG)


class InstantConnection(InProcessConnection):
    """A caller that wants its response at once: no real time passes."""

    async def wait(self, wait: Wait, seconds: float) -> bool:  # noqa: ARG002
        return False

    async def hang(self, held: HeldRequest, seconds: float) -> None:
        """Let no time pass."""


def run_sync(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that waits for nothing, and return its result.

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


def connection_of(scope: Scope) -> Connection:
    """Return the connection of a request; in-process where it came without a socket."""
    connection: Connection = (scope.get("state") or {}).get(CONNECTION_KEY) or InProcessConnection()
    return connection
