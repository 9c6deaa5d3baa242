"""What 6DOT50 can be asked: each operation's address, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from emulator.sdk import MANY_RESOURCES, Answer, Handler, Machine, Operation, Request, Transaction
from emulator.vendors.sixdot50.assumptions_of_calls import (
    EXISTS_BODY,
    FAILED_TOKEN_STATUS,
    MALFORMED_MSISDN,
    MISSING_CREDENTIAL,
    OLDER_TOKENS,
    WRONG_METHOD,
)
from emulator.vendors.sixdot50.bodies import properties
from emulator.vendors.sixdot50.grounds import resting
from emulator.vendors.sixdot50.ids import GUID
from emulator.vendors.sixdot50.listing import list_batches
from emulator.vendors.sixdot50.machine import BATCH, CANCEL, DELETE, EXISTS, GET, LIST_PAYMENTS, MEMBER, PAYMENT, SUBMIT
from emulator.vendors.sixdot50.media import reads_json
from emulator.vendors.sixdot50.model import OURS, SELF, Account, Payment, Platform, Token
from emulator.vendors.sixdot50.tokens import GET_TOKEN, bearer, is_good, issue, matches
from emulator.vendors.sixdot50.typed import flaws_of_types
from emulator.vendors.sixdot50.validation import CREDENTIAL_TYPES, INVALID, MISSING, MSISDN, Flaw
from emulator.vendors.sixdot50.wire import BATCH_STATUS_CODES, PAYMENT_STATUS_CODES
from emulator.vendors.sixdot50.writing import UNREADABLE, add_payments, create_batch, refused, update_batch


def admit(tx: Transaction, request: Request, operation: Operation) -> Answer | None:
    """Nothing works while the platform is down; else, everything but asking for a token needs one."""
    platform: Platform | None = tx.find(Platform.kind, SELF)
    if platform is not None and platform.status == "down":
        return resting(tx, Answer("broken", "6dot50-error-7"))
    if operation.path == GET_TOKEN:
        return None
    token = bearer(request)
    if token is None:
        return Answer("no_token", "6dot50-auth-3" if "authorization" in request.headers else "6dot50-auth-8")
    return None if is_good(tx, token) else Answer("bad_token", "6dot50-auth-4")


def unmatched(_tx: Transaction, _call: Request, verbs: Sequence[str]) -> Answer:
    if verbs:
        return Answer("astray", "6dot50-verb-1", tuple(verbs), WRONG_METHOD.id)
    return Answer("astray", "6dot50-path-1", ())


def get_token(tx: Transaction, request: Request) -> Answer:
    """A token for a key and its secret, if both are there and go together."""
    given = properties(request)
    if given is None:
        return resting(tx, UNREADABLE)
    if mistyped := list(flaws_of_types(given, CREDENTIAL_TYPES)):
        return refused(tx, mistyped)
    missing = [name for name in ("key", "secret") if not given.get(name)]
    if missing and tx.choice(MISSING_CREDENTIAL.id) == "400":
        return refused(tx, [Flaw(MISSING, name, None, "6dot50-token-5", MISSING_CREDENTIAL.id) for name in missing])
    if missing:
        return Answer("token_refused", "6dot50-token-5", None, MISSING_CREDENTIAL.id)
    if not tx.accepts("6dot50", given["key"]) or not matches(given["key"], given["secret"]):
        return Answer("token_refused", "6dot50-token-4", None, FAILED_TOKEN_STATUS.id)
    others = tx.size(Token.kind, "key", given["key"])
    return Answer("token", "6dot50-token-1", issue(tx, given["key"]), OLDER_TOKENS.id if others else None)


def _ask(machine: Machine, command: str) -> Handler:
    """Asks the resource that the path names, once its id is known to be one."""

    def act(tx: Transaction, request: Request) -> Answer:
        id = request.parameters["id"].lower()
        if not GUID.fullmatch(id):
            return resting(tx, Answer("malformed_id", "6dot50-id-2"))
        return resting(tx, Answer.of(tx.ask(machine, id, command)))

    return act


def _delete_payment(tx: Transaction, request: Request) -> Answer:
    """What was deleted is shown once more."""
    payment = tx.find(Payment.kind, request.parameters["id"].lower())
    answer = _ask(PAYMENT, DELETE)(tx, request)
    return answer if answer.name != "deleted" else resting(tx, answer._replace(subject=payment))


def _member_exists(tx: Transaction, request: Request) -> Answer:
    msisdn = request.parameters["msisdn"]
    if MSISDN.fullmatch(msisdn):
        return Answer.of(tx.ask(MEMBER, msisdn, EXISTS))._replace(assumption=EXISTS_BODY.id)
    if tx.choice(MALFORMED_MSISDN.id) == "400":
        return refused(tx, [Flaw(INVALID, "msisdn", msisdn, "6dot50-id-2", MALFORMED_MSISDN.id)])
    return Answer("no_member", "6dot50-members-2", None, MALFORMED_MSISDN.id)


def _list_batches(tx: Transaction, request: Request) -> Answer:
    return resting(tx, list_batches(tx, request))


def _list_accounts(tx: Transaction, _call: Request) -> Answer:
    return resting(tx, Answer("accounts", "6dot50-accounts-2", tx.group(Account.kind, *OURS)))


def _status_codes(codes: Mapping[str, str], evidence: str) -> Callable[[Transaction, Request], Answer]:
    def act(_tx: Transaction, _call: Request) -> Answer:
        return Answer("status_codes", evidence, codes)

    return act


OPERATIONS = (
    Operation("6dot50.authentication.getToken", "POST", GET_TOKEN, reads_json(get_token)),
    Operation("6dot50.accounts.list", "GET", "/accounts", _list_accounts),
    Operation("6dot50.batches.create", "POST", "/batches", reads_json(create_batch)),
    Operation("6dot50.batches.list", "GET", "/batches", _list_batches, beside=MANY_RESOURCES),
    Operation("6dot50.batches.statusCodes", "GET", "/batches/statusCodes", _status_codes(BATCH_STATUS_CODES, "6dot50-codes-1")),
    Operation("6dot50.batches.get", "GET", "/batches/{id}", _ask(BATCH, GET), beside=MANY_RESOURCES),
    Operation("6dot50.batches.update", "PUT", "/batches/{id}", reads_json(update_batch), beside=MANY_RESOURCES),
    Operation("6dot50.batches.addPayments", "POST", "/batches/{id}/payments", reads_json(add_payments), beside=MANY_RESOURCES),
    Operation("6dot50.batches.payments", "GET", "/batches/{id}/payments", _ask(BATCH, LIST_PAYMENTS), beside=MANY_RESOURCES),
    Operation("6dot50.batches.submit", "POST", "/batches/{id}/submit", _ask(BATCH, SUBMIT), beside=MANY_RESOURCES),
    Operation("6dot50.batches.cancel", "POST", "/batches/{id}/cancel", _ask(BATCH, CANCEL), beside=MANY_RESOURCES),
    Operation(
        "6dot50.payments.statusCodes", "GET", "/payments/statusCodes", _status_codes(PAYMENT_STATUS_CODES, "6dot50-codes-2")
    ),
    Operation("6dot50.payments.get", "GET", "/payments/{id}", _ask(PAYMENT, GET)),
    Operation("6dot50.payments.delete", "DELETE", "/payments/{id}", _delete_payment),
    Operation("6dot50.members.exists", "GET", "/members/{msisdn}/exists", _member_exists),
)
