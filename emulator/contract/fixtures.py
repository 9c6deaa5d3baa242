"""The folders of fixtures and scenarios: in the installed package, beside it in a checkout, or in another vendor's package."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

from emulator.sdk.vendor import Vendor

_PACKAGE = Path(__file__).parent.parent


def _folder(name: str) -> Path:
    for folder in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"neither {_PACKAGE / '_data' / name} nor {_PACKAGE.parent / name} is there")


def fixtures_folder() -> Path:
    """Return the folder of the fixtures of the vendors in the box."""
    return _folder("fixtures")


@cache
def version() -> str:
    """Return the version that the package was installed with; to look it up takes longer than most of a start."""
    from importlib.metadata import version as installed

    return installed("batch-emulator")


def fixtures_of(vendor: Vendor) -> Path:
    """Return the folder with the evidence, schemas and samples of a vendor."""
    return (vendor.resources / "fixtures" if vendor.resources else fixtures_folder()) / vendor.name


def scenario_folders(vendors: Iterable[Vendor]) -> tuple[Path, ...]:
    """Return the folder of the shipped scenarios, and those of the vendors that bring their own."""
    own = dict.fromkeys(vendor.resources / "scenarios" for vendor in vendors if vendor.resources)
    return _folder("scenarios"), *(folder for folder in own if folder.is_dir())


def load_fixture(vendor: Vendor, file: str, default: Any = None) -> Any:
    """Return the content of a YAML file among the fixtures of a vendor; the default where a vendor needs no such file.

    Raises:
        FileNotFoundError: there is no such file, and no default.
    """
    import yaml  # on the first reply: a server starts without it

    path = fixtures_of(vendor) / file
    if default is not None and not path.exists():
        return default
    return yaml.load(path.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506  both are safe
