"""Batches: create, get, update, delete, start and stop one, and stop all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import chain
from typing import Any, cast

from emulator.sdk import MANY_RESOURCES, Answer, Check, Handler, Request, Transaction, View, mint_id, replace, structs
from emulator.vendors.serpwow.assumptions.lifecycle import (
    SCHEDULE_CHANGE,
    STOPALL_NONE,
    STOPALL_SINGULAR,
    STOPALL_WITH_FAILURES,
)
from emulator.vendors.serpwow.assumptions.requests import EDIT_QUEUED, UNNAMED_BATCH
from emulator.vendors.serpwow.machine.batches import BATCH, CREATE, DELETE, GET, START, STOP, STOPALL, UPDATE
from emulator.vendors.serpwow.machine.effects import (
    account_of,
    busy_batches,
    date_of,
    promote_waiting,
    subtract_usage,
    with_next_start,
)
from emulator.vendors.serpwow.machine.queue import requeue
from emulator.vendors.serpwow.model.account import Account
from emulator.vendors.serpwow.model.batches import Batch, code
from emulator.vendors.serpwow.model.searches import Searches
from emulator.vendors.serpwow.requests.admission import acting_account
from emulator.vendors.serpwow.requests.batches import assumption_of, change_batch, with_unread
from emulator.vendors.serpwow.requests.bodies import parameters_of, read_body
from emulator.vendors.serpwow.requests.printed import FORCE, check_printed_values, with_unprinted_values
from emulator.vendors.serpwow.requests.queries import read_flag
from emulator.vendors.serpwow.requests.searches import with_names
from emulator.vendors.serpwow.requests.validation import invalid
from emulator.vendors.serpwow.responses.batches import with_grounds, with_unprinted_fields


def _command(command: str) -> Handler:
    """Return the handler that asks the batch of the path to carry out a command."""

    def ask(tx: Transaction, request: Request) -> Answer:
        return tx.ask(BATCH, request.parameters["id"], command)

    return ask


def _permit(command: str) -> Check:
    """Return the check that the row of a command lets the batch of the path be used."""
    ask = _command(command)

    def check(tx: Transaction, request: Request) -> Answer | None:
        answer = ask(tx, request)
        return None if answer.name == "batch" else answer

    return check


check_visible, check_editable = _permit(GET), _permit(UPDATE)
get_batch, start_batch, stop_batch = map(_command, (GET, START, STOP))


def delete_batch(tx: Transaction, request: Request) -> Answer:
    """Delete the batch of the path, by force if the query says so. Evidence: serpwow-delete-3."""
    check_printed_values(tx, request.query, (FORCE,))
    read_flag(request.query, FORCE)
    answer = tx.ask(BATCH, request.parameters["id"], DELETE)
    facts = ("serpwow-delete-3", "serpwow-delete-5") if FORCE in request.query else ()
    return with_unprinted_values(request.query, (FORCE,), answer.resting_on(facts))


def batch_of(tx: Transaction, request: Request) -> Batch:
    """Return the batch of the path, once it is known to exist."""
    return cast("Batch", tx.find(Batch, request.parameters["id"]))


def is_large(find: Callable[[str, str], Any], request: Request) -> bool:
    """Return whether the batch of the path has so many searches or result sets that reading them takes long."""
    batch: Batch | None = find(Batch.kind, request.parameters["id"])
    return batch is not None and max(len(batch.searches), len(batch.result_sets)) > MANY_RESOURCES


def new_batch(view: View, id: str) -> Batch:
    """Return a batch of the acting account with all defaults."""
    return Batch(id, view.now, view.now, default_name(id), Searches(id), view.now, owner=acting_account(view))


def default_name(id: str) -> str:
    """Return the name of a batch that nobody named."""
    return f"Batch {id}"


def create_batch(tx: Transaction, request: Request) -> Answer:
    parameters = parameters_of(tx, read_body(tx, request))
    if "name" not in parameters and tx.choice(UNNAMED_BATCH) == "refuse":
        raise invalid("name is required", "serpwow-create-2", UNNAMED_BATCH)
    batch = change_batch(tx, new_batch(tx, mint_id(tx, Batch, code)), parameters)
    answer = with_unread(tx.ask(BATCH, batch.id, CREATE, new=batch), parameters)
    return with_names(answer.resting_on((), assumption_of(parameters)), parameters.get("searches", ()))


def update_batch(tx: Transaction, request: Request) -> Answer:
    body = read_body(tx, request)
    parameters = {"searches": body} if isinstance(body, list) else parameters_of(tx, body)
    batch = change_batch(tx, batch_of(tx, request), parameters)
    answer = with_unread(Answer("batch", "serpwow-update-1", batch, assumption_of(parameters)), parameters)
    if SCHEDULE_CHANGE in tx.consulted:
        answer = answer.resting_on(("serpwow-schedule-10",), SCHEDULE_CHANGE)
    if "searches" in parameters:
        answer = structs.replace(answer, name="batch_with_searches", evidence="serpwow-searches-1")
        answer = with_names(with_unprinted_fields(tx, with_grounds(answer, [batch]), "serpwow-list-13"), parameters["searches"])
        if len(parameters) > 1 or not parameters["searches"] or any("id" in search for search in parameters["searches"]):
            answer = answer.resting_on(("serpwow-searches-17",))
    return save(tx, batch, answer)


def save(tx: Transaction, batch: Batch, answer: Answer) -> Answer:
    """Put a batch that was edited into the world, in its place in the queue, and return the answer."""
    for resource in chain(requeue(tx, with_next_start(tx, batch)), promote_waiting(tx, batch.owner)):
        tx.put(resource)
    return structs.replace(answer, assumption=EDIT_QUEUED) if batch.status == "queued" else answer


def stop_all(tx: Transaction, _request: Request) -> Answer:
    """Stop every queued or running batch of the account, and count."""
    owner = acting_account(tx)
    account, busy = account_of(tx, owner), busy_batches(tx, owner)
    answers = [tx.ask(BATCH, batch.id, STOPALL).name for batch in busy]
    stopped = answers.count("stopped")
    if freed := [it for it, answer in zip(busy, answers, strict=True) if answer == "stopped" and it.status == "queued"]:
        _settle(tx, account, freed)
    failed = len(answers) - stopped
    if failed:
        return Answer("stopped_all", "serpwow-stopall-6", (stopped, failed), STOPALL_WITH_FAILURES)
    if not stopped:
        name = "stopped_all" if tx.choice(STOPALL_NONE) == "success" else "nothing_to_stop"
        return Answer(name, "serpwow-stopall-8", (0, 0), STOPALL_NONE)
    if stopped == 1:
        return Answer("stopped_all", "serpwow-stopall-10", (1, 0), STOPALL_SINGULAR)
    return Answer("stopped_all", "serpwow-stopall-1", (stopped, 0))


def _settle(tx: Transaction, account: Account, stopped: list[Batch]) -> None:
    """Give back the credits of batches that were stopped in the queue, and let those begin that wait for a slot."""
    refunds, usage = Counter[str](), account.usage
    for batch in stopped:
        refunds[date_of(batch.allocated_at or tx.now)] += batch.allocated
    for day, credits in refunds.items():
        usage = subtract_usage(usage, day, credits)
    tx.put(replace(account, credits_used=account.credits_used - refunds.total(), usage=usage))
    for resource in promote_waiting(tx, account.id):
        tx.put(resource)
