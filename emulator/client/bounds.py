"""The bounds, folders and hosts of a server in this process: as arguments give them, or else the environment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from emulator.client.environment import env, paths_in
from emulator.delivery.hosts import Hosts
from emulator.kernel.errors import BadInput, NotFound
from emulator.kernel.limits import Limits

Folders = str | Path | Iterable[str | Path]

KEEP_ALIVE = "keep_alive"
NAMES = Limits.__struct_fields__


def read_limits(given: Mapping[str, Any] | None = None) -> Limits:
    """Return the bounds: those given by name, such as `{"body": 50_000_000}`, then those of EMULATOR_MAX_BODY and the like.

    Raises:
        NotFound: there is no bound of such a name.
        BadInput: a bound is no whole number from 1 on, one in bytes no size, or one in seconds, or `keep_alive`, no duration.
    """
    bounds: dict[str, Any] = {}
    for name in NAMES:
        variable = f"EMULATOR_{name.upper()}" if name == KEEP_ALIVE else Limits.variable(name)
        if text := env(variable):
            bounds[name] = _bound(name, text, variable)
    for name, value in (given or {}).items():
        if name not in NAMES:
            raise NotFound("bound", name, NAMES)
        bounds[name] = _bound(name, value, f"the bound {name!r}")
    return Limits(**bounds)


def read_folders(given: Folders | None = None) -> tuple[Path, ...]:
    """Return the folders of scenarios: those given, or else those of EMULATOR_SCENARIOS.

    Raises:
        BadInput: one of them is no folder.
    """
    source = "scenarios"
    if given is None:
        given, source = paths_in(env("EMULATOR_SCENARIOS") or ""), "EMULATOR_SCENARIOS"
    folders = tuple(map(Path, [given] if isinstance(given, (str, Path)) else given))
    for folder in folders:
        if not folder.is_dir():
            raise BadInput.at(f"there is no folder {str(folder)!r} ({source})")
    return folders


def read_hosts(given: Sequence[str] | None = None) -> Hosts:
    """Return the hosts to which notifications may be posted: those given, or else those of EMULATOR_DELIVER_TO.

    Raises:
        BadInput: one of them is no `HOST[:PORT]`.
    """
    source = "EMULATOR_DELIVER_TO" if given is None else "deliver_to"
    try:
        return Hosts(
            (env("EMULATOR_DELIVER_TO") or "").split() if given is None else [given] if isinstance(given, str) else given
        )
    except ValueError as error:
        raise BadInput.at(f"{source}: {error}") from None


def _bound(name: str, value: object, source: str) -> float:
    try:
        return Limits.read(name, value)
    except ValueError as error:
        raise BadInput.at(f"{source}: {error}") from None
