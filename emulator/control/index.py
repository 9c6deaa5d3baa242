"""The index of a server, at `/` and at the root of the control plane: its vendors, its worlds, and where everything else is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any
from urllib.parse import quote

from emulator.contract.fixtures import version
from emulator.control.forms import HTML_TYPE, TEXT_TYPE
from emulator.control.route import Asked, route
from emulator.control.schemas import ref
from emulator.kernel.worlds import DEFAULT
from emulator.web.connection import Scope
from emulator.web.guard import PREFIX, Guard
from emulator.web.response import WORLD_HEADER

ROOT = "/"
LISTED = 20
"""Worlds listed at most for people; the JSON form has all."""

LINKS: Mapping[str, str] = {
    "worlds": "/worlds",
    "state": f"/worlds/{DEFAULT}/state",
    "clock": f"/worlds/{DEFAULT}/clock",
    "journal": f"/worlds/{DEFAULT}/journal",
    "scenarios": "/scenarios",
    "vendors": "/vendors",
    "schema": "/schema",
    "openapi": "/openapi.json",
    "health": "/health",
}
"""Paths below the prefix of the control plane; those of a world are the default world's."""

LOCKED = "shown to those who send the control token"


def asks_for_index(scope: Scope, guard: Guard, vendor_hosts: Iterable[str]) -> bool:
    """Tell whether a request to the root is meant for the index, and not by a vendor's client for its vendor.

    A credential, a query, a named world or a vendor's own host name make it the vendor's.
    """
    if scope["path"] != ROOT or scope["method"] not in ("GET", "HEAD") or scope["query_string"]:
        return False
    for name, value in scope["headers"]:
        if name == WORLD_HEADER or (name == b"authorization" and not (guard.token and guard.accepts_token(value))):
            return False
        if name == b"host" and value.decode("latin-1").partition(":")[0].lower() in vendor_hosts:
            return False
    return True


def text_of(told: Mapping[str, Any]) -> str:
    """The index for a terminal."""
    return "\n".join(_lines(told))


def page_of(told: Mapping[str, Any]) -> str:
    """The index for a browser: a page that needs nothing else and runs nothing."""
    return "\n".join(_page(told))


def _lines(told: Mapping[str, Any]) -> Iterator[str]:
    yield f"{told['name']} {told['version']}"
    for title, rows in _sections(told):
        width = max((len(name) for name, _ in rows), default=0)
        yield f"\n{title}"
        yield from (f"  {name:{width}}  {url}".rstrip() for name, url in rows)


def _page(told: Mapping[str, Any]) -> Iterator[str]:
    title = escape(f"{told['name']} {told['version']}")
    yield '<!doctype html>\n<html lang="en">\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width">\n<meta name="color-scheme" content="light dark">'
    yield f"<title>{title}</title>\n<h1>{title}</h1>"
    for title, rows in _sections(told):
        yield f"<h2>{escape(title)}</h2>\n<table>"
        yield from (f"<tr><th scope=row align=left>{escape(name)}<td>{_linked(url)}" for name, url in rows)
        yield "</table>"
    yield "</html>"


def _linked(url: str) -> str:
    return f'<a href="{escape(url)}">{escape(url)}</a>' if PREFIX in url else escape(url)


def _sections(told: Mapping[str, Any]) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The tables of the index, each with its title."""
    yield "Vendors (base URLs for their clients)", [(it["name"], it["url"]) for it in told["vendors"]]
    worlds = told["worlds"]
    if worlds is None:
        yield "Worlds", [(LOCKED, "")]
    else:
        rest = [(f"and {len(worlds) - LISTED} more", "")] if len(worlds) > LISTED else []
        yield "Worlds", [(it["id"], it["url"]) for it in worlds[:LISTED]] + rest
    yield "Control plane", [*told["links"].items()]


@route(
    "GET",
    "",
    "The index: vendors with their base URLs, worlds, and where everything else is; also at `/`",
    ref("index"),
    forms={TEXT_TYPE: text_of, HTML_TYPE: page_of},
    text_for_shells=True,
    takes_long=True,
)
def index(asked: Asked) -> Any:
    base, authorization = asked.base_url, asked.request.headers.get("authorization", "")
    control = base + PREFIX
    worlds = [{"id": it.id, "url": f"{control}/worlds/{quote(it.id)}"} for it in asked.plane.worlds]
    return {
        "name": "batch-emulator",
        "version": version(),
        "vendors": [{"name": name, "url": base + it.base_path} for name, it in asked.plane.vendors.items()],
        "worlds": worlds if asked.plane.guard.accepts_token(authorization.encode("latin-1")) else None,
        "links": {name: control + path for name, path in LINKS.items()},
    }
