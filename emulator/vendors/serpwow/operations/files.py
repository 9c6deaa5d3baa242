"""Links to the files of results and searches, and the files behind them, made when they are fetched."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

from emulator.sdk import Answer, Request, Transaction, View
from emulator.vendors.serpwow.assumptions.answers import CSV_COLUMNS
from emulator.vendors.serpwow.model.account import SELF
from emulator.vendors.serpwow.model.batches import Batch, ResultSet
from emulator.vendors.serpwow.requests.admission import FILES
from emulator.vendors.serpwow.requests.queries import csv_fields_of
from emulator.vendors.serpwow.responses.files import (
    CSV_FIELDS,
    as_csv,
    as_json,
    as_jsonlines,
    as_zip,
    result_pages,
    results_of,
    search_rows,
)

EXTENSIONS = {"json": ".json", "jsonlines": ".jsonl", "csv": ".csv"}
ALL_PAGES = {"json": ".zip", "jsonlines": "_jsonlines.zip", "csv": ".csv"}
MEDIA_TYPES = {
    ".json": "application/json",
    ".jsonl": "application/jsonl",
    ".csv": "text/csv; charset=utf-8",
    ".zip": "application/zip",
}
CHOSEN = "csv_fields="
"""The beginning of the part of a link that names the columns of its file. Evidence: serpwow-results-15."""

RESULTS = re.compile(
    r"Batch_Results_(.+)_(\d{1,9})_(?:Page_(\d{1,9})|All_Pages)(?:_([0-9a-f]{40}))?(\.\w+|_jsonlines\.zip)", re.ASCII
)
SEARCHES = re.compile(r"Batch_Searches_(.+)_Page_(\d{1,9})(\.json|\.csv)", re.ASCII)


class File(NamedTuple):
    """The content of a file, and its media type."""

    content: bytes
    type: str


def search_links(tx: Transaction, request: Request, batch: Batch, format: str) -> dict[str, Any]:
    """Return the links of an export. Evidence: serpwow-export-2."""
    names = [f"Batch_Searches_{batch.id}_Page_{n}.{format}" for n in range(1, batch.searches.pages + 1)]
    return {"pages": [_link(tx, request, "searches", name) for name in names]}


def result_links(tx: Transaction, request: Request, batch: Batch, result_set: ResultSet, format: str) -> dict[str, Any]:
    """Return the links of a result set. Evidence: serpwow-results-7."""
    columns = csv_columns(tx, request, batch) if format == "csv" else None
    folder = f"results/{CHOSEN}{quote(columns, safe=',')}" if columns else "results"
    stem = f"Batch_Results_{batch.id}_{result_set.id}"
    token = f"_{_token(tx, batch, result_set)}" if format == "csv" else ""
    pages = [f"{stem}_Page_{n}{EXTENSIONS[format]}" for n in range(1, result_pages(tx, result_set) + 1)]
    return {
        "pages": [_link(tx, request, folder, name) for name in pages],
        "all_pages": _link(tx, request, folder, f"{stem}_All_Pages{token}{ALL_PAGES[format]}"),
    }


def csv_columns(view: View, request: Request, batch: Batch) -> str | None:
    """Return the columns of CSV files that the query names, or else the batch; None for the default ones.

    Raises:
        InvalidRequest: the query's list cannot be read whole.
    """
    if named := csv_fields_of(request):
        return named
    return batch.notifications.csv_fields if view.choice(CSV_COLUMNS.id) == "batch" else None


def _token(tx: Transaction, batch: Batch, result_set: ResultSet) -> str:
    """Return the part that makes the link to all pages as CSV hard to guess."""
    return tx.digest(f"serpwow.csv/{batch.id}/{result_set.id}").hex()[:40]


def _link(tx: Transaction, request: Request, folder: str, name: str) -> str:
    return f"{request.base_url}{FILES[0]}/serpwow/{quote(tx.world_id)}/{folder}/{quote(name)}"


def get_result_file(tx: Transaction, request: Request) -> Answer:
    """Answer with one page of results, or with all, while the result set is available."""
    match = RESULTS.fullmatch(request.parameters["file"])
    batch = _own_batch(tx, match[1]) if match else None
    result_set = batch.result_set(int(match[2]), tx.now) if match and batch else None
    if match is None or batch is None or result_set is None:
        return Answer("astray", "serpwow-link-2")
    extension, page = match[5], int(match[3] or 0)
    token = _token(tx, batch, result_set) if extension == ".csv" and not page else None
    extensions = (EXTENSIONS if page else ALL_PAGES).values()
    columns = request.parameters.get("columns", "")
    if columns and (extension != ".csv" or not columns.startswith(CHOSEN)):
        return Answer("astray", "serpwow-link-2")
    if match[4] != token or match[3] == "0" or page > result_pages(tx, result_set) or extension not in extensions:
        return Answer("astray", "serpwow-link-2")
    chosen = columns.removeprefix(CHOSEN).split(",") if columns else CSV_FIELDS
    content = _content(tx, batch.id, result_set, page, extension, chosen)
    return _file(request, "serpwow-results-7", content, extension)


def _content(tx: Transaction, batch: str, result_set: ResultSet, page: int, extension: str, columns: Sequence[str]) -> bytes:
    """Return one page, or all pages for page 0."""
    numbers = [page] if page else range(1, result_pages(tx, result_set) + 1)
    if extension == ".csv":
        return as_csv((item for n in numbers for item in results_of(tx, result_set, n)), columns)
    encode, inner = (as_jsonlines, ".jsonl") if "jsonl" in extension else (as_json, ".json")
    if page:
        return encode(results_of(tx, result_set, page))
    stem = f"Batch_Results_{batch}_{result_set.id}"
    return as_zip({f"{stem}_Page_{n}{inner}": encode(results_of(tx, result_set, n)) for n in numbers})


def get_search_file(tx: Transaction, request: Request) -> Answer:
    """Answer with one page of a batch's present searches."""
    match = SEARCHES.fullmatch(request.parameters["file"])
    batch = _own_batch(tx, match[1]) if match else None
    if match is None or batch is None or not 1 <= int(match[2]) <= batch.searches.pages:
        return Answer("astray", "serpwow-link-2")
    items, columns = search_rows(batch.searches.page(int(match[2])))
    content = as_json(items) if match[3] == ".json" else as_csv(items, columns)
    return _file(request, "serpwow-export-2", content, match[3])


def _file(request: Request, evidence: str, content: bytes, extension: str) -> Answer:
    """Return the answer with a file; no page documents HEAD."""
    evidence = "serpwow-link-1" if request.method == "HEAD" else evidence
    return Answer("file", evidence, File(content, MEDIA_TYPES["." + extension.rpartition(".")[2]]))


def _own_batch(tx: Transaction, id: str) -> Batch | None:
    batch: Batch | None = tx.find(Batch.kind, id)
    return batch if batch is not None and batch.owner == SELF else None
