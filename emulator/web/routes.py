"""Routing: a tree of path segments that leads to an operation, and the choice of the world."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from emulator.kernel.resource import Struct, field, structs
from emulator.kernel.worlds import Worlds
from emulator.sdk.request import Request
from emulator.sdk.vendor import Operation, Vendor
from emulator.text.nearest import hint
from emulator.web.response import WORLD_HEADER

UNMATCHED = "astray"
"""The name in the journal of an operation that the vendor does not have."""


class Node(Struct):
    """A segment of a path: the segments that may follow it, and the operations of the path that ends here."""

    fixed: dict[str, Node] = field(default_factory=dict)
    anything: Node | None = None
    operations: dict[str, tuple[Operation, tuple[str, ...]]] = field(default_factory=dict)
    vendor: Vendor | None = None


class Route(Struct, frozen=True):
    """The vendor and the operation of a request. Without an operation the vendor has not that path or verb."""

    vendor: Vendor
    operation: Operation | None
    parameters: Mapping[str, str]
    verbs: tuple[str, ...]

    def apply(self, request: Request) -> None:
        """Set on a request where it goes, and its credential as the vendor reads it."""
        request.vendor, request.operation = self.vendor, self.operation
        request.operation_name = self.operation.name if self.operation else f"{self.vendor.name}.{UNMATCHED}"
        request.parameters, request.verbs = self.parameters, self.verbs
        request.named_world = request.headers.get(WORLD_HEADER.decode())
        request.credential = self.vendor.credential(request)


class Routes:
    """The operations of all vendors, at each of their mounts."""

    def __init__(self, vendors: Iterable[Vendor]) -> None:
        self.vendors = tuple(vendors)
        self._root = Node()
        self._paths: list[str] = []
        self._parameters: dict[str, tuple[str, ...]] = {}
        self._hosts: dict[str, Vendor] = {}
        self._links: set[str] = set()
        for vendor in self.vendors:
            self._hosts |= dict.fromkeys(vendor.hosts, vendor)
            for mount in vendor.mounts:
                if mount:
                    self._node(mount).vendor = vendor
            for operation in vendor.operations:
                self._links |= {mount.split("/")[1] for mount in operation.mounts}
                for mount in operation.mounts or vendor.mounts:
                    self._paths.append(mount + operation.path)
                    for path in (operation.path, *operation.other_paths):
                        self._add(self._node(mount), vendor, operation, path)

    def find(self, method: str, raw_path: str, headers: Iterable[tuple[bytes, bytes]] = ()) -> Route | None:
        """Return the route of a request, given its path still percent-encoded; None where no vendor owns the path.

        A Host that is a vendor's own name leads to that vendor, also where the path is another's.
        """
        host = next((value for name, value in headers if name == b"host"), b"")
        owner = self._hosts.get(host.decode("latin-1").partition(":")[0].lower())
        route = self._of_path(method, raw_path)
        return route if owner is None or (route and route.vendor is owner) else Route(owner, None, {}, ())

    def nearest(self, path: str) -> str:
        """Return a hint at the known path closest to an unknown one."""
        return hint(path, self._paths)

    def parameters(self, operation: str) -> tuple[str, ...]:
        """Return the names of the parameters in the path of an operation."""
        return self._parameters.get(operation, ())

    def _of_path(self, method: str, raw_path: str) -> Route | None:
        """Return the route to the vendor of a path.

        An empty segment is never the value of an id. A vendor that does not mind case does not mind one slash at the end
        either. Evidence: serpwow-path-2 and 6dot50-path-3.
        """
        node: Node | None = self._root
        vendor: Vendor | None = None
        values: list[str] = []
        exact = True
        segments = raw_path.split("/")
        for place, segment in enumerate(segments[1:], 2):
            if node is None:
                break
            if not segment and place == len(segments) and vendor is not None and not vendor.case_sensitive:
                break
            known, (node, value) = node.fixed, _step(node, segment, vendor)
            if value is not None:
                values.append(value)
            elif segment not in known:
                exact = False
            if node is not None and node.vendor is not None:
                vendor = node.vendor
        if vendor is None or (vendor.case_sensitive and node is not None and not exact):
            return None
        if raw_path.split("/")[1].lower() in self._links:
            return _route_of_link(vendor, node, method, values)
        return _route(vendor, node, method, values)

    def _node(self, mount: str) -> Node:
        node = self._root
        for segment in mount.strip("/").split("/") if mount else ():
            node = node.fixed.setdefault(segment, Node())
        return node

    def _add(self, node: Node, vendor: Vendor, operation: Operation, path: str) -> None:
        names = []
        for segment in path.strip("/").split("/"):
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.anything = node = node.anything or Node()
            else:
                node = node.fixed.setdefault(segment if vendor.case_sensitive else segment.lower(), Node())
            node.vendor = vendor
        node.operations[operation.method] = operation, tuple(names)
        self._parameters[operation.name] = tuple(names)


def _step(node: Node, segment: str, vendor: Vendor | None) -> tuple[Node | None, str | None]:
    """Return the node to which a segment leads, and the segment's value where it stands for a parameter."""
    following = node.fixed.get(segment)
    if following is None and (vendor is None or not vendor.case_sensitive):
        following = node.fixed.get(segment.lower())
        if following is not None and following.vendor is not None and following.vendor.case_sensitive:
            following = None
    if following is not None:
        return following, None
    return (node.anything, unquote(segment)) if segment else (None, None)


def _route_of_link(vendor: Vendor, node: Node | None, method: str, values: list[str]) -> Route | None:
    """Return the route of a link, whose first id is its world whatever the verb. HEAD is as GET (RFC 9110, 9.3.2)."""
    route = _route(vendor, node, method, values)
    if method == "HEAD" and route.operation is None and "GET" in route.verbs:
        route = _route(vendor, node, "GET", values)
    if route.operation is not None:
        return route
    verbs = tuple(sorted({*route.verbs, "HEAD"})) if "GET" in route.verbs else route.verbs
    return structs.replace(route, parameters={"world": values[0]}, verbs=verbs) if values else None


def _route(vendor: Vendor, node: Node | None, method: str, values: list[str]) -> Route:
    if node is None or not node.operations:
        return Route(vendor, None, {}, ())
    found = node.operations.get(method)
    verbs = tuple(sorted(node.operations))
    if found is None:
        return Route(vendor, None, {}, verbs)
    operation, names = found
    return Route(vendor, operation, dict(zip(names, values, strict=True)), verbs)


def why_no_world(worlds: Worlds, request: Request, hides_names: bool) -> str:
    """Return why a request reaches no world, and the nearest name that there is unless names are hidden."""
    linked, named = request.parameters.get("world"), request.named_world
    if linked is not None and linked in worlds and named is not None and named in worlds:
        return f"this link is of the world {linked!r}, and the header Emulator-World names {named!r}: leave the header out"
    source, name = ("the path", linked) if named is None else ("the header Emulator-World", named)
    known = [] if hides_names else [world.id for world in worlds]
    return f"{source} names {name!r}, and no world is called so{hint(str(name), known)}"
