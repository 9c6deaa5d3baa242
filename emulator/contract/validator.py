"""The response validator: whether a response is one that the vendor could give. The schemas in its fixtures decide."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import orjson
from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from emulator.contract.fixtures import fixtures_of, load_fixture
from emulator.kernel.errors import EmulatorError
from emulator.sdk.vendor import Vendor

EMPTY = "empty"
ANYTHING = "any"
SUFFIX = ".schema.json"


class ContractViolation(EmulatorError):
    """A response that the vendor could not give, or fixtures that cannot decide it."""


class ResponseValidator:
    """Checks each response against the schema that replies.yaml names for its operation and status; no body is as null.

    The fixtures of a vendor are read with its first response, so that those of one do not stop the others.
    """

    def __init__(self, vendors: Iterable[Vendor]) -> None:
        self._vendors = {vendor.name: vendor for vendor in vendors}

    def __call__(self, vendor: str, operation: str, status: int, body: bytes) -> None:
        """Let a response pass that is one of the vendor's.

        Raises:
            ContractViolation: it is not, or the fixtures are broken.
        """
        name = _replies(self._vendors[vendor]).get(operation, {}).get(status)
        if name is None:
            raise ContractViolation(f"no fixture says that {operation} can answer {status}")
        if name == EMPTY:
            if body:
                raise ContractViolation(f"{operation} answers {status} with a body, and should not")
            return
        if name == ANYTHING:
            return
        content = orjson.loads(body) if body else None
        errors = list(_validators(self._vendors[vendor])[name].iter_errors(content))
        if errors:
            raise ContractViolation(
                f"{operation} {status} is not a {name}: " + "; ".join(f"{it.json_path}: {it.message}" for it in errors)
            )


@cache
def _replies(vendor: Vendor) -> Mapping[str, Mapping[int, str]]:
    replies: Mapping[str, Mapping[int, str]] = load_fixture(vendor, "replies.yaml")
    return replies


@cache
def _validators(vendor: Vendor) -> Mapping[str, Draft202012Validator]:
    """Return the validators of a vendor's schemas, by their names.

    Raises:
        ContractViolation: a schema is broken.
    """
    schemas: dict[str, Any] = {}
    for path in sorted((fixtures_of(vendor) / "schemas").glob(f"*{SUFFIX}")):
        try:
            schemas[path.name] = orjson.loads(path.read_bytes())
            Draft202012Validator.check_schema(schemas[path.name])
        except (ValueError, SchemaError) as error:
            raise ContractViolation(f"{path} is no JSON Schema: {str(error).splitlines()[0]}") from None
    resources = [(name, DRAFT202012.create_resource(schema)) for name, schema in schemas.items()]
    registry: Registry[Any] = Registry().with_resources(resources)
    return {name.removesuffix(SUFFIX): Draft202012Validator(it, registry=registry) for name, it in schemas.items()}
