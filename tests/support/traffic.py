"""Traffic as a browser or a proxy keeps it: HAR 1.2, written by hand or by an application between clients and an emulator."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

from emulator.web.connection import App, Message, Receive, Scope, Send


def entry(
    method: str,
    url: str,
    status: int = 200,
    reply: Any = None,
    *,
    headers: dict[str, str] | None = None,
    body: str | None = None,
    date: str | None = "Mon, 09 Mar 2026 20:55:31 GMT",
    started: str | None = "2026-03-09T20:55:31.123Z",
) -> dict[str, Any]:
    """Return an entry; a reply that is no text is JSON."""
    text = reply if isinstance(reply, str) else "" if reply is None else json.dumps(reply)
    request: dict[str, Any] = {"method": method, "url": url, "headers": _pairs(headers or {})}
    if body is not None:
        request["postData"] = {"mimeType": (headers or {}).get("Content-Type", ""), "text": body}
    content = {"size": len(text), "mimeType": "application/json", "text": text}
    response = {"status": status, "headers": _pairs({"Date": date} if date else {}), "content": content}
    return ({"startedDateTime": started} if started else {}) | {"request": request, "response": response}


def har(*entries: Any) -> bytes:
    """Return a file of these entries."""
    return json.dumps({"log": {"version": "1.2", "creator": {"name": "test", "version": "1"}, "entries": entries}}).encode()


class Proxy:
    """An application that keeps what goes through it to another, and calls it by the name of a host."""

    def __init__(self, app: App, host: str) -> None:
        self._app, self._host = app, host
        self.entries: list[dict[str, Any]] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent, heard = bytearray(), bytearray()
        head: list[Message] = []

        async def receive_and_keep() -> Message:
            message = await receive()
            sent.extend(message.get("body", b""))
            return message

        async def send_and_keep(message: Message) -> None:
            heard.extend(message.get("body", b""))
            head.extend([message] if message["type"] == "http.response.start" else [])
            await send(message)

        await self._app(scope, receive_and_keep, send_and_keep)
        self.entries.append(self._entry(scope, bytes(sent), head[0], bytes(heard)))

    def _entry(self, scope: Scope, sent: bytes, head: Message, heard: bytes) -> dict[str, Any]:
        query = f"?{scope['query_string'].decode()}" if scope["query_string"] else ""
        request: dict[str, Any] = {
            "method": scope["method"],
            "url": f"https://{self._host}{scope['raw_path'].decode()}{query}",
            "headers": _decoded(scope["headers"]),
        }
        if sent:
            request["postData"] = {"mimeType": "", "text": sent.decode()}
        content = {"size": len(heard), "encoding": "base64", "text": b64encode(heard).decode()}
        return {
            "request": request,
            "response": {"status": head["status"], "headers": _decoded(head["headers"]), "content": content},
        }


def _pairs(headers: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers.items()]


def _decoded(headers: Any) -> list[dict[str, str]]:
    return [{"name": name.decode("latin-1"), "value": value.decode("latin-1")} for name, value in headers]
