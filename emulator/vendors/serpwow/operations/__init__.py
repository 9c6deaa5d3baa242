"""The operations of SerpWow: the address, the checks and the handler of each."""

from __future__ import annotations

from emulator.sdk import MANY_RESOURCES, Handler, Operation
from emulator.vendors.serpwow.destinations.model import Destination
from emulator.vendors.serpwow.destinations.operations import (
    create_destination,
    delete_destination,
    list_destinations,
    update_destination,
)
from emulator.vendors.serpwow.model.account import ErrorLog
from emulator.vendors.serpwow.model.batches import Batch
from emulator.vendors.serpwow.operations.account import get_account, list_error_logs
from emulator.vendors.serpwow.operations.batches import (
    check_editable,
    check_visible,
    create_batch,
    delete_batch,
    get_batch,
    is_large,
    start_batch,
    stop_all,
    stop_batch,
    update_batch,
)
from emulator.vendors.serpwow.operations.files import get_result_file, get_search_file
from emulator.vendors.serpwow.operations.listing import list_batches
from emulator.vendors.serpwow.operations.results import get_result, list_results, resend_webhook
from emulator.vendors.serpwow.operations.searches import (
    clear_searches,
    delete_search,
    delete_searches,
    export_searches,
    list_searches,
    update_search,
)
from emulator.vendors.serpwow.requests.admission import ACCOUNT, FILES, rate_limit
from emulator.vendors.serpwow.requests.queries import check_single_values, is_searched


def _looking(name: str, path: str, handler: Handler) -> Operation:
    """Return an operation that shows what a batch holds."""
    return Operation(name, "GET", path, handler, checks=(check_visible,), holds_much=is_large)


def _changing(name: str, method: str, path: str, handler: Handler) -> Operation:
    """Return an operation that changes a batch or its searches."""
    return Operation(name, method, path, handler, checks=(check_editable,), holds_much=is_large)


_RESULT = "/batches/{id}/results/{result_set_id}"

OPERATIONS = (
    Operation("serpwow.batches.create", "POST", "/batches", create_batch),
    Operation(
        "serpwow.batches.list",
        "GET",
        "/batches",
        list_batches,
        limit=rate_limit("batches", "serpwow-list-10"),
        checks=(check_single_values,),
        holds_much=is_searched,
    ),
    Operation("serpwow.batches.stopall", "GET", "/batches/stopall", stop_all, beside=MANY_RESOURCES, about=Batch),
    Operation("serpwow.batches.get", "GET", "/batches/{id}", get_batch),
    _changing("serpwow.batches.update", "PUT", "/batches/{id}", update_batch),
    Operation("serpwow.batches.delete", "DELETE", "/batches/{id}", delete_batch, checks=(check_single_values,)),
    Operation("serpwow.batches.start", "GET", "/batches/{id}/start", start_batch),
    Operation("serpwow.batches.stop", "GET", "/batches/{id}/stop", stop_batch),
    Operation(
        "serpwow.searches.list",
        "GET",
        "/batches/{id}/searches/{page}",
        list_searches,
        checks=(check_single_values, check_visible),
        holds_much=lambda find, request: is_searched(find, request) or is_large(find, request),
    ),
    _looking("serpwow.searches.json", "/batches/{id}/searches/json", export_searches("json")),
    _looking("serpwow.searches.csv", "/batches/{id}/searches/csv", export_searches("csv")),
    _changing("serpwow.searches.update", "PUT", "/batches/{id}/{search_id}", update_search),
    _changing("serpwow.searches.delete", "DELETE", "/batches/{id}/{search_id}", delete_search),
    _changing("serpwow.searches.delete_many", "DELETE", "/batches/{id}/searches", delete_searches),
    _changing("serpwow.searches.clear", "DELETE", "/batches/{id}/clear", clear_searches),
    _looking("serpwow.results.list", "/batches/{id}/results", list_results),
    _looking("serpwow.results.get", _RESULT, get_result("json", "serpwow-results-5")),
    _looking("serpwow.results.jsonlines", f"{_RESULT}/jsonlines", get_result("jsonlines", "serpwow-results-6")),
    _looking("serpwow.results.csv", f"{_RESULT}/csv", get_result("csv", "serpwow-results-6")),
    Operation("serpwow.results.resendwebhook", "GET", f"{_RESULT}/resendwebhook", resend_webhook, checks=(check_visible,)),
    Operation(ACCOUNT, "GET", "/account", get_account),
    Operation(
        "serpwow.errorlogs.list",
        "GET",
        "/errorlogs",
        list_error_logs,
        limit=rate_limit("errorlogs", "serpwow-errorlogs-3"),
        checks=(check_single_values,),
        beside=0,  # each may be long
        about=ErrorLog,
    ),
    Operation(
        "serpwow.destinations.create",
        "POST",
        "/destinations",
        create_destination,
        other_paths=("/destination",),
    ),
    Operation(
        "serpwow.destinations.list",
        "GET",
        "/destinations",
        list_destinations,
        checks=(check_single_values,),
        beside=MANY_RESOURCES,
        about=Destination,
        holds_much=is_searched,
    ),
    Operation("serpwow.destinations.update", "PUT", "/destinations/{destination_id}", update_destination),
    Operation("serpwow.destinations.delete", "DELETE", "/destinations/{destination_id}", delete_destination),
    Operation("serpwow.files.results", "GET", "/serpwow/{world}/results/{file}", get_result_file, FILES, beside=0),
    Operation("serpwow.files.columns", "GET", "/serpwow/{world}/results/{columns}/{file}", get_result_file, FILES, beside=0),
    Operation("serpwow.files.searches", "GET", "/serpwow/{world}/searches/{file}", get_search_file, FILES, beside=0),
)
