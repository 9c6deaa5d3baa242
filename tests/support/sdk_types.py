"""Holds replies against the types that Stripe's Python client declares for them, whichever release of it is imported.

    python -m tests.support.sdk_types < replies.jsonl

reads JSON bodies, one a line, and prints the differences, and the paths that jobs may call, as JSON. The fields, their types, the words that they may hold
and what may be missing are read from the annotations of the client's own classes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from inspect import get_annotations
from types import NoneType
from typing import Any, ClassVar, Literal, Union, get_args, get_origin, get_type_hints

from stripe import StripeObject
from stripe.events._event_classes import get_v2_event_class
from stripe.params.v2.core._batch_job_create_params import BatchJobCreateParamsEndpoint
from stripe.v2 import DeletedObject, ListObject
from stripe.v2.core import BatchJob, EventDestination

EXCEPTIONS = {
    "v2.core.event.data: unknown": "the samples of a fetched event print it, and the class for the events of jobs leaves it out",
    "list.previous_page_url: unknown": "the reference of each list has it, and the class for a page leaves it out",
    "v2.core.batch_job.status_details.canceled.output_file: missing": "its own description says that it may be",
}
"""Differences in which the vendor's pages say otherwise than the client, and what they say."""


def differences(body: Any) -> Iterator[str]:
    """Find what a reply has that its class does not, what it lacks, and what is of another type or word."""
    if "data" in body and "object" not in body:
        page = {**body, "data": []}
        yield from _of_object(page, ListObject, "list")
        for item in body["data"]:
            yield from differences(item)
    elif (found := class_of(body)) is None:
        yield f"{body.get('object')}: no class"
    else:
        yield from _of_object(body, found, body["object"])


def class_of(body: dict[str, Any]) -> type[StripeObject] | None:
    """Return the client's class for an object, None where it has none."""
    if body.get("object") == "v2.core.event":
        class_: type[StripeObject] = get_v2_event_class(body["type"])  # type: ignore[no-untyped-call, unused-ignore]
        return class_
    if body.keys() == {"id", "object"}:
        return DeletedObject
    classes: dict[str, type[StripeObject]] = {type_.OBJECT_NAME: type_ for type_ in (BatchJob, EventDestination)}
    return classes.get(body.get("object", ""))


def fields_of(class_: type[StripeObject]) -> dict[str, Any]:
    """Return the fields that a class and those it inherits from declare, each with its type."""
    types: dict[str, Any] = {}
    for base in reversed(class_.__mro__[: class_.__mro__.index(StripeObject)]):
        scope = {**vars(sys.modules[base.__module__]), **vars(base)}
        for name, hint in get_annotations(base).items():
            type_ = eval(hint, scope) if isinstance(hint, str) else hint
            if not name.startswith("_") and get_origin(type_) is not ClassVar:
                types[name] = type_
    return types


def _of_object(value: Any, class_: type[StripeObject], path: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{path}: no object"
        return
    fields, encodings = fields_of(class_), getattr(class_, "_field_encodings", {})
    yield from (f"{path}.{name}: unknown" for name in value if name not in fields)
    for name, hint in fields.items():
        if name in value:
            yield from _of_value(value[name], hint, f"{path}.{name}", encodings.get(name))
        elif NoneType not in get_args(hint):
            yield f"{path}.{name}: missing"


def _of_value(value: Any, hint: Any, path: str, encoding: str | None = None) -> Iterator[str]:
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Union:
        yield from _of_union(value, parts, path, encoding)
    elif origin is Literal:
        if value not in parts:
            yield f"{path}: {value!r} is none of its words"
    elif origin is list:
        if not isinstance(value, list):
            yield f"{path}: no list"
        for item in value if isinstance(value, list) else ():
            yield from _of_value(item, parts[0], f"{path}[]")
    elif origin is dict or (isinstance(origin, type) and issubclass(origin, StripeObject)):
        if not isinstance(value, dict):
            yield f"{path}: no object"
        for item in value.values() if isinstance(value, dict) else ():
            yield from _of_value(item, parts[-1], f"{path}.*")
    elif isinstance(hint, type) and issubclass(hint, StripeObject):
        yield from _of_object(value, hint, path)
    elif encoding == "int64_string":
        if not (isinstance(value, str) and value.isdecimal()):
            yield f"{path}: {value!r} is no integer in a string"
    elif hint is not Any and type(value) is not hint:
        yield f"{path}: {value!r} is no {hint.__name__}"


def _of_union(value: Any, parts: tuple[Any, ...], path: str, encoding: str | None) -> Iterator[str]:
    """An open enumeration, which also takes any text, is held against its words."""
    if value is None and NoneType in parts:
        return
    kinds = [part for part in parts if part is not NoneType]
    words = [part for part in kinds if get_origin(part) is Literal]
    yield from _of_value(value, (words or kinds)[0], path, encoding)


def paths_of_jobs() -> list[str]:
    """Return the paths that the client's parameters of a new job list, each once."""
    return sorted(set(get_args(get_type_hints(BatchJobCreateParamsEndpoint)["path"])))


def main() -> None:
    lines = sorted({difference for line in sys.stdin for difference in differences(json.loads(line))})
    print(json.dumps({"differences": lines, "paths": paths_of_jobs()}))  # noqa: T201


if __name__ == "__main__":
    main()
