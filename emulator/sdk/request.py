"""A request as a vendor reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl

import orjson

from emulator.kernel.journal import Checkpoint

if TYPE_CHECKING:
    from emulator.sdk.vendor import Operation, Vendor


class Request:
    """One request as a vendor reads it. Header names are lower case; `path` is percent-encoded, except for plain letters.

    Set once it is routed: `vendor`, `operation` (None where the vendor has not that path or verb), `operation_name` (in the
    journal), `verbs` (of the path), `credential`, `parameters` (the path's ids) and `reader` (what takes in an
    upload). Set on the way: `checkpoint`, the world's place before a request that a fault delays; `authority`, the host by
    which the client calls us where that is not its Host; `in_flight`, earlier requests that a fault keeps from taking effect
    yet, each with its operation's name.

    A vendor sets what it finds out while it reads the request: `request_id`, its own name for the request;
    `idempotency_key`; `account`, the id of the account that the request acts for; `fields`, those of the body or the query;
    and `assumption`, the id of the assumption by which the request is read, which its answer carries unless another decides.
    """

    __slots__ = (
        "_headers",
        "_query",
        "account",
        "assumption",
        "authority",
        "body",
        "checkpoint",
        "credential",
        "fields",
        "idempotency_key",
        "in_flight",
        "method",
        "operation",
        "operation_name",
        "parameters",
        "path",
        "query_string",
        "raw_headers",
        "reader",
        "request_id",
        "scheme",
        "vendor",
        "verbs",
    )

    vendor: Vendor
    operation_name: str

    def __init__(
        self,
        method: str,
        path: str,
        query: str = "",
        headers: Sequence[tuple[bytes, bytes]] = (),
        body: bytes = b"",
        scheme: str = "http",
    ) -> None:
        self.method = method
        self.path = path
        self.query_string = query
        self.raw_headers = headers
        self.body = body
        self.scheme = scheme
        self.authority: str | None = None
        self.credential: str | None = None
        self.reader: Any = None
        self.request_id: str | None = None
        self.idempotency_key: str | None = None
        self.account: str | None = None
        self.fields: Mapping[str, Any] = {}
        self.assumption: str | None = None
        self.checkpoint: Checkpoint | None = None
        self.in_flight: Sequence[tuple[str, Request]] = ()
        self.parameters: Mapping[str, str] = {}
        self.operation: Operation | None = None
        self.verbs: Sequence[str] = ()
        self._headers: Mapping[str, str] | None = None
        self._query: Mapping[str, str] | None = None

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, each with its last value."""
        if self._headers is None:
            self._headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in self.raw_headers}
        return self._headers

    @property
    def query(self) -> Mapping[str, str]:
        """The query's parameters, each with its last value."""
        if self._query is None:
            self._query = _parse_query(self.query_string)
        return self._query

    @property
    def json(self) -> Any:
        """The body read as JSON, None when there is none.

        Raises:
            ValueError: the body is not JSON.
        """
        return orjson.loads(self.body) if self.body else None

    @property
    def target(self) -> str:
        """The path and the query, as they came."""
        return f"{self.path}?{self.query_string}" if self.query_string else self.path

    @property
    def base_url(self) -> str:
        """The URL by which the client reached this server, so that links lead back to it."""
        return f"{self.scheme}://{self.authority or self.headers.get('host') or 'localhost'}"


def _parse_query(text: str) -> Mapping[str, str]:
    if "%" in text or "+" in text:
        return dict(parse_qsl(text, keep_blank_values=True))
    return dict(part.partition("=")[::2] for part in text.split("&") if part)


class Reader(Protocol):
    """Reads an upload as it arrives, `limit` bytes at most, of which it keeps `size` bytes."""

    limit: int

    @property
    def size(self) -> int: ...
    def feed(self, chunk: bytes) -> None: ...
    def give_up(self) -> None:
        """Drop what was read: the upload is refused."""
