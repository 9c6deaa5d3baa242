"""The registry of vendors: those in the box, then those that installed packages name as entry points."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib.machinery import PathFinder
from typing import TYPE_CHECKING

from emulator.sdk import Vendor
from emulator.text.pattern import pattern
from emulator.vendors.serpwow import SERPWOW
from emulator.vendors.sixdot50 import SIXDOT50
from emulator.vendors.stripe import STRIPE

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "batch_emulator.vendors"
"""The group of entry points, each of which leads to a `Vendor`."""

BUILT_IN = (SERPWOW, STRIPE, SIXDOT50)
REQUIRED_FIXTURES = ("evidence.yaml", "replies.yaml")

_NAME = pattern(r"[a-z0-9][a-z0-9_-]*")
_log = logging.getLogger("emulator")


class BadPlugin(Exception):
    """An entry point leads to no vendor that can be served. The message says why."""


def registry(built_in: Iterable[Vendor], plugins: Iterable[EntryPoint]) -> dict[str, Vendor]:
    """Return vendors by name, in the order in which they are shown. A broken plugin is logged in one line and left out."""
    vendors = {vendor.name: vendor for vendor in built_in}
    for plugin in sorted(plugins, key=lambda it: it.name):
        try:
            vendor = _load(plugin)
            if problem := next(_problems(vendor, vendors), None):
                raise BadPlugin(problem)
        except Exception as error:
            package = f" of the package {plugin.dist.name}" if plugin.dist else ""
            reason = error if isinstance(error, BadPlugin) else f"{type(error).__name__}: {error}"
            _log.warning("The vendor %r%s is left out: %s", plugin.name, package, reason)
        else:
            vendors[vendor.name] = vendor
    return vendors


def _load(plugin: EntryPoint) -> Vendor:
    vendor = plugin.load()
    if not isinstance(vendor, Vendor):
        raise BadPlugin(f"{plugin.value} is of type {type(vendor).__name__}: it must be an emulator.sdk.Vendor")
    return vendor


def _problems(vendor: Vendor, others: dict[str, Vendor]) -> Iterator[str]:
    """Yield what keeps a vendor from being served beside the others."""
    if not _NAME.fullmatch(vendor.name):
        yield f"its name is {vendor.name!r}: use small letters, digits, '-' and '_'"
    if vendor.name in others:
        yield f"there is a vendor of the name {vendor.name!r} already: choose another"
    if vendor.resources is None:
        yield "it has no resources: name the folder that holds its fixtures/ and scenarios/"
    else:
        fixtures = vendor.resources / "fixtures" / vendor.name
        yield from (f"there is no file {fixtures / file}" for file in REQUIRED_FIXTURES if not (fixtures / file).is_file())
    taken = {mount: other.name for other in others.values() for mount in other.mounts}
    yield from (f"{taken[mount]} listens at {mount!r} already" for mount in vendor.mounts if mount in taken)
    names = [operation.name for operation in vendor.operations] + [machine.kind for machine in vendor.machines]
    names += [assumption.id for assumption in vendor.assumptions]
    yield from (f"{name!r} must begin with '{vendor.name}.'" for name in names if not name.startswith(f"{vendor.name}."))


def plugins() -> Iterable[EntryPoint]:
    """Return the entry points of vendors. Where a look at the installed packages finds none, they are not read."""
    if not _may_name_vendors():
        return ()
    from importlib.metadata import entry_points

    return entry_points(group=GROUP)


def _may_name_vendors() -> bool:
    """Tell whether an installed package may have an entry point of a vendor, as far as that is seen without reading any."""
    if any(hasattr(it, "find_distributions") for it in sys.meta_path if it is not PathFinder):
        return True
    return any(os.path.isfile(folder) or any(map(_names_vendors, _packages_in(folder))) for folder in sys.path)


def _packages_in(folder: str) -> list[str]:
    """Return the folders and files below one of sys.path that tell of an installed package."""
    with suppress(OSError):
        return [it.path for it in os.scandir(folder or ".") if it.name.endswith((".dist-info", ".egg-info", ".egg"))]
    return []


def _names_vendors(package: str) -> bool:
    if package.endswith(".egg"):
        return True
    with suppress(OSError), open(os.path.join(package, "entry_points.txt"), "rb") as file:
        return GROUP.encode() in file.read()
    return False


VENDORS: dict[str, Vendor] = registry(BUILT_IN, plugins())
