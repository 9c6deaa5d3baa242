"""Links to files and what lies behind them: pages of results and searches, made when they are fetched."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from emulator.sdk import Answer, Request, Transaction
from emulator.vendors.serpwow.bodies import Unfit
from emulator.vendors.serpwow.contents import CSV_FIELDS, as_csv, as_json, as_jsonlines, results_of, search_rows, zipped
from emulator.vendors.serpwow.model import SELF, Batch, ResultSet
from emulator.vendors.serpwow.queries import csv_fields_of
from emulator.vendors.serpwow.refusals import unfit

FILES = ("/_files",)
ENDINGS = {"json": ".json", "jsonlines": ".jsonl", "csv": ".csv"}
ALL_PAGES = {"json": ".zip", "jsonlines": "_jsonlines.zip", "csv": ".csv"}
TYPES = {
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".csv": "text/csv; charset=utf-8",
    ".zip": "application/zip",
}
RESULTS = re.compile(
    r"Batch_Results_(.+)_(\d{1,9})_(?:Page_(\d{1,9})|All_Pages)(?:_([0-9a-f]{40}))?(\.\w+|_jsonlines\.zip)", re.ASCII
)
SEARCHES = re.compile(r"Batch_Searches_(.+)_Page_(\d{1,9})(\.json|\.csv)", re.ASCII)


class File(NamedTuple):
    """A file as it is served."""

    content: bytes
    type: str


def search_links(tx: Transaction, request: Request, batch: Batch, format: str) -> dict[str, Any]:
    """The links of an export. Evidence: serpwow-export-2."""
    names = [f"Batch_Searches_{batch.id}_Page_{n}.{format}" for n in range(1, batch.searches.pages + 1)]
    return {"pages": [_link(tx, request, "searches", name) for name in names]}


def result_links(tx: Transaction, request: Request, batch: Batch, result_set: ResultSet, format: str) -> dict[str, Any]:
    """The links of a result set. Evidence: serpwow-results-7."""
    chosen = chosen_columns(request, batch) if format == "csv" else None
    query = f"?csv_fields={quote(chosen, safe=',')}" if chosen else ""
    stem = f"Batch_Results_{batch.id}_{result_set.id}"
    mark = f"_{_mark(tx, batch.id, result_set.id)}" if format == "csv" else ""
    pages = [f"{stem}_Page_{n}{ENDINGS[format]}" for n in range(1, result_set.searches.pages + 1)]
    return {
        "pages": [_link(tx, request, "results", name) + query for name in pages],
        "all_pages": _link(tx, request, "results", f"{stem}_All_Pages{mark}{ALL_PAGES[format]}") + query,
    }


def chosen_columns(request: Request, batch: Batch) -> str | None:
    """Return the columns that the query names for CSV files, or else the batch; None where neither does.

    Raises:
        Unfit: the query's list cannot be read whole.
    """
    return csv_fields_of(request) or batch.notifications.csv_fields


def _mark(tx: Transaction, batch: str, result_set: int) -> str:
    """Return the part that makes the link to all pages as CSV hard to guess."""
    return tx.digest(f"serpwow.csv/{batch}/{result_set}").hex()[:40]


def _link(tx: Transaction, request: Request, folder: str, name: str) -> str:
    return f"{request.base_url}{FILES[0]}/serpwow/{quote(tx.world_id)}/{folder}/{quote(name)}"


def get_result_file(tx: Transaction, request: Request) -> Answer:
    """Serves a page of results, or all of them, for as long as the result set can be had."""
    match = RESULTS.fullmatch(request.parameters["file"])
    batch = _own(tx, match[1]) if match else None
    result_set = batch.result_set(int(match[2]), tx.now) if match and batch else None
    if match is None or batch is None or result_set is None:
        return Answer("astray", "serpwow-results-1")
    ending, page = match[5], int(match[3] or 0)
    mark = _mark(tx, batch.id, result_set.id) if ending == ".csv" and not page else None
    if match[4] != mark or match[3] == "0" or page > result_set.searches.pages or ending not in _endings(page):
        return Answer("astray", "serpwow-results-7")
    try:
        columns = csv_fields_of(request)
    except Unfit as reason:
        return unfit(reason)
    content = _content(batch.id, result_set, page, ending, columns.split(",") if columns else CSV_FIELDS)
    return Answer("file", _evidence(request, "serpwow-results-7"), File(content, TYPES["." + ending.rpartition(".")[2]]))


def _endings(page: int) -> Iterable[str]:
    return (ENDINGS if page else ALL_PAGES).values()


def _content(batch: str, result_set: ResultSet, page: int, ending: str, columns: Sequence[str]) -> bytes:
    """One page, or, for page 0, all of them."""
    numbers = [page] if page else range(1, result_set.searches.pages + 1)
    if ending == ".csv":
        return as_csv((item for n in numbers for item in results_of(result_set, n)), columns)
    make, inner = (as_jsonlines, ".jsonl") if "jsonl" in ending else (as_json, ".json")
    if page:
        return make(results_of(result_set, page))
    stem = f"Batch_Results_{batch}_{result_set.id}"
    return zipped({f"{stem}_Page_{n}{inner}": make(results_of(result_set, n)) for n in numbers})


def get_search_file(tx: Transaction, request: Request) -> Answer:
    """Serves a page of a batch's searches as they are now."""
    match = SEARCHES.fullmatch(request.parameters["file"])
    batch = _own(tx, match[1]) if match else None
    if match is None or batch is None or not 1 <= int(match[2]) <= batch.searches.pages:
        return Answer("astray", "serpwow-export-2")
    items, columns = search_rows(batch.searches.page(int(match[2])))
    content = as_json(items) if match[3] == ".json" else as_csv(items, columns)
    return Answer("file", _evidence(request, "serpwow-export-2"), File(content, TYPES[match[3]]))


def _evidence(request: Request, of_get: str) -> str:
    """No page speaks of HEAD."""
    return "serpwow-link-1" if request.method == "HEAD" else of_get


def _own(tx: Transaction, id: str) -> Batch | None:
    batch: Batch | None = tx.find(Batch.kind, id)
    return batch if batch is not None and batch.owner == SELF else None
