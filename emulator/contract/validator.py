"""The response validator: whether a response is one that the vendor could give. The schemas in its fixtures decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import orjson
from jsonschema import Draft202012Validator
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from emulator.contract.fixtures import fixtures_of, load_fixture
from emulator.kernel.errors import EmulatorError
from emulator.sdk.vendor import Vendor

EMPTY = "empty"
ANYTHING = "any"


class ContractViolation(EmulatorError):
    """A response that the vendor could not give."""


class ResponseValidator:
    """Checks each response against the schema that replies.yaml names for its operation and status; no body is as null."""

    def __init__(self, vendors: Iterable[Vendor]) -> None:
        self._known: dict[str, Mapping[str, Mapping[int, str]]] = {}
        self._validators: dict[tuple[str, str], Draft202012Validator] = {}
        for vendor in vendors:
            self._learn(vendor)

    def __call__(self, vendor: str, operation: str, status: int, body: bytes) -> None:
        """Let a response pass that is one of the vendor's.

        Raises:
            ContractViolation: it is not.
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
        errors = list(self._validators[vendor, name].iter_errors(orjson.loads(body) if body else None))
        if errors:
            raise ContractViolation(
                f"{operation} {status} is not a {name}: " + "; ".join(f"{it.json_path}: {it.message}" for it in errors)
            )

    def _learn(self, vendor: Vendor) -> None:
        self._known[vendor.name] = load_fixture(vendor, "replies.yaml")
        files = sorted((fixtures_of(vendor) / "schemas").glob("*.schema.json"))
        schemas = {path.name: orjson.loads(path.read_bytes()) for path in files}
        registry = _registry(schemas)
        for name, schema in schemas.items():
            Draft202012Validator.check_schema(schema)
            self._validators[vendor.name, name.removesuffix(".schema.json")] = Draft202012Validator(schema, registry=registry)


def _registry(schemas: Mapping[str, Any]) -> Registry[Any]:
    resources = [(name, DRAFT202012.create_resource(schema)) for name, schema in schemas.items()]
    registry: Registry[Any] = Registry()
    return registry.with_resources(resources)


@cache
def response_validator(*vendors: Vendor) -> ResponseValidator:
    """Return the validator of these vendors, made once."""
    return ResponseValidator(vendors)
