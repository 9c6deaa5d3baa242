"""The response to each answer, and what goes with every response: headers, failures, and the facts behind it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from emulator.sdk import (
    Answer,
    Assumption,
    Operation,
    Pieces,
    Renderer,
    Request,
    Response,
    Transaction,
    digest,
    dump,
    reason_phrase,
    structs,
)
from emulator.vendors.serpwow.assumptions.answers import EMPTY_PAGES, GET_COUNTS
from emulator.vendors.serpwow.assumptions.lifecycle import (
    START_WITHOUT_CREDITS,
    STOP_FAILURE,
    STOPALL_SINGULAR,
    STOPALL_WITH_FAILURES,
    UNKNOWN_BATCH,
    WRONG_STATE,
)
from emulator.vendors.serpwow.assumptions.requests import INCIDENT_BODY, LIST_FIELDS, PLATFORM_DOWN, READING
from emulator.vendors.serpwow.assumptions.searches import HTML_LIMIT
from emulator.vendors.serpwow.destinations.model import DESTINATION_LIMIT, Destination
from emulator.vendors.serpwow.destinations.responses import render_destination
from emulator.vendors.serpwow.machine.effects import account_of
from emulator.vendors.serpwow.model.batches import BATCH_LIMIT, Batch
from emulator.vendors.serpwow.model.searches import render_search
from emulator.vendors.serpwow.operations.results import ResultLinks
from emulator.vendors.serpwow.operations.searches import SearchesPage, SearchLinks
from emulator.vendors.serpwow.requests.admission import PER_MINUTE, acting_account, cite_path
from emulator.vendors.serpwow.requests.bodies import CLIENT_FIELDS, field_names
from emulator.vendors.serpwow.requests.queries import API_KEY, PARAMETERS, Page
from emulator.vendors.serpwow.responses.account import render_account, render_error_log, render_usage
from emulator.vendors.serpwow.responses.batches import (
    NOT_BESIDE_OTHERS,
    NOT_IN_LIST,
    render_batch,
    render_own_batch,
    render_result_set,
    with_grounds,
)

HEADERS = {  # those of the live service, serpwow-headers-1, without the ones that let pages of a browser in
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "vary": "Origin",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
}

UNAVAILABLE = 503
INCIDENT = "Request type google-web is temporarily unavailable. You have not been charged for this request"


def exchange_id(seed: int, n: int) -> str:
    """Return the trace id of an exchange, in the form of a UUID. Evidence: serpwow-headers-1."""
    id = digest(seed, f"trace/{n}").hex()
    return f"{id[:8]}-{id[8:12]}-4{id[13:16]}-a{id[17:20]}-{id[20:32]}"


def response_headers(_tx: Transaction, _request: Request, id: str) -> Mapping[str, str]:
    """Return the trace id of the exchange. Evidence: serpwow-headers-1."""
    return {"x-trace-id": id}


def cite(tx: Transaction, request: Request, operation: Operation, answer: Answer) -> Answer:
    """Return the answer with the facts and the assumption by which its request was read, or part of it ignored."""
    if operation.mounts:  # a link of our own
        return answer
    if reading := [] if READING.keys().isdisjoint(tx.consulted) else [it for it in READING if it in tx.consulted]:
        answer = answer.resting_on(READING[assumption] for assumption in reading)
    if tx.consulted and answer.assumption in (None, LIST_FIELDS) and (decisive := next(iter(reading), None) or _limit_of(tx)):
        answer = structs.replace(answer, assumption=decisive)
    if answer.name == "batch":
        answer = with_grounds(answer.resting_on((), GET_COUNTS), [answer.subject])
    if _has_unread_fields(request, operation):
        answer = answer.resting_on(("serpwow-body-2",))
    return cite_path(request, operation, answer)


def _limit_of(tx: Transaction) -> Assumption | None:
    """Return the assumption about the largest page of HTML, where that was asked about."""
    return HTML_LIMIT if HTML_LIMIT in tx.consulted else None


@cache
def _read_fields(operation: str) -> frozenset[str]:
    """Return the fields of a query that an operation reads."""
    return frozenset((API_KEY, *PARAMETERS.get(operation, ())))


def _has_unread_fields(request: Request, operation: Operation) -> bool:
    """Return whether the query or the body has a field that no page names, or that only the vendor's clients add."""
    read = _read_fields(operation.name)
    if not read.issuperset(request.query) and not read.issuperset([name.partition("[")[0] for name in request.query]):
        return True
    may_have = bool(request.body) and any(name.encode() in request.body for name in CLIENT_FIELDS)
    return may_have and any(name in CLIENT_FIELDS for name in field_names(request))


def _success(message: str | None = None, /, **fields: Any) -> Response:
    info = {"success": True} if message is None else {"success": True, "message": message}
    return Response(200, {"request_info": info, **fields})


def _error(status: int, message: str) -> Response:
    return Response(status, {"request_info": {"success": False, "message": message}})


def _pages(tx: Transaction, pages: int) -> int:
    """Return the number of pages of a list. Evidence: serpwow-empty-2."""
    return pages or int(tx.choice(EMPTY_PAGES))


def _page(tx: Transaction, _request: Request, page: Page) -> Response:
    return _success(
        total_count=page.total,
        total_pages=_pages(tx, page.pages),
        current_page=page.query.number,
        count_this_page=len(page.items),
        batches=[render_batch(tx, batch, NOT_IN_LIST) for batch in page.items],
    )


def _error_logs(tx: Transaction, _request: Request, page: Page) -> Response:
    return _success(
        logs=[render_error_log(tx, log) for log in page.items],
        page=page.query.number,
        page_count_total=_pages(tx, page.pages),
        results_count=len(page.items),
        results_count_total=page.total,
    )


def _searches(tx: Transaction, _request: Request, page: SearchesPage) -> Response:
    return _success(
        batch_id=page.batch,
        searches_page_current=page.number,
        searches_page_count=_pages(tx, page.pages),
        searches=[render_search(search) for search in page.searches],
    )


def _export(tx: Transaction, _request: Request, export: SearchLinks) -> Response:
    searches = export.batch.searches
    return _success(
        batch_id=export.batch.id,
        searches_total_count=len(searches),
        searches_page_count=_pages(tx, searches.pages),
        download_links=export.links,
    )


def _results(tx: Transaction, _request: Request, batch: Batch) -> Response:
    results = [render_result_set(tx, batch, result_set) for result_set in reversed(batch.available(tx.now))]
    fields = render_batch(tx, batch, NOT_BESIDE_OTHERS)
    return _success(batch_id=batch.id, batch=fields, results_count=len(results), results=results)


def _result(tx: Transaction, _request: Request, result: ResultLinks) -> Response:
    return _success(batch_id=result.batch.id, result=render_result_set(tx, result.batch, result.result_set, result.links))


def _destinations(tx: Transaction, _request: Request, page: Page) -> Response:
    usage = render_usage(tx.size(Destination, "owner", acting_account(tx)), DESTINATION_LIMIT)
    return _success(usage=usage, destinations=[render_destination(tx, destination) for destination in page.items])


def _stopped_all(tx: Transaction, _request: Request, counts: tuple[int, int]) -> Response:
    stopped, failed = counts
    singular = stopped == 1 and tx.choice(STOPALL_SINGULAR) == "Batch"
    message = f"{stopped} {'Batch' if singular else 'Batches'} stopped"
    success = not failed or tx.choice(STOPALL_WITH_FAILURES) == "success"
    info = {"success": success, "message": message}
    return Response(200, {"request_info": info, "batches_stopped": stopped, "batches_failed_to_stop": failed})


def _done(message: str) -> Renderer:
    body = dump(_success(message).body)
    return lambda _tx, _request, _subject: Response(200, body)


def _refusal(status: int | Assumption, message: str | None = None) -> Renderer:
    """Return the renderer of a refusal with a message: the answer's subject, if there is none.

    `{id}` in it is the id that the path names. An assumption may choose the status.
    """

    def render(tx: Transaction, request: Request, reason: str) -> Response:
        id = request.parameters.get("id") or request.parameters.get("destination_id", "")
        code = status if isinstance(status, int) else int(tx.choice(status))
        return _error(code, reason if message is None else message.replace("{id}", id))

    return render


def _wrong_verb(_tx: Transaction, _request: Request, verbs: Sequence[str]) -> Response:
    return structs.replace(_error(405, "Method not allowed"), headers={"allow": ", ".join(verbs)})


def _no_credits(tx: Transaction, _request: Request, batch: Batch) -> Response:
    status, account = int(tx.choice(START_WITHOUT_CREDITS)), account_of(tx, batch.owner)
    more = account.overage_limit if account.overage else 0
    left = max(account.credits_limit + more - account.credits_used, 0)
    return _error(status, f"Not enough credits: the Batch requires {batch.credits_required}, and {left} remain")


def _down(tx: Transaction, _request: Request, _subject: object) -> Response:
    status = int(tx.choice(PLATFORM_DOWN))
    return _unavailable(tx) if status == UNAVAILABLE else _error(status, "The service is temporarily unavailable")


def _unavailable(tx: Transaction) -> Response:
    """Return the 503 of an incident, which has a body of its own. Evidence: serpwow-codes-2 and serpwow-codes-3."""
    if tx.choice(INCIDENT_BODY) == "envelope":
        return _error(UNAVAILABLE, INCIDENT)
    return Response(UNAVAILABLE, {"message": INCIDENT, "retry_after": 3600})


def failure_response(tx: Transaction, request: Request, status: int) -> Response:
    """Return a failure that a fault brings about, in the envelope but for 503. Evidence: serpwow-envelope-1."""
    if status == UNAVAILABLE:
        return _unavailable(tx)
    answer = FAILURES.get(status)
    return (
        structs.replace(RENDERERS[answer](tx, request, None), status=status)
        if answer
        else _error(status, reason_phrase(status))
    )


RENDERERS: dict[str, Renderer] = {
    "batch": lambda tx, _request, batch: _success(batch=render_own_batch(tx, batch)),
    "batch_with_searches": lambda tx, _request, batch: _success(batch=render_batch(tx, batch, NOT_BESIDE_OTHERS)),
    "page": _page,
    "account": lambda tx, request, account: _success(account_info=render_account(tx, request, account)),
    "deleted": _done("batch deleted"),
    "started": _done("batch started"),
    "stopped": _done("batch stopped"),
    "stopped_all": _stopped_all,
    "searches": _searches,
    "export": _export,
    "search": lambda _tx, _request, fields: _success(search=fields),
    "search_deleted": _done("Search deleted"),
    "searches_deleted": lambda _tx, _request, count: _success(f"{count} Search{'' if count == 1 else 'es'} deleted"),
    "cleared": _done("Batch searches cleared"),
    "resent": _done("Webhook POST resent successfully."),
    "results": _results,
    "result": _result,
    "file": lambda _tx, _request, file: Response(200, Pieces(file.make), {"content-type": file.type}),
    "error_logs": _error_logs,
    "destination": lambda _tx, _request, destination: _success(destination={"id": destination.id}),
    "destination_details": lambda tx, _request, destination: _success(destination=render_destination(tx, destination)),
    "destinations": _destinations,
    "destination_deleted": _done("1 Destination deleted"),
    "nothing_to_stop": _refusal(400, "No Batches are currently queued or running"),
    "not_stoppable": _refusal(WRONG_STATE, "Batch with ID '{id}' is not currently queued or running"),
    "not_startable": _refusal(WRONG_STATE, "Batch with ID '{id}' is already queued or running"),
    "not_editable": _refusal(400, "Batch with ID '{id}' is currently queued or running"),
    "webhooks_failed": _refusal(400, "Batch with ID '{id}' has Result Sets with a failed webhook, so force=true is needed"),
    "nothing_to_run": _refusal(400, "Batch with ID '{id}' has no searches"),
    "disabled": _refusal(400, "Batch with ID '{id}' is not enabled"),
    "no_credits": _no_credits,
    "too_many_batches": _refusal(400, f"An account can have at most {BATCH_LIMIT} Batches"),
    "too_many_destinations": _refusal(400, f"An account can have at most {DESTINATION_LIMIT} Destinations"),
    "stop_failed": _refusal(STOP_FAILURE, "Batch with ID '{id}' could not be stopped"),
    "unknown_batch": _refusal(UNKNOWN_BATCH, "Batch with ID '{id}' was not found"),
    "unknown_destination": _refusal(UNKNOWN_BATCH, "Destination with ID '{id}' was not found"),
    "unknown_part": _refusal(UNKNOWN_BATCH),
    "unfit": _refusal(400),
    "bad_list_parameter": _refusal(400),
    "too_often": _refusal(429, f"At most {PER_MINUTE} requests per minute"),
    "failure": _refusal(500, "Internal error"),
    "down": _down,
    "bad_key": _refusal(401, "Supplied api_key is not valid"),
    "astray": _refusal(404, "Not found"),
    "wrong_verb": _wrong_verb,
}

FAILURES = {401: "bad_key", 404: "astray", 500: "failure"}
"""The answer with the words of a failure, by status; the others have HTTP's reason phrase."""
