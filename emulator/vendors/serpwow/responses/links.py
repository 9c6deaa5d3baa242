"""The links of a result set to its files, and the names of these."""

from __future__ import annotations

from urllib.parse import quote

from emulator.sdk import JsonDict, View
from emulator.vendors.serpwow.assumptions.answers import CSV_COLUMNS
from emulator.vendors.serpwow.model.batches import Batch, ResultSet
from emulator.vendors.serpwow.responses.files import result_pages

EXTENSIONS = {"json": ".json", "jsonlines": ".jsonl", "csv": ".csv"}
ALL_PAGES = {"json": ".zip", "jsonlines": "_jsonlines.zip", "csv": ".csv"}
CHOSEN = "csv_fields="
"""The beginning of the part of a link that names the columns of its file. Evidence: serpwow-results-15."""

FILES = "/_files"


def folder_of(world: str) -> str:
    """Return the path of the files of a world."""
    return f"{FILES}/serpwow/{quote(world)}"


def result_links(
    view: View,
    place: str,
    batch: Batch,
    result_set: ResultSet,
    format: str,
    columns: str | None = None,
    *,
    posted: bool = False,
) -> JsonDict:
    """Return the links of a result set, below the `place` of a world's files. Evidence: serpwow-results-7."""
    folder = f"{place}/results/{CHOSEN}{quote(columns, safe=',')}" if columns else f"{place}/results"
    all_pages, *pages = (f"{folder}/{quote(name)}" for name in result_files(view, batch, result_set, format, posted=posted))
    return {"pages": pages, "all_pages": all_pages}


def notified_links(
    view: View, place: str, batch: Batch, result_set: ResultSet, format: str, *, posted: bool = False
) -> JsonDict:
    """Return the links of a notification, those to CSV with the columns that the batch names; `posted` by a webhook."""
    columns = columns_of(view, batch) if format == "csv" else None
    return result_links(view, place, batch, result_set, format, columns, posted=posted)


def columns_of(view: View, batch: Batch) -> str | None:
    """Return the columns of CSV files that a batch names, None where the default ones count. Evidence: serpwow-results-15."""
    return batch.notifications.csv_fields if view.choice(CSV_COLUMNS) == "batch" else None


def result_files(view: View, batch: Batch, result_set: ResultSet, format: str, *, posted: bool = False) -> list[str]:
    """Return the name of the file with all pages, and those of the pages, as a webhook that is `posted` has them or a call.

    Evidence: serpwow-results-7.
    """
    stem = f"Batch_Results_{batch.id}_{result_set.id}"
    token = f"_{_token(view, batch, result_set)}" if format == "csv" else ""
    end = f"{token if posted else ''}{EXTENSIONS[format]}"
    pages = (f"{stem}_Page_{n}{end}" for n in range(1, result_pages(view, result_set) + 1))
    return [f"{stem}_All_Pages{token}{ALL_PAGES[format]}", *pages]


def _token(view: View, batch: Batch, result_set: ResultSet) -> str:
    """Return the part that makes a link to CSV hard to guess."""
    return view.digest(f"serpwow.csv/{batch.id}/{result_set.id}").hex()[:40]
