"""The contents of result files and exports, as JSON, JSON Lines, CSV, and an archive of all pages."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from emulator.sdk import JsonDict, JsonObject, Room, View, dump, in_pieces
from emulator.vendors.serpwow.assumptions.answers import CSV_NAMES, RESULTS_PAGE
from emulator.vendors.serpwow.model.batches import ResultSet
from emulator.vendors.serpwow.model.searches import MIXED, Search, render_search

GROUPS = {
    "news": "news_results",
    "images": "image_results",
    "videos": "video_results",
    "places": "places_results",
    "shopping": "shopping_results",
    "scholar": "scholar_results",
    "autocomplete": "autocomplete_results",
    "product": "product_results",
    "trends": "trends_interest_over_time",
    "place_details": "place_details",
    **{f"place_{kind}": f"place_{kind}_results" for kind in ("photos", "reviews", "products", "posts")},
    "amazon": "amazon_results",
    "ebay": "ebay_results",
}
"""Engine, or kind of search → the group of fields of what is found; of the others organic_results. Evidence: serpwow-csv-1."""

PIECE = 65_536
"""Bytes of a file, or letters of a row, that are made at once, near enough."""

EPOCH = (1980, 1, 1, 0, 0, 0)
UNIX = 3


def result_pages(view: View, result_set: ResultSet) -> int:
    """Return the number of pages. Evidence: serpwow-results-18."""
    return -(-len(result_set.searches) // int(view.choice(RESULTS_PAGE)))


def results_of(view: View, result_set: ResultSet, page: int) -> list[JsonDict]:
    """Return the items of one page, counted from 1. Evidence: serpwow-results-9."""
    size, completed = int(view.choice(RESULTS_PAGE)), result_set.searches_completed
    first = (page - 1) * size
    return [_result_of(search, n < completed) for n, search in enumerate(result_set.searches.slice(first, first + size), first)]


def _result_of(search: Search, success: bool) -> JsonDict:
    item: JsonDict = {"success": success, "search": render_search(search)}
    if not success:
        return item | {"result": {"request_info": {"success": False, "message": "The search failed"}}}
    q = str(search.parameters.get("q", search.id))
    link = f"https://example.com/{search.id}"
    found = [{"position": n, "title": f"{q} {n}", "link": f"{link}/{n}", "domain": "example.com"} for n in (1, 2)]
    return item | {
        "result": {
            "request_info": {"success": True},
            "search_parameters": dict(search.parameters),
            _group_of(search.type): found,
        }
    }


def _group_of(type: str) -> str:
    engine, _, kind = type.partition("_")
    return GROUPS.get(kind) or GROUPS.get(engine, "organic_results")


def default_columns(view: View, result_set: ResultSet) -> list[str]:
    """Return the columns of a CSV file for which nobody chose them. Evidence: serpwow-csv-2 and serpwow-csv-3."""
    prefix = "" if view.choice(CSV_NAMES) == "reference" else "result."
    found = (f"{group}.{field}" for group in _groups_of(result_set) for field in ("position", "title"))
    return ["search.q", *(f"{prefix}{name}" for name in ("request_info.success", *found))]


def _groups_of(result_set: ResultSet) -> Iterable[str]:
    """Return the groups of fields of what the searches find, each once."""
    type, searches = result_set.searches.type, result_set.searches
    types = (search.type for search in searches) if type == MIXED and searches else (type,)
    return dict.fromkeys(map(_group_of, types))


def results_as_csv(items: Iterable[JsonDict], fields: Sequence[str]) -> Iterator[bytes]:
    """Yield results as CSV; a field is named as in the reference, or by its way in the item. Evidence: serpwow-csv-3."""
    return as_csv((item["result"] | item for item in items), fields)


def search_rows(searches: Sequence[Search]) -> tuple[list[JsonDict], list[str]]:
    """Return the search objects of an export, and the columns of their parameters."""
    items = [render_search(search) for search in searches]
    return items, ["id", *dict.fromkeys(name for item in items for name in item if name != "id")]


def as_json(items: Sequence[JsonObject]) -> Iterator[bytes]:
    return in_pieces(items)


def as_jsonlines(items: Iterable[JsonObject]) -> Iterator[bytes]:
    for item in items:
        yield from in_pieces(item)
        yield b"\n"


def as_csv(items: Iterable[JsonObject], fields: Sequence[str]) -> Iterator[bytes]:
    """Yield a row for each item, or one for each member of a list to which a field leads."""
    yield from _row(fields)
    for item in items:
        columns = [list(_values_at(item, field.split("."))) for field in fields]
        for n in range(max(map(len, columns), default=0)):
            yield from _row(_cell(column, n) for column in columns)


def _row(cells: Iterable[Any]) -> Iterator[bytes]:
    """Yield a row, some cells at a time where it is long."""
    waiting, size = list[str](), 0
    for cell in cells:
        text = dump(cell).decode() if isinstance(cell, (dict, bool)) else "" if cell is None else str(cell)
        if size > PIECE and len(waiting) > 1:
            yield _line([*waiting[:-1], ""])[:-1]
            waiting, size = waiting[-1:], len(waiting[-1])
        waiting.append(text)
        size += len(text) + 1
    yield _line(waiting)


def _line(cells: Sequence[str]) -> bytes:
    import csv

    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode()


def _cell(column: Sequence[Any], n: int) -> Any:
    """Return the value of a column in row `n`: a single value stands in every row."""
    if len(column) == 1:
        return column[0]
    return column[n] if n < len(column) else ""


def _values_at(value: Any, path: Sequence[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for member in value:
            yield from _values_at(member, path)
    elif not path:
        yield value
    elif isinstance(value, dict):
        yield from _values_at(value[path[0]], path[1:]) if path[0] in value else ("",)
    else:
        yield ""


def as_zip(files: Iterable[tuple[str, Iterable[bytes]]], room: Room) -> Iterator[bytes]:
    """Yield an archive of the files with the same bytes everywhere: no compression and a constant date.

    Raises:
        TooMany: there is no room for them.
    """
    from zipfile import ZIP_STORED, ZipFile, ZipInfo

    archive = io.BytesIO()
    with ZipFile(archive, "w", ZIP_STORED) as opened:
        for name, pieces in files:
            entry = ZipInfo(name, EPOCH)
            entry.create_system = UNIX
            with opened.open(entry, "w") as file:
                for piece in pieces:
                    file.write(room.take(piece))
    content = archive.getbuffer()
    yield from (bytes(content[start : start + PIECE]) for start in range(0, len(content), PIECE))
