"""What a client may ask for when it creates a job: every field checked, and the endpoint held against the version's list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from emulator.sdk import Answer, Transaction, View
from emulator.vendors.stripe.assumptions.jobs import CHANNEL, ENDPOINTS, REQUIRED_FIELDS
from emulator.vendors.stripe.model.accounts import account_of
from emulator.vendors.stripe.model.channels import PRIVATE, PUBLIC
from emulator.vendors.stripe.model.jobs import DEFAULT_RPS, Job, letters
from emulator.vendors.stripe.model.versions import Endpoint, has_delete, knows_rps, supports, supports_ever
from emulator.vendors.stripe.requests.metadata import mistake_in_metadata

METHODS = ("post", "delete")
SCOPES = ("all", "none")
FIELDS = frozenset(("endpoint", "skip_validation", "metadata", "notification_suppression"))


def refusal_of(tx: Transaction, fields: Mapping[str, Any], version: str) -> Answer | None:
    """Why no job can be created from these fields, None if one can."""
    for mistake in _mistakes(fields, version):
        return Answer("invalid_fields", "stripe-create-3", mistake)
    if tx.choice(REQUIRED_FIELDS.id) == "reference":
        for name in left_out(fields, version):
            return Answer("invalid_fields", "stripe-create-4", f"Missing field: {name}", REQUIRED_FIELDS.id)
    return _endpoint_refusal(tx, endpoint_of(fields), version)


def left_out(fields: Mapping[str, Any], version: str) -> list[str]:
    """The fields that are not there, although the reference requires them. Evidence: stripe-create-4."""
    required = ("skip_validation", "metadata") if knows_rps(version) else ("skip_validation",)
    return [name for name in required if name not in fields]


def new_job(tx: Transaction, fields: Mapping[str, Any], owner: str) -> Job:
    """The job that valid fields ask for."""
    return Job(
        mint_id(tx),
        tx.now,
        tx.now,
        tx.now,
        tx.now,
        maximum_rps=fields.get("maximum_rps", DEFAULT_RPS),
        skip_validation=fields.get("skip_validation", False),
        metadata=fields.get("metadata", {}),
        endpoint=endpoint_of(fields),
        notification_suppression=fields.get("notification_suppression", {"scope": "none"})["scope"],
        owner=owner,
    )


def endpoint_of(fields: Mapping[str, Any]) -> Endpoint:
    """The endpoint that valid fields name."""
    return Endpoint(fields["endpoint"]["http_method"], fields["endpoint"]["path"])


def mint_id(view: View) -> str:
    """An id that no job has yet. Evidence: stripe-job-1."""
    while view.find(Job.kind, id := f"batchv2_{letters(view.mint('stripe.batch_job'), 26)}") is not None:
        pass
    return id


def _endpoint_refusal(tx: Transaction, endpoint: Endpoint, version: str) -> Answer | None:
    supported = supports(version, endpoint, tx.choice(CHANNEL.id))
    if not supported and (tx.choice(ENDPOINTS.id) == "by-version" or not supports_ever(endpoint)):
        assumption = CHANNEL if differs_by_channel(version, endpoint) else ENDPOINTS
        return Answer("unsupported_endpoint", "stripe-endpoint-1", endpoint, assumption.id)
    if any(endpoint.is_like(other) for other in account_of(tx).unauthorized):
        return Answer("unauthorized_endpoint", "stripe-endpoint-2", endpoint)
    return None


def differs_by_channel(version: str, endpoint: Endpoint) -> bool:
    """Return whether the jobs of one channel may call the endpoint, and those of the other may not."""
    return supports(version, endpoint, PUBLIC) != supports(version, endpoint, PRIVATE)


def methods_of(version: str) -> Sequence[str]:
    """Return the methods that jobs of this version may name. Evidence: stripe-endpoint-4."""
    return METHODS if has_delete(version) else METHODS[:1]


def _mistakes(fields: Mapping[str, Any], version: str) -> Iterator[str]:
    known = FIELDS | {"maximum_rps"} if knows_rps(version) else FIELDS
    yield from (f"Unknown field: {name}" for name in fields if name not in known)
    yield from _endpoint_mistakes(fields.get("endpoint"), methods_of(version))
    if not isinstance(fields.get("skip_validation", False), bool):
        yield "The field skip_validation must be a boolean"
    if mistake := mistake_in_metadata(fields.get("metadata", {})):
        yield mistake
    scope = fields.get("notification_suppression", {"scope": "none"})
    if not isinstance(scope, dict) or set(scope) != {"scope"} or scope["scope"] not in SCOPES:
        yield "The field notification_suppression.scope must be all or none"
    rps = fields.get("maximum_rps", DEFAULT_RPS)
    if type(rps) is not int or not 1 <= rps <= 100:
        yield "The field maximum_rps must be an integer from 1 to 100"


def _endpoint_mistakes(endpoint: Any, methods: Sequence[str]) -> Iterator[str]:
    if endpoint is None:
        yield "Missing field: endpoint"
    elif not isinstance(endpoint, dict):
        yield "The field endpoint must be an object"
    else:
        yield from (f"Unknown field: endpoint.{name}" for name in endpoint if name not in ("http_method", "path"))
        yield from (f"Missing field: endpoint.{name}" for name in ("http_method", "path") if name not in endpoint)
        if endpoint.get("http_method") not in METHODS:
            yield f"The field endpoint.http_method must be {' or '.join(methods)}"
        if not isinstance(endpoint.get("path"), str):
            yield "The field endpoint.path must be a string"
