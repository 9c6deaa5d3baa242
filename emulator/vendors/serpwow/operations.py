"""What SerpWow can be asked: each operation's address, and what it does."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.kernel.transaction import Transaction
from emulator.vendors.serpwow.listing import page_of
from emulator.vendors.serpwow.machine import BATCH, GET, START, STOP, STOPALL, STOPPABLE
from emulator.vendors.serpwow.model import SELF, Account, Batch
from emulator.vendors.vendor import Act, Answer, Call, Operation


def credential(call: Call) -> str | None:
    """The api_key of the query, on every method. Evidence: serpwow-auth-1."""
    return call.query.get("api_key")


def admit(tx: Transaction, call: Call, _operation: Operation) -> Answer | None:
    if tx.accepts("serpwow", credential(call)):
        return None
    return Answer("bad_key", "serpwow-auth-2")


def astray(tx: Transaction, call: Call, verbs: Sequence[str]) -> Answer:
    """An unknown path or verb, once the key is known to be good."""
    if not tx.accepts("serpwow", credential(call)):
        return Answer("bad_key", "serpwow-auth-2")
    return Answer("astray", "serpwow-verb-1" if verbs else "serpwow-path-1")


def _ask(command: str) -> Act:
    """Asks the batch that the path names."""

    def act(tx: Transaction, call: Call) -> Answer:
        return Answer.of(tx.ask(BATCH, call.parameters["id"], command))

    return act


def stop_all(tx: Transaction, _call: Call) -> Answer:
    """Asks every batch of the account that is queued or running, and counts."""
    eligible = [batch for status in STOPPABLE for batch in tx.group(Batch.kind, "owner", SELF, status)]
    answers = [tx.ask(BATCH, batch.id, STOPALL).row.answer for batch in eligible]
    stopped = answers.count("stopped")
    failed = len(answers) - stopped
    assumption = "serpwow.stopall-with-failures" if failed else "serpwow.stopall-singular" if stopped == 1 else None
    evidence = "serpwow-stopall-6" if failed else "serpwow-stopall-1" if stopped else "serpwow-stopall-8"
    return Answer("stopped_all", evidence, (stopped, failed), assumption)


def list_batches(tx: Transaction, call: Call) -> Answer:
    try:
        page = page_of(tx.group(Batch.kind, "owner", SELF), call.query, tx.now)
    except ValueError as error:
        return Answer("bad_list_parameter", "serpwow-list-5", str(error))
    return Answer("page", "serpwow-list-1", page)


def get_account(tx: Transaction, _call: Call) -> Answer:
    return Answer("account", "serpwow-account-1", tx.find(Account.kind, SELF))


OPERATIONS = (
    Operation("serpwow.batches.list", "GET", "/batches", list_batches),
    Operation("serpwow.batches.stopall", "GET", "/batches/stopall", stop_all),
    Operation("serpwow.batches.get", "GET", "/batches/{id}", _ask(GET)),
    Operation("serpwow.batches.start", "GET", "/batches/{id}/start", _ask(START)),
    Operation("serpwow.batches.stop", "GET", "/batches/{id}/stop", _ask(STOP)),
    Operation("serpwow.account.get", "GET", "/account", get_account),
)
