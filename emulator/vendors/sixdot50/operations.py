"""What 6DOT50 can be asked: each operation's address, and what it does."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from emulator.kernel.machine import Machine
from emulator.kernel.transaction import Transaction
from emulator.vendors.sixdot50.assumptions import FAILED_TOKEN_STATUS, MISSING_CREDENTIAL, OLDER_TOKENS, WRONG_METHOD
from emulator.vendors.sixdot50.listing import list_batches
from emulator.vendors.sixdot50.machine import BATCH, CANCEL, GET, LIST_PAYMENTS, PAYMENT
from emulator.vendors.sixdot50.model import Account, Token
from emulator.vendors.sixdot50.tokens import GET_TOKEN, bearer, is_good, issue, matches, properties
from emulator.vendors.sixdot50.wire import BATCH_STATUS_CODES, PAYMENT_STATUS_CODES, resting
from emulator.vendors.vendor import Act, Answer, Call, Operation

GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def admit(tx: Transaction, call: Call, operation: Operation) -> Answer | None:
    """Everything but asking for a token needs one."""
    if operation.path == GET_TOKEN:
        return None
    token = bearer(call)
    if token is None:
        return Answer("no_token", "6dot50-auth-3")
    return None if is_good(tx, token) else Answer("bad_token", "6dot50-auth-4")


def astray(_tx: Transaction, _call: Call, verbs: Sequence[str]) -> Answer:
    if verbs:
        return Answer("astray", "6dot50-verb-1", tuple(verbs), WRONG_METHOD.id)
    return Answer("astray", "6dot50-path-1", ())


def get_token(tx: Transaction, call: Call) -> Answer:
    """A token for a key and its secret, if both are there and go together."""
    given = properties(call)
    if given is None or not all(isinstance(given.get(name), str | None) for name in ("key", "secret")):
        return resting(tx, Answer("unreadable", "6dot50-error-2"))
    missing = [name for name in ("key", "secret") if not given.get(name)]
    if missing:
        refusal = "missing_fields" if tx.choice(MISSING_CREDENTIAL.id) == "400" else "token_refused"
        return Answer(refusal, "6dot50-token-5", missing, MISSING_CREDENTIAL.id)
    if not tx.accepts("6dot50", given["key"]) or not matches(given["key"], given["secret"]):
        return Answer("token_refused", "6dot50-token-4", None, FAILED_TOKEN_STATUS.id)
    others = tx.size(Token.kind, "key", given["key"])
    return Answer("token", "6dot50-token-1", issue(tx, given["key"]), OLDER_TOKENS.id if others else None)


def _ask(machine: Machine, command: str) -> Act:
    """Asks the resource that the path names, once its id is known to be one."""

    def act(tx: Transaction, call: Call) -> Answer:
        id = call.parameters["id"].lower()
        if not GUID.fullmatch(id):
            return resting(tx, Answer("malformed_id", "6dot50-id-2"))
        return resting(tx, Answer.of(tx.ask(machine, id, command)))

    return act


def _list_batches(tx: Transaction, call: Call) -> Answer:
    return resting(tx, list_batches(tx, call))


def _list_accounts(tx: Transaction, _call: Call) -> Answer:
    return resting(tx, Answer("accounts", "6dot50-accounts-2", list(tx.all(Account.kind))))


def _status_codes(codes: Mapping[str, str], evidence: str) -> Callable[[Transaction, Call], Answer]:
    def act(_tx: Transaction, _call: Call) -> Answer:
        return Answer("status_codes", evidence, codes)

    return act


OPERATIONS = (
    Operation("6dot50.authentication.getToken", "POST", GET_TOKEN, get_token),
    Operation("6dot50.accounts.list", "GET", "/accounts", _list_accounts),
    Operation("6dot50.batches.list", "GET", "/batches", _list_batches),
    Operation("6dot50.batches.statusCodes", "GET", "/batches/statusCodes", _status_codes(BATCH_STATUS_CODES, "6dot50-codes-1")),
    Operation("6dot50.batches.get", "GET", "/batches/{id}", _ask(BATCH, GET)),
    Operation("6dot50.batches.payments", "GET", "/batches/{id}/payments", _ask(BATCH, LIST_PAYMENTS)),
    Operation("6dot50.batches.cancel", "POST", "/batches/{id}/cancel", _ask(BATCH, CANCEL)),
    Operation(
        "6dot50.payments.statusCodes", "GET", "/payments/statusCodes", _status_codes(PAYMENT_STATUS_CODES, "6dot50-codes-2")
    ),
    Operation("6dot50.payments.get", "GET", "/payments/{id}", _ask(PAYMENT, GET)),
)
