"""The result sets of a batch: list, get with links to their files, and resend the webhook."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emulator.sdk import COLLECT, DELIVERED, Answer, Assumption, Handler, JsonObject, Request, Struct, Transaction, View
from emulator.vendors.serpwow.assumptions.answers import ABSENT_STATUS, CSV_COLUMNS, RESULTS_PAGE, SEARCHES_COMPLETED
from emulator.vendors.serpwow.assumptions.lifecycle import UNKNOWN_BATCH
from emulator.vendors.serpwow.assumptions.requests import COLLECTED_WEBHOOK, FAILED_STATUS, RESEND_URL, WEBHOOK_UNSENT
from emulator.vendors.serpwow.machine.effects import account_of
from emulator.vendors.serpwow.model.batches import Batch, ResultSet
from emulator.vendors.serpwow.model.searches import integer
from emulator.vendors.serpwow.operations.batches import batch_of
from emulator.vendors.serpwow.operations.files import csv_columns
from emulator.vendors.serpwow.requests.queries import csv_fields_of
from emulator.vendors.serpwow.requests.validation import invalid
from emulator.vendors.serpwow.responses.batches import with_grounds, with_unprinted_fields
from emulator.vendors.serpwow.responses.links import folder_of, result_links
from emulator.vendors.serpwow.webhooks import ResultDelivery, delivery_of, post_again, webhook_of

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
        columns = csv_columns(tx, request, batch) if format == "csv" else None
        place = f"{request.base_url}{folder_of(tx.world_id)}"
        links = result_links(tx, place, batch, result_set, format, columns)
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
    for condition, fact, assumption in _grounds(tx, batch, result_sets, account_of(tx, batch.owner).notification_webhook):
        if condition:
            answer = answer.resting_on((fact,), assumption)
    return answer


def _grounds(
    view: View, batch: Batch, sets: Sequence[ResultSet], profile: str | None
) -> Iterator[tuple[bool, str, Assumption | None]]:
    """Yield facts behind what result sets show, each with whether it matters and the assumption for it."""
    webhooks = [webhook_of(view, batch, it) for it in sets if it.webhook is not None]
    yield any(it.status is None and not it.log for it in webhooks), "serpwow-results-14", WEBHOOK_UNSENT
    yield any(it.status is None and it.log for it in webhooks), "serpwow-results-21", None
    yield any(it.status == "failed" for it in webhooks), "serpwow-results-20", None
    yield any(it.failed_destination_ids for it in sets), "serpwow-results-13", FAILED_STATUS
    from_profile = profile not in (None, batch.notifications.webhook) and any(it.webhook == profile for it in sets)
    yield from_profile, "serpwow-webhook-1", None
    yield any(it.searches_failed for it in sets), "serpwow-results-17", SEARCHES_COMPLETED
    yield any(len(it.searches) > 1 for it in sets), "serpwow-results-18", RESULTS_PAGE
    absent = any(it.webhook is None or not (it.destination_ids or it.failed_destination_ids) for it in sets)
    yield absent, "serpwow-results-19", ABSENT_STATUS


def resend_webhook(tx: Transaction, request: Request) -> Answer:
    """Send a webhook again, and answer as its receiver does. Where it is only collected, it counts as one that failed."""
    batch = batch_of(tx, request)
    result_set = _result_set_of(tx, request, batch)
    url, grounds = _webhook_to_call(tx, batch, result_set)
    delivery = delivery_of(tx, batch, result_set)
    if request.has_waited and delivery is not None:
        return _resent(batch, delivery).resting_on(*grounds)
    if tx.carrier(url) != COLLECT:
        request.waits_for = ((ResultDelivery.kind, post_again(tx, batch, result_set, url)),)
    elif delivery is not None and tx.choice(COLLECTED_WEBHOOK) == "ok":
        post_again(tx, batch, result_set, url)
        resent = Answer("resent", "serpwow-resend-5", batch).resting_on(("serpwow-resend-4",), COLLECTED_WEBHOOK)
        return resent.resting_on(*grounds)
    if webhook_of(tx, batch, result_set).status == FAILED:
        raise invalid("The webhook POST failed", "serpwow-resend-2")
    message = NO_WEBHOOK if tx.choice(WEBHOOK_UNSENT) == "omitted" else "The webhook POST was not sent"
    raise invalid(message, "serpwow-resend-3", WEBHOOK_UNSENT)


def _webhook_to_call(
    tx: Transaction, batch: Batch, result_set: ResultSet
) -> tuple[str, tuple[tuple[str, ...], Assumption | None]]:
    """Return the URL to post a result set to again, and the facts and the assumption by which it is that one of two.

    Raises:
        InvalidRequest: the result set had none, or its batch has none any more where that is what counts.
    """
    current = batch.webhook(account_of(tx, batch.owner))
    if result_set.webhook is None:
        raise invalid(NO_WEBHOOK, "serpwow-resend-2")
    if result_set.webhook == current:
        return current, ((), None)
    url = result_set.webhook if tx.choice(RESEND_URL) == "original" else current
    if url is None:
        raise invalid("The Batch has no webhook any more", "serpwow-resend-6", RESEND_URL)
    return url, (("serpwow-resend-6",), RESEND_URL)


def _resent(batch: Batch, delivery: ResultDelivery) -> Answer:
    """Return the answer after a POST that was made on request, or not even that."""
    if delivery.status == DELIVERED:
        taken = delivery.attempts[-1].status
        return Answer("resent", "serpwow-resend-5", batch).resting_on(() if taken == 200 else ("serpwow-webhook-6",))
    if delivery.because is not None:
        raise invalid(f"The webhook POST was not sent: {delivery.because}", "serpwow-resend-3")
    last = delivery.attempts[-1] if delivery.attempts else None
    reason = "" if last is None else f": {last.error or f'the receiver answered {last.status}'}"
    raise invalid(f"The webhook POST failed{reason}", "serpwow-resend-2")


def _result_set_of(tx: Transaction, request: Request, batch: Batch) -> ResultSet:
    id = request.parameters["result_set_id"]
    number = integer(id, 0)
    result_set = batch.result_set(number, tx.now) if id == str(number) else None
    if result_set is None:
        message = f"Result Set with ID '{id}' was not found in this Batch"
        raise invalid(message, "serpwow-results-8", UNKNOWN_BATCH, answer="unknown_part")
    return result_set
