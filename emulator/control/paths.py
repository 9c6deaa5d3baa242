"""The paths of control routes: which route a request is for, and the parameters of its path."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from emulator.control.http import HttpError
from emulator.control.route import ControlRoute
from emulator.web.control_plane import ROOT
from emulator.web.guard import PREFIX

ONE, REST, HERE = range(3)
"""Keys beside the segments: of a parameter that is one, of one that is all that is left of a path, and of a path's end."""

Tree = dict[str | int, Any]


class Paths:
    """A tree of paths, a segment a level. At its ends are routes by method, and the names of their parameters."""

    def __init__(self, routes: Iterable[ControlRoute]) -> None:
        self._tree: Tree = {}
        for row in routes:
            for address in addresses(row.path):
                self._add(address, row)

    def _add(self, address: str, row: ControlRoute) -> None:
        tree, names = self._tree, []
        for segment in address.split("/"):
            key: str | int = segment
            if segment.startswith("{"):
                key = REST if segment.endswith(":path}") else ONE
                names.append(segment.strip("{}").removesuffix(":path"))
            tree = tree.setdefault(key, {})
        tree.setdefault(HERE, {})[row.method] = row, names

    def find(self, method: str, path: str) -> tuple[ControlRoute, dict[str, str]]:
        """Return the route for a method and a path, and its parameters.

        Raises:
            HttpError: there is no such path, or it does not take the method.
        """
        segments, tree, values = path.split("/"), self._tree, []
        for number, segment in enumerate(segments):
            if segment in tree:
                tree = tree[segment]
            elif REST in tree:
                values.append("/".join(segments[number:]))
                tree = tree[REST]
                break
            elif ONE in tree and segment:
                values.append(segment)
                tree = tree[ONE]
            else:
                raise HttpError(404)
        if HERE not in tree:
            raise HttpError(404)
        rows = tree[HERE]
        if method not in rows:
            allowed = sorted({*rows, *(["HEAD"] if "GET" in rows else ())})
            raise HttpError(405, headers={"allow": ", ".join(allowed)})
        row, names = rows[method]
        return row, dict(zip(names, values, strict=True))


def addresses(path: str) -> list[str]:
    """Return the paths at which a control route is served: below the prefix, and the index also at the root."""
    return [PREFIX + path] if path else [PREFIX, f"{PREFIX}/", ROOT]
