"""What SerpWow can be asked: each operation's address, and what it does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from emulator.sdk import MANY_RESOURCES, Answer, Handler, Operation, Request, Transaction
from emulator.vendors.serpwow.assumptions import STOPALL_NONE, STOPALL_SINGULAR, STOPALL_WITH_FAILURES
from emulator.vendors.serpwow.assumptions_of_calls import PATH_SPELLING, PLATFORM_DOWN, REFUSED_FIRST
from emulator.vendors.serpwow.batches import (
    clear_searches,
    create_batch,
    delete_search,
    delete_searches,
    update_batch,
    update_search,
)
from emulator.vendors.serpwow.bodies import Unfit
from emulator.vendors.serpwow.credits import account_of
from emulator.vendors.serpwow.destinations import create_destination, delete_destination, list_destinations, update_destination
from emulator.vendors.serpwow.errorlogs import list_error_logs
from emulator.vendors.serpwow.limits import limited
from emulator.vendors.serpwow.links import FILES, get_result_file, get_search_file
from emulator.vendors.serpwow.listing import page_of
from emulator.vendors.serpwow.machine import BATCH, DELETE, GET, START, STOP, STOPALL, STOPPABLE
from emulator.vendors.serpwow.model import SELF, Batch, Platform
from emulator.vendors.serpwow.printed import fields_beside
from emulator.vendors.serpwow.queries import refusal_of_keys, with_single_values
from emulator.vendors.serpwow.reading import (
    export_csv,
    export_json,
    get_result,
    get_result_csv,
    get_result_jsonlines,
    list_results,
    list_searches,
    resend_webhook,
)
from emulator.vendors.serpwow.received import as_read
from emulator.vendors.serpwow.refusals import refused_by_a_row
from emulator.vendors.serpwow.spelling import is_spelt_as_published


def credential(request: Request) -> str | None:
    """The api_key of the query, on every method. Evidence: serpwow-auth-1."""
    return request.query.get("api_key")


BAD_KEY = Answer("bad_key", "serpwow-auth-2")


def admit(tx: Transaction, request: Request, operation: Operation) -> Answer | None:
    """Links to files need no key; all else does."""
    if not operation.mounts and not tx.accepts("serpwow", credential(request)):
        return BAD_KEY
    if not operation.mounts and (refusal := refusal_of_keys(tx, request)):
        return refusal
    if not is_spelt_as_published(request, operation) and tx.choice(PATH_SPELLING.id) == "strict":
        return Answer("astray", "serpwow-path-2", assumption=PATH_SPELLING.id)
    if operation.handler is not get_account and _is_down(tx):
        return Answer("down", "serpwow-platform-1", assumption=PLATFORM_DOWN.id)
    return None


def _is_down(tx: Transaction) -> bool:
    platform = tx.find(Platform.kind, SELF)
    return platform is not None and platform.status == "down"


def unmatched(tx: Transaction, request: Request, verbs: Sequence[str]) -> Answer:
    """An unknown path or verb, once the key is known to be good; links need none."""
    if request.path.lower().startswith(FILES):
        return Answer("wrong_verb", "serpwow-link-1", verbs) if verbs else Answer("astray", "serpwow-link-2")
    lost = Answer("astray", "serpwow-verb-1" if verbs else "serpwow-path-1")
    if tx.accepts("serpwow", credential(request)):
        return lost
    if tx.choice(REFUSED_FIRST.id) == "path":
        return lost._replace(assumption=REFUSED_FIRST.id)
    return Answer("bad_key", "serpwow-auth-3", assumption=REFUSED_FIRST.id)


def _ask(command: str) -> Handler:
    """Asks the batch that the path names."""

    def act(tx: Transaction, request: Request) -> Answer:
        return refused_by_a_row(tx.ask(BATCH, request.parameters["id"], command))

    return act


def _is_large(find: Callable[[str, str], Any], request: Request) -> bool:
    """Tell whether the batch that the path names has so many searches that going through them takes long."""
    batch: Batch | None = find(Batch.kind, request.parameters["id"])
    return batch is not None and len(batch.searches) > MANY_RESOURCES


def stop_all(tx: Transaction, _call: Request) -> Answer:
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


def list_batches(tx: Transaction, request: Request) -> Answer:
    try:
        page = page_of(request.query, tx)
    except Unfit as reason:
        return Answer("bad_list_parameter", reason.evidence, str(reason), reason.assumption)
    answer = Answer("page", "serpwow-list-1", page, page.assumption, () if page.pages else ("serpwow-empty-2",))
    if not page.batches:
        return answer
    fields, also = fields_beside(tx, "serpwow-list-12")
    ties = ("serpwow-list-15",) if page.tied else ()
    return answer._replace(assumption=page.assumption or fields, also=(*also, *ties))


def get_account(tx: Transaction, _call: Request) -> Answer:
    return Answer("account", "serpwow-account-1", account_of(tx))


OPERATIONS = (
    Operation("serpwow.batches.create", "POST", "/batches", as_read(create_batch)),
    Operation(
        "serpwow.batches.list",
        "GET",
        "/batches",
        limited("batches", "serpwow-list-10", with_single_values(list_batches)),
        beside=MANY_RESOURCES,
    ),
    Operation("serpwow.batches.stopall", "GET", "/batches/stopall", stop_all, beside=MANY_RESOURCES),
    Operation("serpwow.batches.get", "GET", "/batches/{id}", _ask(GET)),
    Operation("serpwow.batches.update", "PUT", "/batches/{id}", as_read(update_batch)),
    Operation("serpwow.batches.delete", "DELETE", "/batches/{id}", _ask(DELETE)),
    Operation("serpwow.batches.start", "GET", "/batches/{id}/start", _ask(START)),
    Operation("serpwow.batches.stop", "GET", "/batches/{id}/stop", _ask(STOP)),
    Operation(
        "serpwow.searches.list",
        "GET",
        "/batches/{id}/searches/{page}",
        with_single_values(list_searches),
        holds_much=_is_large,
    ),
    Operation("serpwow.searches.json", "GET", "/batches/{id}/searches/json", export_json, holds_much=_is_large),
    Operation("serpwow.searches.csv", "GET", "/batches/{id}/searches/csv", export_csv, holds_much=_is_large),
    Operation("serpwow.searches.update", "PUT", "/batches/{id}/{search_id}", as_read(update_search)),
    Operation("serpwow.searches.delete", "DELETE", "/batches/{id}/{search_id}", delete_search, holds_much=_is_large),
    Operation(
        "serpwow.searches.delete_many",
        "DELETE",
        "/batches/{id}/searches",
        as_read(delete_searches),
        holds_much=_is_large,
    ),
    Operation("serpwow.searches.clear", "DELETE", "/batches/{id}/clear", clear_searches, holds_much=_is_large),
    Operation("serpwow.results.list", "GET", "/batches/{id}/results", list_results, holds_much=_is_large),
    Operation("serpwow.results.get", "GET", "/batches/{id}/results/{result_set_id}", get_result, holds_much=_is_large),
    Operation(
        "serpwow.results.jsonlines",
        "GET",
        "/batches/{id}/results/{result_set_id}/jsonlines",
        get_result_jsonlines,
        holds_much=_is_large,
    ),
    Operation("serpwow.results.csv", "GET", "/batches/{id}/results/{result_set_id}/csv", get_result_csv, holds_much=_is_large),
    Operation("serpwow.results.resendwebhook", "GET", "/batches/{id}/results/{result_set_id}/resendwebhook", resend_webhook),
    Operation("serpwow.account.get", "GET", "/account", get_account),
    Operation(
        "serpwow.errorlogs.list",
        "GET",
        "/errorlogs",
        limited("errorlogs", "serpwow-errorlogs-3", with_single_values(list_error_logs)),
        beside=MANY_RESOURCES,
    ),
    Operation("serpwow.destinations.create", "POST", "/destinations", as_read(create_destination)),
    Operation("serpwow.destinations.list", "GET", "/destinations", with_single_values(list_destinations)),
    Operation("serpwow.destinations.update", "PUT", "/destinations/{destination_id}", as_read(update_destination)),
    Operation("serpwow.destinations.delete", "DELETE", "/destinations/{destination_id}", delete_destination),
    Operation("serpwow.files.results", "GET", "/serpwow/{world}/results/{file}", get_result_file, FILES, beside=0),
    Operation("serpwow.files.searches", "GET", "/serpwow/{world}/searches/{file}", get_search_file, FILES, beside=0),
)
