"""What requests to the API have in common: who sends them, in which version, for whom, and with which fields."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulator.sdk import ABSENT, ENCODED, Answer, Handler, Machine, Operation, Request, Transaction
from emulator.vendors.stripe.assumptions.jobs import CANCEL_PARAMETERS, OTHER_ACCOUNT, VERSION_UNKNOWN
from emulator.vendors.stripe.assumptions.requests import BODY_TYPE
from emulator.vendors.stripe.files.model.links import MOUNT
from emulator.vendors.stripe.model.accounts import LOCKED, platform_of
from emulator.vendors.stripe.model.versions import GENERAL, PREVIEWS, is_well_formed, named_version
from emulator.vendors.stripe.requests.contexts import acting, refusal_of_context
from emulator.vendors.stripe.requests.in_flight import refusal_of_key_in_use
from emulator.vendors.stripe.requests.keys import refusal_of_key, refusal_of_organization
from emulator.vendors.stripe.requests.limits import refusal_of_rate
from emulator.vendors.stripe.requests.queries import Known, Mistaken, pairs_of

WithFields = Callable[[Transaction, Request, Mapping[str, Any]], Answer]
"""Carries out an operation whose body is an object with these fields."""

NOBODYS = f"\0{ABSENT}"
"""An id that nothing has."""


def credential(request: Request) -> str | None:
    """The secret key: a bearer token, or the user name of basic authentication. Evidence: stripe-auth-1."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip() or None
    return _user_name(value) if scheme.lower() == "basic" else None


def admit(tx: Transaction, request: Request, operation: Operation) -> Answer | None:
    platform = platform_of(tx)
    if platform.status == "down":
        return Answer("down", "stripe-platform-1")
    if operation.mounts:
        return None
    if platform.limiting == LOCKED:
        return Answer("locked", "stripe-limit-2")
    if platform.limiting != "none":
        return Answer("limited", "stripe-limit-1", platform.limiting)
    return (
        refusal_of_key(tx, request.credential)
        or refusal_of_organization(request.credential, request.headers)
        or refusal_of_context(tx, request)
        or refusal_of_rate(tx, acting(tx, request))
        or _version_refusal(tx, request, operation)
        or refusal_of_key_in_use(tx, request, operation)
    )


def version_of(request: Request) -> str:
    """Return the version that a request names; empty where it names none."""
    return named_version(request.headers.get("stripe-version", ""))


def is_known(version: str, operation: str) -> bool:
    """Return whether it is known that this version has the operation."""
    return version in PREVIEWS or (version in GENERAL and not operation.startswith("stripe.batch_jobs."))


def _version_refusal(tx: Transaction, request: Request, operation: Operation) -> Answer | None:
    version = version_of(request)
    if not version:
        return Answer("no_version", "stripe-version-1")
    if is_known(version, operation.name) or (choice := tx.choice(VERSION_UNKNOWN.id)) == "any":
        return None
    if choice == "lenient" and is_well_formed(version):
        return None
    return Answer("unknown_version", "stripe-version-4", None, VERSION_UNKNOWN.id)


def unmatched(tx: Transaction, request: Request, verbs: Sequence[str]) -> Answer:
    """An unknown path or verb, once the key is known to be good; links need none."""
    if platform_of(tx).status == "down":
        return Answer("down", "stripe-platform-1")
    if request.path.startswith(MOUNT) and verbs:
        return Answer("wrong_verb", "stripe-link-1", verbs)
    if request.path.startswith(MOUNT):
        return Answer("link_refused", "stripe-output-6")
    if refusal := refusal_of_key(tx, request.credential):
        return refusal
    return Answer("astray", "stripe-path-2" if verbs else "stripe-path-1")


def _user_name(encoded: str) -> str | None:
    try:
        return b64decode(encoded, validate=True).decode().partition(":")[0] or None
    except ValueError:
        return None


def ask_own(tx: Transaction, request: Request, machine: Machine, command: str) -> Answer:
    """Asks the thing that the path names; another account's is not there, or forbidden where that is assumed.

    Evidence: stripe-owner-1.
    """
    id = request.parameters["id"]
    found = tx.find(machine.kind, id)
    if found is None or found.owner == acting(tx, request):
        return Answer.of(tx.ask(machine, id, command))
    if tx.choice(OTHER_ACCOUNT.id) == "403":
        return Answer("forbidden", "stripe-owner-1", None, OTHER_ACCOUNT.id)
    return Answer.of(tx.ask(machine, NOBODYS, command))._replace(evidence="stripe-owner-1", assumption=OTHER_ACCOUNT.id)


def checking_fields(act: Handler, takes_fields: bool) -> Handler:
    """The same operation, once its query is known to be empty, and its body to be an object or nothing.

    Where no fields are taken, the object is empty.

    Evidence: stripe-fields-2, stripe-cancel-1 and stripe-list-3.
    """

    def act_checking(tx: Transaction, request: Request) -> Answer:
        if refusal := _refusal_of_body_type(tx, request):
            return refusal
        fields = fields_of(request)
        if not isinstance(fields, dict):
            return Answer("invalid_fields", "stripe-fields-2", fields)
        queried = [name for name, _ in pairs_of(request)]
        if queried and takes_fields:
            return Answer("invalid_fields", "stripe-list-3", f"Unknown field: {queried[0]}")
        unknown = [] if takes_fields else [*queried, *fields]
        if unknown and tx.choice(CANCEL_PARAMETERS.id) == "refuse":
            return Answer("invalid_fields", "stripe-fields-1", f"Unknown field: {unknown[0]}", CANCEL_PARAMETERS.id)
        return act(tx, request)

    return act_checking


def _refusal_of_body_type(tx: Transaction, request: Request) -> Answer | None:
    if request.body and is_mislabelled(request) and tx.choice(BODY_TYPE.id) == "refuse":
        message = f"The Content-Type of the body must be application/json, not {content_type(request)}"
        return Answer("invalid_fields", "stripe-body-2", message, BODY_TYPE.id)
    return None


def is_mislabelled(request: Request) -> bool:
    """Return whether a body has a label that no page gives to JSON; curl's own is on one. Evidence: stripe-body-1."""
    return content_type(request) not in ("", "application/json", ENCODED)


def content_type(request: Request) -> str:
    """Return the type of a body in lower case, without its parameters; empty where none is named."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def reading_query(act: Handler, known: Known | None = None) -> Handler:
    """The same operation, whose query is refused where it is not right; with `known`, one that reads it no further.

    Evidence: stripe-list-3.
    """

    def act_reading(tx: Transaction, request: Request) -> Answer:
        try:
            if known is not None:
                known.read(request)
            return act(tx, request)
        except Mistaken as mistake:
            return Answer("invalid_fields", "stripe-list-3", str(mistake))

    return act_reading


def with_fields(act: WithFields) -> Handler:
    """An operation that takes the fields of its body, which is an object or nothing."""
    return lambda tx, request: act(tx, request, request.json or {})


def fields_of(request: Request) -> dict[str, Any] | str:
    """The fields of the body, or what is wrong with it."""
    try:
        fields = {} if request.json is None else request.json
    except ValueError:
        return "The request body is not JSON"
    return fields if isinstance(fields, dict) else "The request body is not a JSON object"
