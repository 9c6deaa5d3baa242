"""The application called where it stands, with no socket, no event loop and no client library between."""

from __future__ import annotations

from collections.abc import Coroutine, MutableMapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import unquote

from emulator.app import App


class Answered(NamedTuple):
    """What the application sent in answer to a request."""

    status: int
    headers: Sequence[tuple[bytes, bytes]]
    content: bytes


def ask(
    app: App,
    method: str,
    target: bytes,
    headers: Sequence[tuple[bytes, bytes]] = (),
    body: bytes = b"",
    scheme: str = "http",
) -> Answered:
    """Runs one request through the application, to its end."""
    path, _, query = target.partition(b"?")
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
    }
    incoming = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return incoming.pop() if incoming else {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    _run(app(scope, receive, send))
    return Answered(sent[0]["status"], sent[0]["headers"], b"".join(message.get("body", b"") for message in sent[1:]))


def _run(coroutine: Coroutine[Any, Any, None]) -> None:
    try:
        coroutine.send(None)
    except StopIteration:
        return
    coroutine.close()
    raise RuntimeError("the application waited for something, which in-process it must not")
