"""The fields of a request that creates a job: each is checked, and the endpoint is looked up in the list of the version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from emulator.sdk import Answer, JsonObject, Request, Transaction
from emulator.vendors.stripe.assumptions.jobs import CHANNEL, ENDPOINTS, REQUIRED_FIELDS, REQUIRED_METADATA
from emulator.vendors.stripe.model.accounts import account_of
from emulator.vendors.stripe.model.endpoints import Endpoint, differs_by_channel, supports, supports_ever
from emulator.vendors.stripe.model.jobs import DEFAULT_RPS
from emulator.vendors.stripe.model.versions import has_delete, has_rps
from emulator.vendors.stripe.requests.admission import acting_account, version_of
from emulator.vendors.stripe.requests.fields import enum_mistakes, flaw, invalid, metadata_mistakes, object_mistakes

METHODS = ("post", "delete")
SCOPES = ("all", "none")
FIELDS = frozenset(("endpoint", "skip_validation", "metadata", "notification_suppression"))
EVERYWHERE = {"scope": "none"}
"""The notification_suppression of a job that has none."""


def check_job(tx: Transaction, request: Request) -> Answer | None:
    """Refuse invalid or missing fields of a new job, and an endpoint that jobs of the account may not call."""
    fields, version = request.fields, version_of(request)
    for message in _mistakes(fields, version):
        raise invalid(message, "stripe-create-3")
    if "skip_validation" not in fields and tx.choice(REQUIRED_FIELDS) == "reference":
        raise invalid(flaw("skip_validation", "Missing field"), "stripe-create-4", REQUIRED_FIELDS)
    if "metadata" not in fields and has_rps(version) and tx.choice(REQUIRED_METADATA) == "required":
        raise invalid(flaw("metadata", "Missing field"), "stripe-create-6", REQUIRED_METADATA)
    endpoint = endpoint_of(fields)
    supported = supports(version, endpoint, tx.choice(CHANNEL))
    if not supported and (tx.choice(ENDPOINTS) == "by-version" or not supports_ever(endpoint)):
        assumption = CHANNEL if differs_by_channel(version, endpoint) else ENDPOINTS
        return Answer("unsupported_endpoint", "stripe-endpoint-1", endpoint, assumption)
    unauthorized = account_of(tx, acting_account(tx, request)).unauthorized
    if unauthorized and endpoint.shape in [other.shape for other in unauthorized]:
        return Answer("unauthorized_endpoint", "stripe-endpoint-2", endpoint)
    return None


def endpoint_of(fields: JsonObject) -> Endpoint:
    """Return the endpoint that valid fields name."""
    return Endpoint(**fields["endpoint"])


def _mistakes(fields: JsonObject, version: str) -> Iterator[str]:
    known = FIELDS | {"maximum_rps"} if has_rps(version) else FIELDS
    for name in fields:
        if name not in known:
            yield flaw(name, "Unknown field")
    yield from _endpoint_mistakes(fields.get("endpoint"), METHODS if has_delete(version) else METHODS[:1])
    if not isinstance(fields.get("skip_validation", False), bool):
        yield flaw("skip_validation", "Must be a boolean")
    yield from metadata_mistakes(fields.get("metadata", {}))
    yield from _suppression_mistakes(fields.get("notification_suppression", EVERYWHERE))
    rps = fields.get("maximum_rps", DEFAULT_RPS)
    if type(rps) is not int or not 1 <= rps <= 100:
        yield flaw("maximum_rps", "Must be an integer from 1 to 100")


def _suppression_mistakes(suppression: Any) -> Iterator[str]:
    if found := [*object_mistakes("notification_suppression", suppression, ("scope",))]:
        yield from found
        return
    yield from enum_mistakes("notification_suppression.scope", suppression["scope"], SCOPES)


def _endpoint_mistakes(endpoint: Any, methods: Sequence[str]) -> Iterator[str]:
    if endpoint is None:
        yield flaw("endpoint", "Missing field")
    if found := [*object_mistakes("endpoint", endpoint, ("http_method", "path"))]:
        yield from found
        return
    yield from enum_mistakes("endpoint.http_method", endpoint["http_method"], methods)
    if not isinstance(endpoint["path"], str):
        yield flaw("endpoint.path", "Must be a string")
