"""Admission: the credential of a request, and the checks of all operations before it is looked at any closer."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Sequence
from datetime import timedelta

from emulator.sdk import SELF, Answer, Operation, Request, Transaction, View, pattern
from emulator.vendors.stripe.assumptions.jobs import VERSION_UNKNOWN, VERSION_WITHOUT_JOBS
from emulator.vendors.stripe.assumptions.requests import (
    ACCOUNT_HEADER,
    GET_BODY,
    KEY_IN_USE,
    MALFORMED_CONTEXT,
    OTHER_KEY,
    RATE_LIMITS,
    RESTRICTED_KEY,
    UNCONNECTED_ACCOUNT,
)
from emulator.vendors.stripe.files.model.links import MOUNT
from emulator.vendors.stripe.model.accounts import LOCKED, OPERATIONAL, Platform, Traffic, account_of, may_act_for
from emulator.vendors.stripe.model.versions import GENERAL, PREVIEWS, is_preview, is_well_formed, lacks_jobs, parse_version

PUBLISHABLE, RESTRICTED, SECRET, ORGANIZATION = "pk_", "rk_", "sk_", "sk_org"

REQUESTS_PER_SECOND = 25
"""In a sandbox as a whole and for each endpoint alike. Evidence: stripe-limit-4."""

SECOND = timedelta(seconds=1)

_PREVIEW_HINT = (
    " In order to access this preview feature, you must explicitly specify a .preview Stripe-Version in your request header."
)
"""Word for word as users report it. Evidence: stripe-version-13."""

_KEY_IN_USE = {
    "idempotency_error": ("key_reused", "stripe-idempotency-15"),
    "idempotency_key_in_use": ("key_in_use", "stripe-idempotency-9"),
}
"""The answer about a key in use by the choice, and its fact."""

_ACCOUNT = pattern(r"acct_\w+", re.ASCII)


def credential(request: Request) -> str | None:
    """Return the secret key: a bearer token, or the user name of basic authentication. Evidence: stripe-auth-1."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip() or None
    return _user_name(value) if scheme.lower() == "basic" else None


def admit(tx: Transaction, request: Request, operation: Operation) -> Answer | None:
    """Refuse a request for its key, account, rate, version or idempotency key, or because of the platform."""
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
        _check_key(tx, request.credential)
        or _check_organization(request)
        or _check_context(tx, request)
        or _check_access(tx, request)
        or _check_rate(tx, request)
        or _check_version(tx, request, operation)
        or _check_key_in_use(tx, request, operation)
        or _check_body(tx, request)
    )


def platform_of(view: View) -> Platform:
    """Return the platform as it is now."""
    return view.find(Platform, SELF) or OPERATIONAL


def unmatched(tx: Transaction, request: Request, verbs: Sequence[str]) -> Answer:
    """Answer for an unknown path or verb: after the check of the key, except below the mount of links."""
    if platform_of(tx).status == "down":
        return Answer("down", "stripe-platform-1")
    if request.path.startswith(MOUNT):
        return Answer("wrong_verb", "stripe-link-1", verbs) if verbs else Answer("link_refused", "stripe-output-6")
    return _check_key(tx, request.credential) or Answer("astray", "stripe-path-2" if verbs else "stripe-path-1")


def version_of(request: Request) -> str:
    """Return the version that a request names; empty where it names none."""
    return parse_version(request.headers.get("stripe-version", ""))


def context_of(request: Request) -> str:
    """Return the path of accounts in Stripe-Context, or else in Stripe-Account. Evidence: stripe-context-3."""
    return request.headers.get("stripe-context") or request.headers.get("stripe-account", "")


def is_of_organization(request: Request) -> bool:
    """Return whether the key of a request is that of an organization."""
    return (request.credential or "").startswith(ORGANIZATION)


def is_path_of_accounts(view: View, context: str) -> bool:
    """Return whether a context is empty, or a path of account ids."""
    if not context:
        return True
    known = view.accounts("stripe").ids or (account_of(view).name,)
    return all(id in known or _ACCOUNT.fullmatch(id) for id in context.split("/"))


def own_account(view: View, request: Request) -> str:
    """Return the account of the key of a request."""
    accounts = view.accounts("stripe")
    return accounts.of(request.credential) if accounts.ids else accounts.first


def acting_account(view: View, request: Request) -> str:
    """Return the account that a request acts for: the last of its context, or else its own. Evidence: stripe-context-1."""
    own, id = own_account(view, request), context_of(request).rpartition("/")[2]
    return own if not id or id == account_of(view, own).name else id


def _check_key(tx: Transaction, key: str | None) -> Answer | None:
    """Refuse a key that is not good; one that the scenario lists is good in any form."""
    if key is None or not tx.accepts("stripe", key):
        return Answer("unauthenticated", "stripe-auth-2")
    if tx.listed_credential("stripe", key) is not None:
        return None
    if key.startswith(PUBLISHABLE):
        return Answer("publishable_key", "stripe-auth-3")
    if key.startswith(RESTRICTED):
        refused = tx.choice(RESTRICTED_KEY) == "refuse"
        return Answer("restricted_key", "stripe-auth-5", None, RESTRICTED_KEY) if refused else None
    if not key.startswith(SECRET) and tx.choice(OTHER_KEY) == "401":
        return Answer("unauthenticated", "stripe-auth-6", None, OTHER_KEY)
    return None


def _check_organization(request: Request) -> Answer | None:
    """Refuse the key of an organization where no account is named."""
    if not is_of_organization(request) or request.headers.get("stripe-context"):
        return None
    return Answer("no_context", "stripe-auth-8")


def _check_context(tx: Transaction, request: Request) -> Answer | None:
    choice = tx.choice(ACCOUNT_HEADER) if request.headers.get("stripe-account") else "context"
    if choice == "refuse" or (choice == "refuse-both" and request.headers.get("stripe-context")):
        message = "The header Stripe-Account is not supported here; send Stripe-Context alone"
        return Answer("invalid_fields", "stripe-context-3", message, ACCOUNT_HEADER)
    if not is_path_of_accounts(tx, context_of(request)) and tx.choice(MALFORMED_CONTEXT) != "accept":
        return Answer("wrong_account", "stripe-context-4", context_of(request), MALFORMED_CONTEXT)
    return None


def _check_access(tx: Transaction, request: Request) -> Answer | None:
    """Refuse a context that names none of several accounts, or one that the key may not act for."""
    if not (known := tx.accounts("stripe").ids):
        return None
    acting = acting_account(tx, request)
    if acting not in known:
        return Answer("wrong_account", "stripe-context-8", context_of(request))
    if is_of_organization(request) or may_act_for(tx, own_account(tx, request), acting):
        return None
    refused = tx.choice(UNCONNECTED_ACCOUNT) == "403"
    return Answer("wrong_account", "stripe-context-7", context_of(request), UNCONNECTED_ACCOUNT) if refused else None


def _check_rate(tx: Transaction, request: Request) -> Answer | None:
    """Count a request, or refuse one beyond the limit and count nothing."""
    if tx.choice(RATE_LIMITS) == "never":
        return None
    account = acting_account(tx, request)
    traffic = tx.find(Traffic, account)
    if traffic is None or tx.now - traffic.since >= SECOND:
        traffic = Traffic(account, tx.now)
    if traffic.requests >= REQUESTS_PER_SECOND:
        return Answer("limited", "stripe-limit-5", "global-rate", RATE_LIMITS)
    tx.put(Traffic(account, traffic.since, traffic.requests + 1))
    return None


def _check_version(tx: Transaction, request: Request, operation: Operation) -> Answer | None:
    version = version_of(request)
    if not version:
        return Answer("no_version", "stripe-version-1")
    if is_listed(version, operation):
        return None
    if is_about_jobs(operation) and lacks_jobs(version) and tx.choice(VERSION_WITHOUT_JOBS) == "404":
        fact, hint = ("stripe-version-14", "") if is_preview(version) else ("stripe-version-13", _PREVIEW_HINT)
        return Answer("no_such_method", fact, hint, VERSION_WITHOUT_JOBS)
    choice = tx.choice(VERSION_UNKNOWN)
    if choice != "any" and (choice == "strict" or not is_well_formed(version)):
        return Answer("unknown_version", "stripe-version-4", None, VERSION_UNKNOWN)
    return None


def is_listed(version: str, operation: Operation) -> bool:
    """Return whether a version is known to have the operation."""
    return version in PREVIEWS or (version in GENERAL and not is_about_jobs(operation))


def is_about_jobs(operation: Operation) -> bool:
    """Return whether an operation is one of batch jobs, which previews alone have."""
    return operation.name.startswith("stripe.batch_jobs.")


def _check_key_in_use(tx: Transaction, request: Request, operation: Operation) -> Answer | None:
    """Refuse an idempotency key of an earlier request that has not taken effect yet."""
    key = request.headers.get("idempotency-key")
    if request.method == "GET" or not key or (refusal := _KEY_IN_USE.get(tx.choice(KEY_IN_USE))) is None:
        return None
    account = acting_account(tx, request)
    for name, earlier in request.in_flight:
        if name == operation.name and earlier.headers.get("idempotency-key") == key and acting_account(tx, earlier) == account:
            return Answer(*refusal, None, KEY_IN_USE)
    return None


def _check_body(tx: Transaction, request: Request) -> Answer | None:
    """Refuse the body of a GET where that is assumed. Evidence: stripe-body-3."""
    if not request.body or request.method != "GET" or tx.choice(GET_BODY) == "ignored":
        return None
    return Answer("invalid_fields", "stripe-body-3", "A GET must not have a body", GET_BODY)


def _user_name(encoded: str) -> str | None:
    try:
        return b64decode(encoded, validate=True).decode().partition(":")[0] or None
    except ValueError:
        return None
