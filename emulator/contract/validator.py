"""The judge: is a reply one that the vendor could give? The schemas in fixtures/<vendor>/ decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from emulator.contract.fixtures import fixtures_folder
from emulator.kernel.errors import EmulatorError

EMPTY = "empty"
ANYTHING = "any"


class ContractViolation(EmulatorError):
    """A reply that the vendor could not give."""


class ResponseValidator:
    """Holds each reply against the schema that fixtures/<vendor>/replies.yaml names for its operation and status."""

    def __init__(self, vendors: Iterable[str]) -> None:
        self._known: dict[str, Mapping[str, Mapping[int, str]]] = {}
        self._validators: dict[tuple[str, str], Draft202012Validator] = {}
        for vendor in vendors:
            self._learn(vendor, fixtures_folder() / vendor)

    def __call__(self, vendor: str, operation: str, status: int, body: bytes) -> None:
        """Says nothing when the reply is one of the vendor's.

        Raises:
            Unlike: it is not.
        """
        name = self._known[vendor].get(operation, {}).get(status)
        if name is None:
            raise ContractViolation(f"no fixture says that {operation} can answer {status}")
        if name == EMPTY:
            if body:
                raise ContractViolation(f"{operation} answers {status} with a body, and should not")
            return
        if name == ANYTHING:
            return
        errors = list(self._validators[vendor, name].iter_errors(orjson.loads(body)))
        if errors:
            raise ContractViolation(
                f"{operation} {status} is not a {name}: " + "; ".join(f"{it.json_path}: {it.message}" for it in errors)
            )

    def _learn(self, vendor: str, folder: Path) -> None:
        self._known[vendor] = yaml.safe_load((folder / "replies.yaml").read_text(encoding="utf-8"))
        schemas = {path.name: orjson.loads(path.read_bytes()) for path in sorted((folder / "schemas").glob("*.schema.json"))}
        registry = _registry(schemas)
        for name, schema in schemas.items():
            Draft202012Validator.check_schema(schema)
            self._validators[vendor, name.removesuffix(".schema.json")] = Draft202012Validator(schema, registry=registry)


def _registry(schemas: Mapping[str, Any]) -> Registry[Any]:
    resources = [(name, Resource.from_contents(schema)) for name, schema in schemas.items()]
    registry: Registry[Any] = Registry()
    return registry.with_resources(resources)


@cache
def response_validator(*vendors: str) -> ResponseValidator:
    """The judge of these vendors, made once."""
    return ResponseValidator(vendors)
