"""A request as a vendor reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl

import orjson

from emulator.kernel.exchange import Savepoint
from emulator.kernel.resource import Struct, field

if TYPE_CHECKING:
    from emulator.kernel.calls import Call, Verdict
    from emulator.sdk.vendor import Operation, Vendor


class Request(Struct, eq=False):
    """One request as a vendor reads it. Header names are lower case; `path` is percent-encoded, except for plain letters.

    `target` is the path and the query as they came; of a header or a parameter that is repeated, the last value counts.
    Set once it is routed: `vendor`, `operation` (None where the vendor has not that path or verb), `operation_name` (in the
    journal), `verbs` (of the path), `credential`, `named_world` (by a header), `parameters` (the path's ids) and `reader`
    (what takes in an upload). Set on the way: `savepoint`, the world's place before a request that a fault delays;
    `authority`, the host by which the client calls us where that is not its Host; `in_flight`, earlier requests that a fault
    keeps from taking effect yet, each with its operation's name; `is_on_loop`, whether it holds up an event loop meanwhile;
    `verdicts`, those of the faults and replies of its world that cover it, and `call`, the request as they see it;
    `has_waited`, whether the deliveries of `waits_for` were attempted, as far as they ever are.

    A vendor sets what it finds out while it reads the request: `request_id`, its own name for the request;
    `idempotency_key`; and `fields`, those of the body or the query. A handler whose answer depends on what becomes of
    deliveries sets `waits_for` to their keys, and is called again when they were attempted. What it answers at first stands
    where nothing can be sent, as in a dry run.
    """

    method: str
    path: str
    query_string: str
    target: str
    raw_headers: Sequence[tuple[bytes, bytes]]
    scheme: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes = b""
    authority: str | None = None
    vendor: Vendor = None  # type: ignore[assignment]  # until it is routed
    operation: Operation | None = None
    operation_name: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    verbs: Sequence[str] = ()
    credential: str | None = None
    named_world: str | None = None
    reader: Any = None
    request_id: str | None = None
    idempotency_key: str | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    savepoint: Savepoint | None = None
    in_flight: Sequence[tuple[str, Request]] = ()
    is_on_loop: bool = False
    verdicts: tuple[Verdict[Any], ...] = ()
    call: Call | None = None
    waits_for: tuple[tuple[str, str], ...] = ()
    has_waited: bool = False

    @property
    def json(self) -> Any:
        """The body read as JSON, None when there is none.

        Raises:
            ValueError: the body is not JSON.
        """
        return orjson.loads(self.body) if self.body else None

    @property
    def media_type(self) -> str:
        """The media type of the body in lower case, without its parameters; empty where there is none."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def base_url(self) -> str:
        """The URL by which the client reached this server, so that links lead back to it."""
        return f"{self.scheme}://{self.authority or self.headers.get('host') or 'localhost'}"


values_of = attrgetter(*(Request.__struct_fields__))
"""Returns the values of a request's fields, in the order in which another is made of them."""


def read_request(
    method: str,
    path: str,
    query: str = "",
    headers: Sequence[tuple[bytes, bytes]] = (),
    body: bytes = b"",
    scheme: str = "http",
) -> Request:
    """Return a request as it came, not routed yet."""
    decoded = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
    target = f"{path}?{query}" if query else path
    return Request(method, path, query, target, headers, scheme, decoded, _parse_query(query), body)


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
