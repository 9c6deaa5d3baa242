"""The result sets of a batch: list, get with links to their files, and resend the webhook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emulator.sdk import Answer, Assumption, Handler, JsonObject, Request, Struct, Transaction
from emulator.vendors.serpwow.assumptions.answers import ABSENT_STATUS, CSV_COLUMNS, RESULTS_PAGE, SEARCHES_COMPLETED
from emulator.vendors.serpwow.assumptions.lifecycle import UNKNOWN_BATCH
from emulator.vendors.serpwow.assumptions.requests import FAILED_STATUS, WEBHOOK_UNSENT
from emulator.vendors.serpwow.machine.effects import account_of
from emulator.vendors.serpwow.model.batches import Batch, ResultSet, has_failed_webhook
from emulator.vendors.serpwow.model.searches import integer
from emulator.vendors.serpwow.operations.batches import batch_of
from emulator.vendors.serpwow.operations.files import result_links
from emulator.vendors.serpwow.requests.queries import csv_fields_of
from emulator.vendors.serpwow.requests.validation import invalid
from emulator.vendors.serpwow.responses.batches import with_grounds, with_unprinted_fields

FAILED = "failed"
PRINTED_COLUMNS = frozenset(("search.q", "request_info.success", "organic_results.position", "organic_results.title"))
"""Columns of CSV files that the emulator fills by their names in the reference. Evidence: serpwow-csv-1, serpwow-files-1."""

NO_WEBHOOK = "This Result Set had no webhook POST set"


class ResultLinks(Struct, frozen=True, gc=False):
    """A result set of a batch, and the links to its files."""

    batch: Batch
    result_set: ResultSet
    links: JsonObject


def list_results(tx: Transaction, request: Request) -> Answer:
    batch = batch_of(tx, request)
    available = batch.available(tx.now)
    answer = _answer(tx, "results", "serpwow-results-4", batch, batch, available)
    if not available:
        answer = answer.resting_on(("serpwow-empty-1",))
    return with_unprinted_fields(tx, with_grounds(answer, [batch]), "serpwow-list-13")


def get_result(format: str, evidence: str) -> Handler:
    """Return the handler that answers with a result set and the links to its files of a format."""

    def get(tx: Transaction, request: Request) -> Answer:
        batch = batch_of(tx, request)
        result_set = _result_set_of(tx, request, batch)
        links = result_links(tx, request, batch, result_set, format)
        answer = _answer(tx, "result", evidence, ResultLinks(batch, result_set, links), batch, [result_set])
        if format != "csv":
            return answer
        if (chosen := csv_fields_of(request)) is not None:
            return answer if PRINTED_COLUMNS.issuperset(chosen.split(",")) else answer.resting_on(("serpwow-files-1",))
        if batch.notifications.csv_fields is None:
            return answer
        return answer.resting_on(("serpwow-results-15",), CSV_COLUMNS)

    return get


def _answer(
    tx: Transaction, name: str, evidence: str, subject: object, batch: Batch, result_sets: Sequence[ResultSet]
) -> Answer:
    """Return an answer that shows result sets, with the facts behind it and the assumption that matters most."""
    answer = Answer(name, evidence, subject)
    for condition, fact, assumption in _grounds(batch, result_sets, account_of(tx, batch.owner).notification_webhook):
        if condition:
            answer = answer.resting_on((fact,), assumption)
    return answer


def _grounds(batch: Batch, sets: Sequence[ResultSet], profile: str | None) -> Iterator[tuple[bool, str, Assumption | None]]:
    """Yield facts behind what result sets show, each with whether it matters and the assumption for it."""
    yield any(it.webhook is not None and it.webhook_status is None for it in sets), "serpwow-results-14", WEBHOOK_UNSENT
    yield has_failed_webhook(sets), "serpwow-results-20", None
    yield any(it.failed_destination_ids for it in sets), "serpwow-results-13", FAILED_STATUS
    from_profile = profile not in (None, batch.notifications.webhook) and any(it.webhook == profile for it in sets)
    yield from_profile, "serpwow-webhook-1", None
    yield any(it.searches_failed for it in sets), "serpwow-results-17", SEARCHES_COMPLETED
    yield any(len(it.searches) > 1 for it in sets), "serpwow-results-18", RESULTS_PAGE
    absent = any(it.webhook is None or not (it.destination_ids or it.failed_destination_ids) for it in sets)
    yield absent, "serpwow-results-19", ABSENT_STATUS


def resend_webhook(tx: Transaction, request: Request) -> Answer:
    """Refuse, since the emulator makes no POST: as one that failed, or as the assumption says."""
    result_set = _result_set_of(tx, request, batch_of(tx, request))
    if result_set.webhook is None:
        raise invalid(NO_WEBHOOK, "serpwow-resend-2")
    if result_set.webhook_status == FAILED:
        raise invalid("The webhook POST failed", "serpwow-resend-2")
    message = NO_WEBHOOK if tx.choice(WEBHOOK_UNSENT) == "omitted" else "The webhook POST was not sent"
    raise invalid(message, "serpwow-resend-3", WEBHOOK_UNSENT)


def _result_set_of(tx: Transaction, request: Request, batch: Batch) -> ResultSet:
    id = request.parameters["result_set_id"]
    number = integer(id, 0)
    result_set = batch.result_set(number, tx.now) if id == str(number) else None
    if result_set is None:
        message = f"Result Set with ID '{id}' was not found in this Batch"
        raise invalid(message, "serpwow-results-8", UNKNOWN_BATCH, answer="unknown_part")
    return result_set
