"""SerpWow's links over a real socket: what they serve, that it is the same every time, and that nothing else is served."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from typing import Any

import httpx
import pytest

from tests.support.server import Live, World

RUN = {"id": 1, "started_at": "2026-03-09T20:00:00Z", "ended_at": "2026-03-09T20:00:10Z"}


def load(live: Live, assume: dict[str, str] | None = None, **batch: Any) -> World:
    batch_state = {"id": "2A6F94BB", "searches": 1500, "result_sets": [RUN], **batch}
    given = {"serpwow": {"batches": [batch_state]}}
    return live.load({"clock": {"start": "2026-03-09T20:55:31Z"}, "assume": assume or {}, "given": given})


def links(world: World, path: str) -> dict[str, Any]:
    query = f"{'&' if '?' in path else '?'}api_key={world.serpwow['api_key']}"
    reply = httpx.get(f"{world.serpwow['url']}/batches/2A6F94BB{path}{query}")
    body = reply.json()
    links_of_pages: dict[str, Any] = body.get("result", body)["download_links"]
    return links_of_pages


def fetch(link: str) -> bytes:
    reply = httpx.get(link)
    assert reply.status_code == 200, link
    return reply.content


def test_the_pages_of_a_result_set_hold_a_thousand_searches_each_and_the_archive_holds_the_pages(live: Live) -> None:
    links_of_pages = links(load(live), "/results/1")
    pages = [fetch(link) for link in links_of_pages["pages"]]
    assert [len(json.loads(page)) for page in pages] == [1000, 500]
    archive = zipfile.ZipFile(io.BytesIO(fetch(links_of_pages["all_pages"])))
    assert [archive.read(name) for name in archive.namelist()] == pages
    assert archive.namelist() == ["Batch_Results_2A6F94BB_1_Page_1.json", "Batch_Results_2A6F94BB_1_Page_2.json"]


def test_json_lines_have_an_item_a_line(live: Live) -> None:
    world = load(live)
    links_of_pages = links(world, "/results/1/jsonlines")
    items = json.loads(fetch(links(world, "/results/1")["pages"][1]))
    assert links_of_pages["pages"][1].endswith("Batch_Results_2A6F94BB_1_Page_2.jsonl")
    assert [json.loads(line) for line in fetch(links_of_pages["pages"][1]).splitlines()] == items
    assert links_of_pages["all_pages"].endswith("_All_Pages_jsonlines.zip")
    assert zipfile.ZipFile(io.BytesIO(fetch(links_of_pages["all_pages"]))).namelist()[1].endswith("_Page_2.jsonl")


def test_a_csv_file_has_the_requested_columns(live: Live) -> None:
    world = load(live, searches=[{"id": "A", "q": 'say "hi", twice'}, {"id": "B"}], failing=1)
    links_of_pages = links(world, "/results/1/csv?csv_fields=search.id,search.q,success,nothing.here")
    assert list(csv.reader(io.StringIO(fetch(links_of_pages["pages"][0]).decode()))) == [
        ["search.id", "search.q", "success", "nothing.here"],
        ["A", 'say "hi", twice', "true", ""],
        ["B", "", "true", ""],
    ]
    assert fetch(links_of_pages["all_pages"]) == fetch(links_of_pages["pages"][0])
    assert links_of_pages["pages"][0].endswith("/Batch_Results_2A6F94BB_1_Page_1.csv")
    odd = links(world, "/results/1/csv?csv_fields=..,a%2Fb%3Fc%23d")["pages"][0]
    assert fetch(odd).splitlines()[0] == b"..,a/b?c#d"


def test_a_csv_file_has_a_row_for_each_member_of_a_list(live: Live) -> None:
    world = load(live, searches=[{"id": "A", "q": "pizza"}], notification_csv_fields="search.q,result.organic_results.title")
    links_of_pages = links(world, "/results/1/csv")
    rows = list(csv.reader(io.StringIO(fetch(links_of_pages["pages"][0]).decode())))
    assert rows[1:] == [["pizza", "pizza 1"], ["pizza", "pizza 2"]]


@pytest.mark.parametrize(
    ("named", "rows"),
    [
        (
            "search.q,organic_results.position,organic_results.domain",
            [["pizza", "1", "example.com"], ["pizza", "2", "example.com"]],
        ),
        ("request_info.success", [["true"]]),
        ("result.organic_results.position", [["1"], ["2"]]),
    ],
)
def test_csv_fields_are_named_as_in_the_reference_and_as_in_the_item(live: Live, named: str, rows: list[list[str]]) -> None:
    page = links(load(live, searches=[{"id": "A", "q": "pizza"}]), f"/results/1/csv?csv_fields={named}")["pages"][0]
    assert list(csv.reader(io.StringIO(fetch(page).decode()))) == [named.split(","), *rows]


@pytest.mark.parametrize(
    ("search", "group"),
    [
        ({}, "organic_results"),
        ({"search_type": "news"}, "news_results"),
        ({"engine": "bing", "search_type": "images"}, "image_results"),
        ({"engine": "amazon"}, "amazon_results"),
    ],
)
def test_the_default_columns_are_those_of_what_the_searches_find(live: Live, search: dict[str, str], group: str) -> None:
    page = links(load(live, searches=[{"q": "pizza", **search}]), "/results/1/csv")["pages"][0]
    assert list(csv.reader(io.StringIO(fetch(page).decode()))) == [
        ["search.q", "request_info.success", f"{group}.position", f"{group}.title"],
        ["pizza", "true", "1", "pizza 1"],
        ["pizza", "true", "2", "pizza 2"],
    ]


def test_the_default_columns_of_mixed_searches_are_those_of_each_group(live: Live) -> None:
    searches = [{"q": "a"}, {"q": "b", "search_type": "news"}, {"q": "c"}, {"q": "d", "search_type": "news", "engine": "bing"}]
    page = links(load(live, searches=searches), "/results/1/csv")["pages"][0]
    columns, *rows = csv.reader(io.StringIO(fetch(page).decode()))
    assert columns[2:] == [
        f"{group}.{field}" for group in ("organic_results", "news_results") for field in ("position", "title")
    ]
    assert [row for row in rows if row[0] in "ab"] == [
        ["a", "true", "1", "a 1", "", ""],
        ["a", "true", "2", "a 2", "", ""],
        ["b", "true", "", "", "1", "b 1"],
        ["b", "true", "", "", "2", "b 2"],
    ]


@pytest.mark.parametrize(
    ("choice", "names"), [("reference", "request_info.success,org"), ("item", "result.request_info.success")]
)
def test_the_default_columns_have_the_names_of_the_reference_or_of_the_item(live: Live, choice: str, names: str) -> None:
    page = links(load(live, assume={"serpwow.csv-names": choice}), "/results/1/csv")["pages"][0]
    assert fetch(page).decode().startswith(f"search.q,{names}")


@pytest.mark.parametrize("path", ["/results/1", "/results/1/jsonlines", "/results/1/csv"])
def test_files_are_the_same_bytes_in_every_world(live: Live, path: str) -> None:
    first, second = (links(load(live, searches=3), path)["all_pages"] for _ in range(2))
    assert fetch(first) == fetch(second)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("_Page_1.json", "_Page_3.json"),
        ("_Page_1.json", "_Page_0.json"),
        ("_Page_1.json", "_Page_1.zip"),
        ("_Page_1.json", "_All_Pages.json"),
        ("_Page_1.json", "_Page_1_" + "0" * 40 + ".csv"),
        ("_Page_1.json", "_Page_1_" + "0" * 40 + ".json"),
        ("_Page_1.json", "_Page_1.exe"),
        ("2A6F94BB_1_", "2A6F94BB_2_"),
        ("2A6F94BB", "2A6F94BC"),
        ("Batch_Results_", "Batch_Searches_"),
        ("results/", "results/csv_fields=success/"),
        ("results/", "results/success/"),
    ],
)
def test_a_link_that_was_never_issued_is_not_found(live: Live, old: str, new: str) -> None:
    reply = httpx.get(links(load(live), "/results/1")["pages"][0].replace(old, new))
    assert reply.status_code == 404
    assert reply.json()["request_info"]["success"] is False


def test_searches_are_exported_page_by_page(live: Live) -> None:
    world = load(live)
    for format in ("json", "csv"):
        assert len(links(world, f"/searches/{format}")["pages"]) == 2
    last = json.loads(fetch(links(world, "/searches/json")["pages"][1]))
    assert (len(last), last[-1]["q"]) == (500, "search 1500")
    assert fetch(links(world, "/searches/csv")["pages"][1]).count(b"\n") == 501


def test_the_batch_of_another_account_has_no_files(live: Live) -> None:
    world, other = load(live), load(live, owner="somebody else")
    link = links(world, "/results/1")["pages"][0]
    assert httpx.get(link.replace(f"/{world.id}/", f"/{other.id}/")).status_code == 404
