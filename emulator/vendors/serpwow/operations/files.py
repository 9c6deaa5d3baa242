"""Links to the files of results and searches, and the files behind them, made when they are fetched."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import product
from urllib.parse import quote

from emulator.sdk import Answer, JsonDict, Request, Room, Struct, Transaction, View, pattern
from emulator.vendors.serpwow.assumptions.answers import CSV_NAMES
from emulator.vendors.serpwow.model.account import is_outside
from emulator.vendors.serpwow.model.batches import Batch, ResultSet
from emulator.vendors.serpwow.requests.queries import csv_fields_of
from emulator.vendors.serpwow.responses.files import (
    as_csv,
    as_json,
    as_jsonlines,
    as_zip,
    default_columns,
    results_as_csv,
    results_of,
    search_rows,
)
from emulator.vendors.serpwow.responses.links import CHOSEN, EXTENSIONS, columns_of, folder_of, result_files

MEDIA_TYPES = {
    "json": "application/json",
    "jsonl": "application/jsonl",
    "csv": "text/csv; charset=utf-8",
    "zip": "application/zip",
}
RESULTS = pattern(r"Batch_Results_(.+)_(\d{1,9})_(?:Page|All)_.+", re.ASCII)
SEARCHES = pattern(r"Batch_Searches_(.+)_Page_\d+\.(json|csv)", re.ASCII)
"""The names of files: the id of the batch, and the number of the result set or the format."""


Make = Callable[[Room], Iterable[bytes]]


class File(Struct, frozen=True):
    """A file: what yields its content in pieces, and its media type."""

    make: Make
    type: str


def search_links(tx: Transaction, request: Request, batch: Batch, format: str) -> JsonDict:
    """Return the links of an export. Evidence: serpwow-export-2."""
    place = f"{request.base_url}{folder_of(tx.world_id)}/searches"
    return {"pages": [f"{place}/{quote(name)}" for name in _search_files(batch, format)]}


def _search_files(batch: Batch, format: str) -> list[str]:
    return [f"Batch_Searches_{batch.id}_Page_{n}.{format}" for n in range(1, batch.searches.pages + 1)]


def csv_columns(view: View, request: Request, batch: Batch) -> str | None:
    """Return the columns of CSV files that the query names, or else the batch; None for the default ones.

    Raises:
        InvalidRequest: the query's list cannot be read whole.
    """
    if named := csv_fields_of(request):
        return named
    return columns_of(view, batch)


def get_result_file(tx: Transaction, request: Request) -> Answer:
    """Answer with one page of results, or with all, while the result set is available."""
    file, columns = request.parameters["file"], request.parameters.get("columns")
    match = RESULTS.fullmatch(file)
    batch = _batch_of(tx, match[1]) if match else None
    result_set = batch.result_set(int(match[2]), tx.now) if match and batch else None
    if batch is None or result_set is None:
        return Answer("astray", "serpwow-link-2")
    formats = EXTENSIONS if columns is None else ("csv",) if columns.startswith(CHOSEN) else ()
    for format, posted in product(formats, (False, True)):
        files = result_files(tx, batch, result_set, format, posted=posted)
        if file in files:
            chosen = default_columns(tx, result_set) if columns is None else columns.removeprefix(CHOSEN).split(",")
            answer = _file(request, "serpwow-results-7", _content(tx, result_set, format, files, file, chosen))
            return answer if format != "csv" else _with_columns(answer, columns)
    return Answer("astray", "serpwow-link-2")


def _with_columns(answer: Answer, columns: str | None) -> Answer:
    """Return the answer with a CSV file with the facts behind its columns, which are None where nobody chose them."""
    if columns is None:
        return answer.resting_on(("serpwow-csv-2", "serpwow-csv-3"), CSV_NAMES)
    return answer.resting_on(("serpwow-csv-1", "serpwow-csv-3"))


def _content(tx: Transaction, result_set: ResultSet, format: str, files: list[str], file: str, columns: Sequence[str]) -> Make:
    """Return what yields the page that a file is, or all pages for the first of the files."""
    pages = {name: n for n, name in enumerate(files) if n and file in (files[0], name)}
    if format == "csv":
        return lambda _: results_as_csv((item for n in pages.values() for item in results_of(tx, result_set, n)), columns)
    encode = as_json if format == "json" else as_jsonlines
    if file in pages:
        return lambda _: encode(results_of(tx, result_set, pages[file]))
    return partial(as_zip, ((name, encode(results_of(tx, result_set, n))) for name, n in pages.items()))


def get_search_file(tx: Transaction, request: Request) -> Answer:
    """Answer with one page of a batch's present searches."""
    file = request.parameters["file"]
    match = SEARCHES.fullmatch(file)
    batch = _batch_of(tx, match[1]) if match else None
    if match is None or batch is None or file not in (files := _search_files(batch, match[2])):
        return Answer("astray", "serpwow-link-2")
    items, columns = search_rows(batch.searches.page(files.index(file) + 1))
    return _file(request, "serpwow-export-2", lambda _: as_json(items) if match[2] == "json" else as_csv(items, columns))


def _file(request: Request, evidence: str, make: Make) -> Answer:
    """Return the answer with a file; no page documents HEAD."""
    evidence = "serpwow-link-1" if request.method == "HEAD" else evidence
    return Answer("file", evidence, File(make, MEDIA_TYPES[request.parameters["file"].rpartition(".")[2]]))


def _batch_of(tx: Transaction, id: str) -> Batch | None:
    """Return the batch of an id, whichever account of this world has it: a link needs no key."""
    batch = tx.find(Batch, id)
    return None if batch is None or is_outside(tx, batch.owner) else batch
