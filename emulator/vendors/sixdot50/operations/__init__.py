"""The operations of 6DOT50: each one's address, checks and handler."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from emulator.sdk import MANY_RESOURCES, Answer, Handler, Machine, Operation, Request, Transaction, structs
from emulator.vendors.sixdot50.assumptions.requests import (
    EXISTS_BODY,
    FAILED_TOKEN_STATUS,
    MALFORMED_MSISDN,
    MISSING_CREDENTIAL,
    MSISDN_FORM,
    OLDER_TOKENS,
)
from emulator.vendors.sixdot50.machine import (
    BATCH,
    CANCEL,
    DELETE,
    EXISTS,
    GET,
    LIST_PAYMENTS,
    MEMBER,
    PAYMENT,
    SUBMIT,
)
from emulator.vendors.sixdot50.model import ALL, Account, Payment, Token
from emulator.vendors.sixdot50.operations.lists import list_batches
from emulator.vendors.sixdot50.operations.writes import add_payments, create_batch, update_batch
from emulator.vendors.sixdot50.requests.admission import check_id, check_media_type, id_of
from emulator.vendors.sixdot50.requests.bodies import CREDENTIALS
from emulator.vendors.sixdot50.requests.tokens import GET_TOKEN, acting_organisation, given_secret, is_own, issue, matches
from emulator.vendors.sixdot50.requests.validation import INVALID, MISSING, Flaw, msisdn_in, read_body, refuse
from emulator.vendors.sixdot50.responses.renderers import BATCH_STATUS_CODES, PAYMENT_STATUS_CODES


def get_token(tx: Transaction, request: Request) -> Answer:
    """Return a token for a key and its secret, if both are there and go together."""
    body = read_body(tx, request, CREDENTIALS)
    missing = [name for name in ("key", "secret") if not body.get(name)]
    if missing and tx.choice(MISSING_CREDENTIAL) == "400":
        refuse(tx, (Flaw(MISSING, name, None, "6dot50-token-5", MISSING_CREDENTIAL) for name in missing))
    if missing:
        return Answer("token_refused", "6dot50-token-5", None, MISSING_CREDENTIAL)
    if not tx.accepts("6dot50", body["key"]) or not matches(tx, body["key"], body["secret"]):
        return Answer("token_refused", "6dot50-token-4", None, FAILED_TOKEN_STATUS)
    is_known = is_own(body["key"]) or given_secret(tx, body["key"]) is not None
    facts = () if is_known else ("6dot50-token-9",)
    others = tx.size(Token, "key", body["key"])
    return Answer("token", "6dot50-token-1", issue(tx, body["key"]), OLDER_TOKENS if others else None, facts)


def ask(machine: Machine, command: str) -> Handler:
    """Return a handler that gives a command to the resource in the path."""
    return lambda tx, request: tx.ask(machine, id_of(request), command)


def delete_payment(tx: Transaction, request: Request) -> Answer:
    """Delete a payment and show it once more."""
    payment = tx.find(Payment, id_of(request))
    answer = ask(PAYMENT, DELETE)(tx, request)
    return answer if answer.name != "deleted" else structs.replace(answer, subject=payment)


def member_exists(tx: Transaction, request: Request) -> Answer:
    msisdn = request.parameters["msisdn"]
    if number := msisdn_in(tx, msisdn):
        assumption = EXISTS_BODY if number == msisdn else MSISDN_FORM
        return structs.replace(tx.ask(MEMBER, number, EXISTS), assumption=assumption)
    if tx.choice(MALFORMED_MSISDN) == "400":
        refuse(tx, [Flaw(INVALID, "msisdn", msisdn, "6dot50-id-2", MALFORMED_MSISDN)])
    return Answer("no_member", "6dot50-members-2", None, MALFORMED_MSISDN)


def list_accounts(tx: Transaction, _request: Request) -> Answer:
    return Answer("accounts", "6dot50-accounts-2", tx.group(Account, ALL, acting_organisation(tx)))


def status_codes(codes: Mapping[str, str], evidence: str) -> Handler:
    return lambda _tx, _request: Answer("status_codes", evidence, codes)


READ, TYPED, WRITE = (check_id,), (check_media_type,), (check_media_type, check_id)
_large = partial(Operation, beside=MANY_RESOURCES)

OPERATIONS = (
    Operation("6dot50.authentication.getToken", "POST", GET_TOKEN, get_token, checks=TYPED),
    Operation("6dot50.accounts.list", "GET", "/accounts", list_accounts, beside=MANY_RESOURCES, about=Account),
    Operation("6dot50.batches.create", "POST", "/batches", create_batch, checks=TYPED),
    _large("6dot50.batches.list", "GET", "/batches", list_batches),
    Operation(
        "6dot50.batches.statusCodes",
        "GET",
        "/batches/statusCodes",
        status_codes(BATCH_STATUS_CODES, "6dot50-codes-1"),
        other_paths=("/batch/statusCodes",),
    ),
    _large("6dot50.batches.get", "GET", "/batches/{id}", ask(BATCH, GET), checks=READ),
    _large("6dot50.batches.update", "PUT", "/batches/{id}", update_batch, checks=WRITE),
    _large("6dot50.batches.addPayments", "POST", "/batches/{id}/payments", add_payments, checks=WRITE),
    _large("6dot50.batches.payments", "GET", "/batches/{id}/payments", ask(BATCH, LIST_PAYMENTS), checks=READ),
    _large(
        "6dot50.batches.submit",
        "POST",
        "/batches/{id}/submit",
        ask(BATCH, SUBMIT),
        checks=READ,
        other_paths=("/batch/{id}/submit",),
    ),
    _large(
        "6dot50.batches.cancel",
        "POST",
        "/batches/{id}/cancel",
        ask(BATCH, CANCEL),
        checks=READ,
        other_paths=("/batch/{id}/cancel",),
    ),
    Operation(
        "6dot50.payments.statusCodes", "GET", "/payments/statusCodes", status_codes(PAYMENT_STATUS_CODES, "6dot50-codes-2")
    ),
    Operation("6dot50.payments.get", "GET", "/payments/{id}", ask(PAYMENT, GET), checks=READ),
    Operation("6dot50.payments.delete", "DELETE", "/payments/{id}", delete_payment, checks=READ),
    Operation("6dot50.members.exists", "GET", "/members/{msisdn}/exists", member_exists),
)
