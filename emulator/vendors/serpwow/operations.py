"""What SerpWow can be asked: each operation's address, and what it does."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.kernel.transaction import Transaction
from emulator.vendors.serpwow.assumptions import (
    PATH_SPELLING,
    REFUSED_FIRST,
    START_DISABLED,
    START_EMPTY,
    STOP_FAILURE,
    STOPALL_NONE,
    STOPALL_SINGULAR,
    STOPALL_WITH_FAILURES,
    UNKNOWN_BATCH,
    WRONG_STATE,
)
from emulator.vendors.serpwow.listing import Refused, page_of
from emulator.vendors.serpwow.machine import BATCH, GET, START, STOP, STOPALL, STOPPABLE
from emulator.vendors.serpwow.model import SELF, Account, Batch
from emulator.vendors.vendor import Act, Answer, Call, Operation

MOUNTS = ("/live", "/serpwow/live")


def credential(call: Call) -> str | None:
    """The api_key of the query, on every method. Evidence: serpwow-auth-1."""
    return call.query.get("api_key")


BAD_KEY = Answer("bad_key", "serpwow-auth-2")
ASSUMED = {
    "unknown_batch": UNKNOWN_BATCH.id,
    "not_stoppable": WRONG_STATE.id,
    "not_startable": WRONG_STATE.id,
    "nothing_to_run": START_EMPTY.id,
    "disabled": START_DISABLED.id,
    "stop_failed": STOP_FAILURE.id,
}
"""Answers whose wording a choice decides, whichever row they come from."""


def admit(tx: Transaction, call: Call, operation: Operation) -> Answer | None:
    if not tx.accepts("serpwow", credential(call)):
        return BAD_KEY
    if not _is_spelt_as_published(call, operation) and tx.choice(PATH_SPELLING.id) == "strict":
        return Answer("astray", "serpwow-path-2", assumption=PATH_SPELLING.id)
    return None


def astray(tx: Transaction, call: Call, verbs: Sequence[str]) -> Answer:
    """An unknown path or verb, once the key is known to be good."""
    lost = Answer("astray", "serpwow-verb-1" if verbs else "serpwow-path-1")
    if tx.accepts("serpwow", credential(call)):
        return lost
    if tx.choice(REFUSED_FIRST.id) == "path":
        return lost._replace(assumption=REFUSED_FIRST.id)
    return Answer("bad_key", "serpwow-auth-3", assumption=REFUSED_FIRST.id)


def _is_spelt_as_published(call: Call, operation: Operation) -> bool:
    """Capitals and slashes included; ids are the client's own."""
    return any(_matches(call.path, mount + operation.path) for mount in MOUNTS)


def _matches(path: str, pattern: str) -> bool:
    actual, expected = path.split("/"), pattern.split("/")
    same = (part.startswith("{") or part == segment for segment, part in zip(actual, expected, strict=False))
    return len(actual) == len(expected) and all(same)


def _ask(command: str) -> Act:
    """Asks the batch that the path names."""

    def act(tx: Transaction, call: Call) -> Answer:
        answer = Answer.of(tx.ask(BATCH, call.parameters["id"], command))
        return answer._replace(assumption=answer.assumption or ASSUMED.get(answer.name))

    return act


def stop_all(tx: Transaction, _call: Call) -> Answer:
    """Asks every batch of the account that is queued or running, and counts."""
    eligible = [batch for status in STOPPABLE for batch in tx.group(Batch.kind, "owner", SELF, status)]
    answers = [tx.ask(BATCH, batch.id, STOPALL).row.answer for batch in eligible]
    stopped = answers.count("stopped")
    failed = len(answers) - stopped
    if failed:
        return Answer("stopped_all", "serpwow-stopall-6", (stopped, failed), STOPALL_WITH_FAILURES.id)
    if not stopped:
        name = "stopped_all" if tx.choice(STOPALL_NONE.id) == "success" else "nothing_to_stop"
        return Answer(name, "serpwow-stopall-8", (0, 0), STOPALL_NONE.id)
    if stopped == 1:
        return Answer("stopped_all", "serpwow-stopall-10", (1, 0), STOPALL_SINGULAR.id)
    return Answer("stopped_all", "serpwow-stopall-1", (stopped, 0))


def list_batches(tx: Transaction, call: Call) -> Answer:
    try:
        page = page_of(tx.group(Batch.kind, "owner", SELF), call.query, tx)
    except Refused as refused:
        return Answer("bad_list_parameter", refused.evidence, str(refused), refused.assumption)
    return Answer("page", "serpwow-list-1", page, page.assumption)


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
