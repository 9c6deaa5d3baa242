"""What requests to the API have in common: who sends them, in which version, for whom, and with which fields."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from emulator.kernel.machine import ABSENT, Machine
from emulator.kernel.transaction import Transaction
from emulator.vendors.stripe.assumptions import CANCEL_PARAMETERS, OTHER_ACCOUNT, VERSION_UNKNOWN
from emulator.vendors.stripe.links import MOUNT
from emulator.vendors.stripe.platform import acting, platform_of
from emulator.vendors.stripe.versions import VERSIONS
from emulator.vendors.vendor import Act, Answer, Call, Operation

WithFields = Callable[[Transaction, Call, Mapping[str, Any]], Answer]
"""Carries out an operation whose body is an object with these fields."""

NOBODYS = f"\0{ABSENT}"
"""An id that nothing has."""


def credential(call: Call) -> str | None:
    """The secret key: a bearer token, or the user name of basic authentication. Evidence: stripe-auth-1."""
    scheme, _, value = call.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip() or None
    return _user_name(value) if scheme.lower() == "basic" else None


def admit(tx: Transaction, call: Call, operation: Operation) -> Answer | None:
    platform = platform_of(tx)
    if platform.status == "down":
        return Answer("down", "stripe-platform-1")
    if operation.mounts:
        return None
    if platform.limiting != "none":
        return Answer(
            "limited", "stripe-limit-1" if platform.limiting != "lock-timeout" else "stripe-limit-2", platform.limiting
        )
    if not tx.accepts("stripe", call.credential):
        return Answer("unauthenticated", "stripe-auth-2")
    return _version_refusal(tx, call.headers.get("stripe-version"))


def _version_refusal(tx: Transaction, version: str | None) -> Answer | None:
    if not version:
        return Answer("no_version", "stripe-version-1")
    if version not in VERSIONS and tx.choice(VERSION_UNKNOWN.id) == "strict":
        return Answer("unknown_version", "stripe-version-4", None, VERSION_UNKNOWN.id)
    return None


def astray(tx: Transaction, call: Call, verbs: Sequence[str]) -> Answer:
    """An unknown path or verb, once the key is known to be good; links need none."""
    if platform_of(tx).status == "down":
        return Answer("down", "stripe-platform-1")
    if call.path.startswith(MOUNT) and verbs:
        return Answer("wrong_verb", "stripe-link-1", verbs)
    if call.path.startswith(MOUNT):
        return Answer("link_refused", "stripe-output-6")
    if not tx.accepts("stripe", call.credential):
        return Answer("unauthenticated", "stripe-auth-2")
    return Answer("astray", "stripe-path-2" if verbs else "stripe-path-1")


def _user_name(encoded: str) -> str | None:
    try:
        return b64decode(encoded, validate=True).decode().partition(":")[0] or None
    except ValueError:
        return None


def ask_own(tx: Transaction, call: Call, machine: Machine, command: str) -> Answer:
    """Asks the thing that the path names; another account's is not there, or forbidden where that is assumed.

    Evidence: stripe-owner-1.
    """
    id = call.parameters["id"]
    found = tx.find(machine.kind, id)
    if found is None or found.owner == acting(tx, call):
        return Answer.of(tx.ask(machine, id, command))
    if tx.choice(OTHER_ACCOUNT.id) == "403":
        return Answer("forbidden", "stripe-owner-1", None, OTHER_ACCOUNT.id)
    return Answer.of(tx.ask(machine, NOBODYS, command))._replace(evidence="stripe-owner-1", assumption=OTHER_ACCOUNT.id)


def checking_fields(act: Act, takes_fields: bool) -> Act:
    """The same operation, once its body is known to be an object or nothing, and empty where no fields are taken.

    Evidence: stripe-fields-2 and stripe-cancel-1.
    """

    def act_checking(tx: Transaction, call: Call) -> Answer:
        fields = fields_of(call)
        if not isinstance(fields, dict):
            return Answer("invalid_fields", "stripe-fields-2", fields)
        if fields and not takes_fields and tx.choice(CANCEL_PARAMETERS.id) == "refuse":
            return Answer("invalid_fields", "stripe-fields-1", f"Unknown field: {next(iter(fields))}", CANCEL_PARAMETERS.id)
        return act(tx, call)

    return act_checking


def with_fields(act: WithFields) -> Act:
    """An operation that takes the fields of its body, which is an object or nothing."""
    return lambda tx, call: act(tx, call, call.json or {})


def fields_of(call: Call) -> dict[str, Any] | str:
    """The fields of the body, or what is wrong with it."""
    try:
        fields = {} if call.json is None else call.json
    except ValueError:
        return "The request body is not JSON"
    return fields if isinstance(fields, dict) else "The request body is not a JSON object"


def listed(call: Call, name: str) -> list[str]:
    """The values of a query parameter that is an array, whatever its indexes."""
    return [value for key, value in call.query.items() if key == name or key.startswith(f"{name}[")]
