"""How SerpWow words its answers: one function for each answer that a row or an operation gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from emulator.sdk import Assumption, Renderer, Request, Response, Stream, Transaction, instant, reason_phrase
from emulator.vendors.serpwow.assumptions import (
    STOP_FAILURE,
    STOPALL_SINGULAR,
    STOPALL_WITH_FAILURES,
    UNKNOWN_BATCH,
    WRONG_STATE,
)
from emulator.vendors.serpwow.assumptions_of_calls import INCIDENT_BODY, PLATFORM_DOWN
from emulator.vendors.serpwow.credits import account_of
from emulator.vendors.serpwow.destinations import DESTINATIONS_LIMIT, DestinationsPage, show_destination
from emulator.vendors.serpwow.effects import BATCHES_LIMIT
from emulator.vendors.serpwow.errorlogs import ErrorLogsPage, show_error_log
from emulator.vendors.serpwow.limits import PER_MINUTE
from emulator.vendors.serpwow.links import File
from emulator.vendors.serpwow.listing import Page
from emulator.vendors.serpwow.model import Account, Batch, Destination
from emulator.vendors.serpwow.reading import ResultLinks, SearchesPage, SearchLinks
from emulator.vendors.serpwow.searches import show_search
from emulator.vendors.serpwow.wire import (
    NOT_PRINTED_IN_A_LIST,
    NOT_PRINTED_WITH_OTHERS,
    show_account,
    show_batch,
    show_batch_but_for,
    show_result_set,
)

UNAVAILABLE = 503
INCIDENT = "Request type google-web is temporarily unavailable. You have not been charged for this request"


def _succeeded(**body: Any) -> Response:
    return Response(200, {"request_info": {"success": True}, **body})


def _refused(status: int, message: str) -> Response:
    return Response(status, {"request_info": {"success": False, "message": message}})


def _batch(tx: Transaction, _call: Request, batch: Batch) -> Response:
    return _succeeded(batch=show_batch(batch, tx.now))


def _batch_with_searches(tx: Transaction, _call: Request, batch: Batch) -> Response:
    return _succeeded(batch=show_batch_but_for(tx, batch, NOT_PRINTED_WITH_OTHERS))


def _page(tx: Transaction, _call: Request, page: Page) -> Response:
    return _succeeded(
        total_count=page.total,
        total_pages=page.pages,
        current_page=page.number,
        count_this_page=len(page.batches),
        batches=[show_batch_but_for(tx, batch, NOT_PRINTED_IN_A_LIST) for batch in page.batches],
    )


def _account(tx: Transaction, request: Request, account: Account) -> Response:
    return _succeeded(account_info=show_account(tx, request, account))


def _searches(_tx: Transaction, _call: Request, page: SearchesPage) -> Response:
    return _succeeded(
        batch_id=page.batch,
        searches_page_current=page.number,
        searches_page_count=page.pages,
        searches=[show_search(search) for search in page.searches],
    )


def _export(_tx: Transaction, _call: Request, subject: SearchLinks) -> Response:
    searches = subject.batch.searches
    return _succeeded(
        batch_id=subject.batch.id,
        searches_total_count=len(searches),
        searches_page_count=searches.pages,
        download_links=subject.links,
    )


def _search(_tx: Transaction, _call: Request, changed: Mapping[str, Any]) -> Response:
    return _succeeded(search=dict(changed))


def _results(tx: Transaction, _call: Request, batch: Batch) -> Response:
    results = [show_result_set(tx, it) for it in reversed(batch.available(tx.now))]
    shown = show_batch_but_for(tx, batch, NOT_PRINTED_WITH_OTHERS)
    return _succeeded(batch_id=batch.id, batch=shown, results_count=len(results), results=results)


def _result(tx: Transaction, _call: Request, subject: ResultLinks) -> Response:
    return _succeeded(batch_id=subject.batch.id, result=show_result_set(tx, subject.result_set, subject.links))


def _file(_tx: Transaction, _call: Request, file: File) -> Response:
    return Response(200, Stream(len(file.content), iter((file.content,))), {"content-type": file.type})


def _error_logs(_tx: Transaction, _call: Request, page: ErrorLogsPage) -> Response:
    return _succeeded(
        logs=[show_error_log(log, instant(log.date)) for log in page.logs],
        page=page.wanted.number,
        page_count_total=page.wanted.pages(page.total),
        results_count=len(page.logs),
        results_count_total=page.total,
    )


def _destination(_tx: Transaction, _call: Request, destination: Destination) -> Response:
    return _succeeded(destination={"id": destination.id})


def _destination_details(tx: Transaction, _call: Request, destination: Destination) -> Response:
    return _succeeded(destination=show_destination(tx, destination))


def _destinations(tx: Transaction, _call: Request, page: DestinationsPage) -> Response:
    used = tx.size(Destination.kind)
    usage = {"used": used, "limit": DESTINATIONS_LIMIT, "available": max(DESTINATIONS_LIMIT - used, 0)}
    return _succeeded(usage=usage, destinations=[show_destination(tx, it) for it in page.destinations])


def _stopped_all(tx: Transaction, _call: Request, counts: tuple[int, int]) -> Response:
    stopped, failed = counts
    singular = stopped == 1 and tx.choice(STOPALL_SINGULAR.id) == "Batch"
    message = f"{stopped} {'Batch' if singular else 'Batches'} stopped"
    success = not failed or tx.choice(STOPALL_WITH_FAILURES.id) == "success"
    info = {"success": success, "message": message}
    return Response(200, {"request_info": info, "batches_stopped": stopped, "batches_failed_to_stop": failed})


def _searches_deleted(_tx: Transaction, _call: Request, count: int) -> Response:
    return Response(200, {"request_info": {"success": True, "message": f"{count} Search{'' if count == 1 else 'es'} deleted"}})


def _refusal(status: int | Assumption, message: str) -> Renderer:
    """Refuses with a message, in which {id} is the id that the path ends in; an assumption may choose the status."""

    def word(tx: Transaction, request: Request, _subject: object) -> Response:
        id = request.parameters.get("id") or request.parameters.get("destination_id", "")
        chosen = status if isinstance(status, int) else int(tx.choice(status.id))
        return _refused(chosen, message.replace("{id}", id))

    return word


def _for_a_reason(status: int | Assumption) -> Renderer:
    """Refuses with the reason that was found."""

    def word(tx: Transaction, _call: Request, reason: str) -> Response:
        return _refused(status if isinstance(status, int) else int(tx.choice(status.id)), reason)

    return word


def _wrong_verb(_tx: Transaction, _call: Request, verbs: Sequence[str]) -> Response:
    return _refused(405, "Method not allowed")._replace(headers={"allow": ", ".join(verbs)})


def _done(message: str) -> Renderer:
    def word(_tx: Transaction, _call: Request, _subject: object) -> Response:
        return Response(200, {"request_info": {"success": True, "message": message}})

    return word


def _down(tx: Transaction, _call: Request, _subject: object) -> Response:
    status = int(tx.choice(PLATFORM_DOWN.id))
    return _unavailable(tx) if status == UNAVAILABLE else _refused(status, "The service is temporarily unavailable")


def _unavailable(tx: Transaction) -> Response:
    """Return the 503 of an incident, which has a body of its own. Evidence: serpwow-codes-2 and serpwow-codes-3."""
    if tx.choice(INCIDENT_BODY.id) == "envelope":
        return _refused(UNAVAILABLE, INCIDENT)
    return Response(UNAVAILABLE, {"message": INCIDENT, "retry_after": 3600})


def failure_response(tx: Transaction, request: Request, status: int) -> Response:
    """Return a failure that nothing in the state brought about, in the envelope but for 503. Evidence: serpwow-envelope-1."""
    if status == UNAVAILABLE:
        return _unavailable(tx)
    named = FAILURES.get(status)
    return RENDERERS[named](tx, request, None)._replace(status=status) if named else _refused(status, reason_phrase(status))


def _no_credits(tx: Transaction, _call: Request, batch: Batch) -> Response:
    left = account_of(tx).credits_remaining
    return _refused(402, f"Not enough credits: the Batch requires {batch.credits_required}, and {left} remain")


RENDERERS: dict[str, Renderer] = {
    "batch": _batch,
    "batch_with_searches": _batch_with_searches,
    "page": _page,
    "account": _account,
    "deleted": _done("batch deleted"),
    "started": _done("batch started"),
    "stopped": _done("batch stopped"),
    "stopped_all": _stopped_all,
    "searches": _searches,
    "export": _export,
    "search": _search,
    "search_deleted": _done("Search deleted"),
    "searches_deleted": _searches_deleted,
    "cleared": _done("Batch searches cleared"),
    "results": _results,
    "result": _result,
    "file": _file,
    "error_logs": _error_logs,
    "destination": _destination,
    "destination_details": _destination_details,
    "destinations": _destinations,
    "destination_deleted": _done("1 Destination deleted"),
    "nothing_to_stop": _refusal(400, "No Batches are currently queued or running"),
    "not_stoppable": _refusal(WRONG_STATE, "Batch with ID '{id}' is not currently queued or running"),
    "not_startable": _refusal(WRONG_STATE, "Batch with ID '{id}' is already queued or running"),
    "not_editable": _refusal(400, "Batch with ID '{id}' is currently queued or running"),
    "nothing_to_run": _refusal(400, "Batch with ID '{id}' has no searches"),
    "disabled": _refusal(400, "Batch with ID '{id}' is not enabled"),
    "no_credits": _no_credits,
    "too_many_batches": _refusal(400, f"An account can have at most {BATCHES_LIMIT} Batches"),
    "too_many_destinations": _refusal(400, f"An account can have at most {DESTINATIONS_LIMIT} Destinations"),
    "stop_failed": _refusal(STOP_FAILURE, "Batch with ID '{id}' could not be stopped"),
    "unknown_batch": _refusal(UNKNOWN_BATCH, "Batch with ID '{id}' was not found"),
    "unknown_destination": _refusal(UNKNOWN_BATCH, "Destination with ID '{id}' was not found"),
    "unknown_part": _for_a_reason(UNKNOWN_BATCH),
    "unfit": _for_a_reason(400),
    "bad_list_parameter": _for_a_reason(400),
    "too_often": _refusal(429, f"At most {PER_MINUTE} requests per minute"),
    "failure": _refusal(500, "Internal error"),
    "down": _down,
    "bad_key": _refusal(401, "Supplied api_key is not valid"),
    "astray": _refusal(404, "Not found"),
    "wrong_verb": _wrong_verb,
}

FAILURES = {401: "bad_key", 404: "astray", 500: "failure"}
"""The answer whose words a failure has, by status; the others are called what HTTP calls them."""
