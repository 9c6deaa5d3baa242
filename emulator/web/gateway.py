"""The data plane: finds the world and the operation of a request, lets the vendor answer, and notes it in the journal."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from email.utils import format_datetime
from typing import Any

from emulator.kernel.journal import Exchange
from emulator.kernel.plan import Scripted
from emulator.kernel.transaction import Transaction
from emulator.kernel.world import World
from emulator.kernel.worlds import Worlds
from emulator.vendors.vendor import Answer, Call, Operation, Reply, Vendor, dump
from emulator.web.routes import Routes

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Judge = Callable[[str, str, int, bytes], None]
"""Is shown (vendor, operation, status, body) of each reply and raises when it is not one that the vendor could give."""

MAX_BODY = 1_000_000
WORLD_HEADER = "emulator-world"

log = logging.getLogger("emulator")


class Gateway:
    """One ASGI callable for all vendors. From the request's last byte to its journal entry nothing is awaited."""

    def __init__(self, worlds: Worlds, vendors: Iterable[Vendor], basis: Mapping[str, str], judge: Judge | None = None) -> None:
        self._worlds = worlds
        self._routes = Routes(vendors)
        self._basis = basis
        self._judge = judge

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read(receive)
        reply = (
            Reply(413, {"message": f"more than {MAX_BODY} bytes"}, _ours("too-large"))
            if body is None
            else self._serve(scope, body)
        )
        content = reply.body if isinstance(reply.body, bytes) else b"" if reply.body is None else dump(reply.body)
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in reply.headers.items()]
        headers.append((b"content-length", str(len(content)).encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else content})

    def _serve(self, scope: Scope, body: bytes) -> Reply:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        raw_path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        route = self._routes.find(scope["method"], raw_path)
        if route is None:
            hint = self._routes.nearest(scope["path"])
            return Reply(404, {"message": f"no vendor has the path {scope['path']}{hint}"}, _ours("no-such-path"))
        base_url = f"{scope['scheme']}://{headers.get('host', 'localhost')}"
        call = Call(scope["method"], raw_path, scope["query_string"].decode("latin-1"), headers, body, base_url)
        call.parameters = route.parameters
        try:
            world = self._world(route.vendor, call)
        except KeyError:
            return Reply(404, {"message": f"no such world as {headers[WORLD_HEADER]!r}"}, _ours("no-such-world"))
        try:
            return self._exchange(world, route.vendor, route.operation, route.verbs, call)
        except Exception:
            log.exception("%s %s failed", call.method, call.path)
            return Reply(500, {"message": "the emulator failed; its log says where"}, _ours("internal"))

    def _world(self, vendor: Vendor, call: Call) -> World:
        named = call.headers.get(WORLD_HEADER)
        if named is None:
            return self._worlds.pick(vendor.name, vendor.credential(call))
        if named not in self._worlds:
            raise KeyError(named)
        return self._worlds.get(named)

    def _exchange(self, world: World, vendor: Vendor, operation: Operation | None, verbs: tuple[str, ...], call: Call) -> Reply:
        name = operation.name if operation else f"{vendor.name}.astray"
        with world.transaction(name) as tx:
            answer, reply = _answer(tx, vendor, operation, verbs, call)
            n = world.journal.last + 1
            headers = {"content-type": "application/json"} | dict(vendor.finish(tx, call, reply, n)) | dict(reply.headers)
            headers["date"] = format_datetime(tx.now, usegmt=True)
            if operation is None and not verbs:
                headers["emulator-error"] = "no-such-path"
            basis = "inferred" if answer.assumption else self._basis.get(answer.evidence, "inferred")
            if world.rules.provenance:
                headers |= {"emulator-exchange": f"{world.id}/{n}", "emulator-basis": basis}
            content = reply.body if isinstance(reply.body, bytes) else b"" if reply.body is None else dump(reply.body)
            if self._judge is not None and answer.name != "scripted":
                self._judge(vendor.name, name, reply.status, content)
        target = call.path + (f"?{call.query_string}" if call.query_string else "")
        changes = tuple(tx.changes)
        world.journal.add(
            Exchange(
                at=tx.now,
                operation=name,
                method=call.method,
                target=target,
                request=call.body,
                answer=answer.name,
                evidence=answer.evidence,
                basis=basis,
                status=reply.status,
                reply=content,
                changes=changes,
                assumption=answer.assumption,
            )
        )
        return Reply(reply.status, content, headers)


def _answer(
    tx: Transaction, vendor: Vendor, operation: Operation | None, verbs: tuple[str, ...], call: Call
) -> tuple[Answer, Reply]:
    if operation is None:
        answer = vendor.astray(tx, call, verbs)
    else:
        scripted: list[Scripted] = tx.group(Scripted.kind, "for", operation.name)
        if scripted:
            return _say(tx, scripted[0])
        answer = vendor.admit(tx, call, operation) or operation.act(tx, call)
    return answer, vendor.wordings[answer.name](tx, call, answer.subject)


def _say(tx: Transaction, scripted: Scripted) -> tuple[Answer, Reply]:
    """A reply that the scenario gives word for word."""
    tx.put(scripted.said())
    return Answer("scripted", scripted.place), Reply(scripted.status_code, scripted.body, scripted.headers)


async def _read(receive: Receive) -> bytes | None:
    """The whole body; None when it is larger than is allowed."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > MAX_BODY:
            return None
        chunks.append(chunk)
        if not message.get("more_body"):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _ours(error: str) -> dict[str, str]:
    return {"emulator-error": error, "content-type": "application/json"}
