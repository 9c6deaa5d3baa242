"""A control request as HTTP has it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from urllib.parse import parse_qsl

from emulator.web.connection import Scope


class HttpRequest:
    """A request: its scope, as ASGI has it, the parameters of its path, and what yields a body that is not there yet."""

    def __init__(
        self, scope: Scope, path_params: Mapping[str, str], stream: Callable[[], AsyncIterator[bytes]] = lambda: _nothing()
    ) -> None:
        self.scope = scope
        self.path_params = path_params
        self.stream = stream
        self._headers: dict[str, str] | None = None
        self._query: list[tuple[str, str]] | None = None if scope["query_string"] else []

    @property
    def headers(self) -> Mapping[str, str]:
        """The first value of each header, its name in small letters."""
        if self._headers is None:
            headers = reversed(self.scope["headers"])
            self._headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
        return self._headers

    @property
    def query(self) -> list[tuple[str, str]]:
        """The names and values of the query, in order."""
        if self._query is None:
            self._query = parse_qsl(self.scope["query_string"].decode("latin-1"), keep_blank_values=True)
        return self._query

    @property
    def query_params(self) -> dict[str, str]:
        """The last value of each name in the query."""
        return dict(self.query)


async def _nothing() -> AsyncIterator[bytes]:
    """Yield nothing."""
    for piece in tuple[bytes, ...]():
        yield piece
