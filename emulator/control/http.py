"""A control request as HTTP has it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from functools import cached_property
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


async def _nothing() -> AsyncIterator[bytes]:
    """Yield nothing."""
    for piece in tuple[bytes, ...]():
        yield piece
