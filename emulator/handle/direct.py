"""The application called where it stands, with no socket, no event loop and no client library between."""

from __future__ import annotations

from collections.abc import MutableMapping, Sequence
from threading import Event
from typing import Any, NamedTuple
from urllib.parse import unquote

from emulator.app import App
from emulator.kernel.faults import HANG
from emulator.web.accidents import LENT, LineCut, NoSocket, at_once


class Answered(NamedTuple):
    """What the application sent in answer to a request: all of it, unless a fault `cut` it short."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    content: bytes
    cut: LineCut | None = None


class Here(NoSocket):
    """Without an event loop, real time passes by waiting. Where the caller would not wait so long, it has given up."""

    def __init__(self, patience: float | None) -> None:
        self._patience = patience
        self.gone = False

    async def pause(self, seconds: float) -> None:
        if self._patience is not None and seconds >= self._patience:
            self.gone = True
        else:
            Event().wait(seconds)


def ask(
    app: App,
    method: str,
    target: bytes,
    headers: Sequence[tuple[bytes, bytes]] = (),
    body: bytes = b"",
    scheme: str = "http",
    patience: float | None = None,
) -> Answered:
    """Runs one request through the application, to its end. `patience` is how many seconds of silence the caller bears.

    Raises:
        LineCut: a fault left the request without any answer.
    """
    path, _, query = target.partition(b"?")
    here = Here(patience)
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": scheme,
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "root_path": "",
        "query_string": query,
        "headers": [(name.lower(), value) for name, value in headers],
        "server": None,
        "client": ("127.0.0.1", 0),
        "state": {LENT: here},
    }
    incoming = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return incoming.pop() if incoming else {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    cut: LineCut | None = None
    try:
        at_once(app(scope, receive, send))
    except LineCut as error:
        if not sent:
            raise
        cut = error
    if here.gone:
        raise LineCut(HANG)
    return Answered(sent[0]["status"], sent[0]["headers"], b"".join(message.get("body", b"") for message in sent[1:]), cut)
