"""What Stripe can be asked: each operation's address, and what it does."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence

from emulator.kernel.transaction import Transaction
from emulator.vendors.stripe.assumptions import (
    CANCEL_COMPLETE,
    CANCEL_FAILED,
    CANCEL_PARAMETERS,
    CANCEL_READY,
    CANCEL_TWICE,
    IDEMPOTENCY_TYPE,
    IDEMPOTENT_ID,
    UPLOAD_TIMEOUT_DETAILS,
    VERSION_UNKNOWN,
    WITHOUT_OUTPUT,
)
from emulator.vendors.stripe.idempotency import once
from emulator.vendors.stripe.machine import CANCEL, JOB, RETRIEVE
from emulator.vendors.stripe.model import Job
from emulator.vendors.vendor import Act, Answer, Call, Operation

VERSIONS = frozenset(
    f"{date}.preview"
    for date in (
        "2026-03-25",
        "2026-04-22",
        "2026-05-27",
        "2026-06-24",
        "2026-07-29",
        "2026-08-26",
        "2026-09-30",
        "2026-10-14",
    )
)
"""The previews that have batch jobs. Evidence: stripe-version-3."""

ASSUMED = {
    "stripe-cancel-8": CANCEL_READY.id,
    "stripe-cancel-9": CANCEL_TWICE.id,
    "stripe-cancel-10": CANCEL_COMPLETE.id,
    "stripe-cancel-11": CANCEL_FAILED.id,
    "stripe-idempotency-4": IDEMPOTENCY_TYPE.id,
    "stripe-idempotency-6": IDEMPOTENT_ID.id,
}
"""The assumption that decides wherever an answer rests on this evidence, whichever its choice."""


def credential(call: Call) -> str | None:
    """The secret key: a bearer token, or the user name of basic authentication. Evidence: stripe-auth-1."""
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip() or None
    return _user_name(value) if scheme.lower() == "basic" else None


def admit(tx: Transaction, call: Call, _operation: Operation) -> Answer | None:
    if not tx.accepts("stripe", call.credential):
        return Answer("unauthenticated", "stripe-auth-2")
    version = call.headers.get("stripe-version")
    if not version:
        return Answer("no_version", "stripe-version-1")
    if version not in VERSIONS and tx.choice(VERSION_UNKNOWN.id) == "strict":
        return Answer("unknown_version", "stripe-version-4", None, VERSION_UNKNOWN.id)
    return None


def astray(tx: Transaction, call: Call, verbs: Sequence[str]) -> Answer:
    """An unknown path or verb, once the key is known to be good."""
    if not tx.accepts("stripe", call.credential):
        return Answer("unauthenticated", "stripe-auth-2")
    return Answer("astray", "stripe-path-2" if verbs else "stripe-path-1")


def _user_name(encoded: str) -> str | None:
    try:
        return b64decode(encoded, validate=True).decode().partition(":")[0] or None
    except ValueError:
        return None


def _ask(command: str) -> Act:
    def act(tx: Transaction, call: Call) -> Answer:
        return Answer.of(tx.ask(JOB, call.parameters["id"], command))

    return act


def _without_parameters(act: Act) -> Act:
    """The same operation, which takes no body, an empty one, or an empty object. Evidence: stripe-cancel-1."""

    def act_without(tx: Transaction, call: Call) -> Answer:
        try:
            fields = {} if call.json is None else call.json
        except ValueError:
            return Answer("invalid_fields", "stripe-fields-1", "The request body is not JSON")
        if not isinstance(fields, dict):
            return Answer("invalid_fields", "stripe-fields-1", "The request body is not a JSON object")
        if fields and tx.choice(CANCEL_PARAMETERS.id) == "refuse":
            return Answer("invalid_fields", "stripe-fields-1", f"Unknown field: {next(iter(fields))}", CANCEL_PARAMETERS.id)
        return act(tx, call)

    return act_without


def _naming_what_is_assumed(act: Act) -> Act:
    """The same operation; where an assumption decides or shapes its answer, the answer says so."""

    def act_naming(tx: Transaction, call: Call) -> Answer:
        answer = act(tx, call)
        assumption = answer.assumption or ASSUMED.get(answer.evidence) or _assumed(answer.subject, call)
        return answer if assumption == answer.assumption else answer._replace(assumption=assumption)

    return act_naming


def _assumed(job: object, call: Call) -> str | None:
    if not isinstance(job, Job):
        return None
    if job.status == "canceled" and not job.processed:
        return WITHOUT_OUTPUT.id
    if job.status == "upload_timeout":
        return UPLOAD_TIMEOUT_DETAILS.id
    return VERSION_UNKNOWN.id if call.headers["stripe-version"] not in VERSIONS else None


CANCEL_NAME = "stripe.batch_jobs.cancel"
_cancel = _naming_what_is_assumed(_without_parameters(once(CANCEL_NAME, _ask(CANCEL))))
_retrieve = _naming_what_is_assumed(_ask(RETRIEVE))

OPERATIONS = (
    Operation("stripe.batch_jobs.retrieve", "GET", "/batch_jobs/{id}", _retrieve),
    Operation(CANCEL_NAME, "POST", "/batch_jobs/{id}/cancel", _cancel),
)
