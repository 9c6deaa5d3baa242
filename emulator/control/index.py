"""The index of a server, at `/` and at the root of the control plane: its vendors, worlds and control routes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html import escape
from urllib.parse import quote

from emulator.contract.fixtures import version
from emulator.control.models import Index, VendorLink, WorldLink
from emulator.control.negotiation import HTML_TYPE, TEXT_TYPE
from emulator.control.route import ControlRequest, route
from emulator.kernel.worlds import DEFAULT
from emulator.web.guard import PREFIX

MAX_WORLDS = 20
"""Worlds in the text and the page; the JSON form has all."""

LINKS: Mapping[str, str] = {
    "console": "/console",
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


def _lines(index: Index) -> Iterator[str]:
    yield f"{index.name} {index.version}"
    for title, rows in _sections(index):
        width = max((len(name) for name, _ in rows), default=0)
        yield f"\n{title}"
        yield from (f"  {name:{width}}  {url}".rstrip() for name, url in rows)


def _page(index: Index) -> str:
    """Return a page that leads to the console, with the text for those that stay; addresses below the prefix are links."""
    text = escape("\n".join(_lines(index)))
    linked = re.sub(r"\S++", lambda it: f'<a href="{it[0]}">{it[0]}</a>' if PREFIX in it[0] else it[0], text)
    head = '<meta charset="utf-8">\n<meta name="color-scheme" content="light dark">\n<title>batch-emulator</title>'
    head += f'\n<meta http-equiv="refresh" content="0; url={PREFIX}/console">'
    return f'<!doctype html>\n<html lang="en">\n{head}\n<pre>{linked}</pre>\n</html>'


def _sections(index: Index) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Yield the tables of the index, each with its title."""
    yield "Vendors (base URLs for their clients)", [(it.name, it.url) for it in index.vendors]
    if index.worlds is None:
        yield "Worlds", [(LOCKED, "")]
    else:
        more = [(f"and {len(index.worlds) - MAX_WORLDS} more", "")] if len(index.worlds) > MAX_WORLDS else []
        yield "Worlds", [(it.id, it.url) for it in index.worlds[:MAX_WORLDS]] + more
    yield "Control plane", [*index.links.items()]


@route(
    "GET",
    "",
    "The index: vendors with their base URLs, worlds, and where everything else is; also at `/`",
    forms={TEXT_TYPE: lambda index: "\n".join(_lines(index)), HTML_TYPE: _page},
    text_for_shells=True,
    takes_long=True,
)
def index(request: ControlRequest) -> Index:
    context, base = request.context, request.base_url
    control, authorization = base + PREFIX, request.http.headers.get("authorization", "")
    worlds = tuple(WorldLink(it.id, f"{control}/worlds/{quote(it.id)}") for it in context.worlds)
    return Index(
        "batch-emulator",
        version(),
        tuple(VendorLink(name, base + it.base_path) for name, it in context.vendors.items()),
        worlds if context.guard.accepts_token(authorization.encode("latin-1")) else None,
        {name: control + path for name, path in LINKS.items()},
    )
