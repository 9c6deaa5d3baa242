"""The request that a client probably meant: another vendor's path, one written twice, or a key in another place."""

from __future__ import annotations

import re
from collections.abc import Iterator

from emulator.kernel.secrets import redact
from emulator.sdk.request import Request
from emulator.sdk.vendor import Vendor
from emulator.web.routes import Routes

_SLASHES = re.compile(r"/{2,}")
_KEY_NAME = re.compile(r"(x-)?api[_-]?key", re.IGNORECASE)
_SCHEMES = frozenset({"apikey", "basic", "bearer", "digest", "token"})
_KEY_IN_BODY = re.compile(rb"\bapi[_-]?key\b", re.IGNORECASE)


def meant(routes: Routes, request: Request, reached: Vendor | None = None) -> str:
    """Return which path or vendor a request is probably meant for, as a sentence; empty where nothing speaks for another.

    `reached` is the vendor that answers it, if any.
    """
    return path_meant(routes, request) or vendor_meant(routes, request, reached)


def path_meant(routes: Routes, request: Request) -> str:
    """Return the operation's path that has each slash and each mount of its vendor once, where the request has more."""
    path = _SLASHES.sub("/", request.path)
    found = next(filter(None, (_of_its_own(routes, it, request, path) for it in _owners(routes, path))), "")
    return f"did you mean {found!r}?" if found else ""


def vendor_meant(routes: Routes, request: Request, reached: Vendor | None = None) -> str:
    """Return another vendor for which a request is probably meant, unless its path begins as those of one vendor only.

    It is the one whose key the request carries, or else one that has the path below its mount.
    """
    path = _SLASHES.sub("/", request.path)
    if any(_owners(routes, path)):
        return ""
    for vendor in routes.vendors:
        if vendor is not reached and vendor.mounts[0] and vendor.recognizes(request) and not _is_recognized(reached, request):
            found = _below_mount(routes, vendor, request.method, path)
            return f"this has a key as {vendor.name} takes it, whose {_begin_with(vendor, found)}"
    if reached is not None and _has_operation(routes, reached, request.method, request.path):
        return ""
    for vendor in routes.vendors:
        if vendor is not reached and (found := _below_mount(routes, vendor, request.method, path)):
            return f"{vendor.name}'s {_begin_with(vendor, found)}"
    return ""


def keys_elsewhere(request: Request) -> Iterator[str]:
    """Yield where a request has what may be a key: in an Authorization header, another header, its query or its body."""
    for name, value in request.headers.items():
        if name == "authorization" and value.strip():
            scheme, _, credential = value.strip().partition(" ")
            known = scheme if scheme.lower() in _SCHEMES else redact(scheme)
            how = f"with the scheme {known}" if credential else f"without a scheme ({known})"
            yield f"a header Authorization {how}"
        elif _KEY_NAME.fullmatch(name):
            yield f"a header {name}"
    yield from (f"{name!r} in its query" for name in request.query if _KEY_NAME.fullmatch(name))
    if named := _KEY_IN_BODY.search(request.body):
        yield f"{named[0].decode()!r} in its body"


def misplaced_key(vendor: Vendor, request: Request) -> str:
    """Return where a request has a key that its vendor does not read, and where it belongs; empty where it has none."""
    found = " and ".join(keys_elsewhere(request))
    return f"the request has {found}; {vendor.name} takes {vendor.credential_hint}" if found and vendor.credential_hint else ""


def _owners(routes: Routes, path: str) -> Iterator[Vendor]:
    """Yield the vendors whose mount begins a path."""
    for vendor in routes.vendors:
        if any(mount and _is_below(path.lower(), mount) for mount in vendor.mounts):
            yield vendor


def _is_below(path: str, mount: str) -> bool:
    return path == mount or path.startswith(f"{mount}/")


def _is_recognized(vendor: Vendor | None, request: Request) -> bool:
    return vendor is not None and vendor.recognizes(request)


def _of_its_own(routes: Routes, vendor: Vendor, request: Request, path: str) -> str:
    """Return the path with each slash and each mount of its vendor written once, where that leads to an operation."""
    once = path
    for mount in vendor.mounts:
        while mount and _is_below(once.lower(), mount * 2):
            once = once[len(mount) :]
    return once if once != request.path and _has_operation(routes, vendor, request.method, once) else ""


def _below_mount(routes: Routes, vendor: Vendor, method: str, path: str) -> str:
    mount = vendor.mounts[0]
    return mount + path if mount and _has_operation(routes, vendor, method, mount + path) else ""


def _has_operation(routes: Routes, vendor: Vendor, method: str, path: str) -> bool:
    route = routes.find(method, path)
    return route is not None and route.vendor is vendor and route.operation is not None


def _begin_with(vendor: Vendor, found: str) -> str:
    return f"paths begin with {vendor.mounts[0]}" + (f": did you mean {found!r}?" if found else "")
