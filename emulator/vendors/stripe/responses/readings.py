"""The facts that an answer rests on because of what its request says: its version, its key, its query and its fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emulator.sdk import Request
from emulator.vendors.stripe.events.model import TYPES
from emulator.vendors.stripe.model.versions import GENERAL, PREVIEWS, PRINTED
from emulator.vendors.stripe.requests.admission import fields_of, version_of
from emulator.vendors.stripe.requests.queries import has_plain_array, pairs_of


def facts_of_words(request: Request) -> Iterator[str]:
    """Yield the facts by which a request was understood that no page has in these words."""
    yield from _facts_of_version(request)
    if has_plain_array(request):
        yield "stripe-list-5"
    if request.method != "GET" and request.headers.get("idempotency-key") == "":
        yield "stripe-idempotency-10"
    fields = fields_of(request) if request.body else {}
    if isinstance(fields, dict):
        yield from _facts_of_fields(fields)
    if not _are_printed([value for name, value in pairs_of(request) if name.partition("[")[0] == "types"]):
        yield "stripe-event-8"


def _facts_of_version(request: Request) -> Iterator[str]:
    version = version_of(request)
    if version in PREVIEWS and version not in PRINTED:
        yield "stripe-version-3"
    if version in GENERAL and version not in PRINTED:
        yield "stripe-version-6"
    if ";" in request.headers.get("stripe-version", ""):
        yield "stripe-version-8"


def _facts_of_fields(fields: Mapping[str, Any]) -> Iterator[str]:
    metadata, wanted = fields.get("metadata"), fields.get("enabled_events")
    if isinstance(metadata, dict) and "" in metadata:
        yield "stripe-metadata-2"
    if isinstance(wanted, list) and not _are_printed(wanted):
        yield "stripe-event-8"


def _are_printed(types: list[Any]) -> bool:
    return all(it in TYPES for it in types)
