"""A control request as HTTP has it, and what ends it early: an error of HTTP, or a client that hung up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from functools import cached_property
from urllib.parse import parse_qsl

from emulator.web.connection import Receive, Scope


class HttpError(Exception):
    """A request that HTTP itself refuses; the headers go with its status."""

    def __init__(self, status: int, detail: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}


class ClientGone(Exception):
    """The client hung up before the end of its request."""


class HttpRequest:
    """A request: its scope, as ASGI has it, the parameters of its path, and what receives a body that is not there yet."""

    def __init__(self, scope: Scope, path_params: Mapping[str, str], receive: Receive | None = None) -> None:
        self.scope = scope
        self.path_params = path_params
        self._receive = receive

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """The first value of each header, its name in small letters."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in reversed(self.scope["headers"])}

    @cached_property
    def query(self) -> list[tuple[str, str]]:
        """The names and values of the query, in order."""
        text: bytes = self.scope["query_string"]
        return parse_qsl(text.decode("latin-1"), keep_blank_values=True) if text else []

    @property
    def query_params(self) -> dict[str, str]:
        """The last value of each name in the query."""
        return dict(self.query)

    async def stream(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes.

        Raises:
            ClientGone: it does not come to its end.
        """
        more = self._receive is not None
        while more and self._receive:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            more = message.get("more_body", False)
            yield message.get("body", b"")
