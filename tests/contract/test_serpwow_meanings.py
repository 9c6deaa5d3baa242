"""What a field or a search term of SerpWow means where its page prints the name alone: each choice, and what differs with it."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.sdk.json_pieces import Room
from tests.support.serpwow import send, world_of

INSTANT = "2026-03-28T20:55:31Z"
RUN = {"id": 1, "started_at": INSTANT, "ended_at": INSTANT}
BATCH = {"id": "2A6F94BB", "name": "My First Batch", "searches": 1500, "destination_ids": ["D"], "enabled": False}
GIVEN = {
    "batches": [BATCH | {"result_sets": [RUN | {"searches_failed": 500}]}],
    "destinations": [{"id": "D", "name": "West"}, {"id": "E", "name": "East"}],
    "error_logs": [
        {"id": "L1", "date": "2026-03-28T20:00:00Z", "parameters": {"q": "Pizza"}},
        {"id": "L2", "date": "2026-03-28T10:00:00Z", "parameters": {"location": "Quito"}},
    ],
}
RESULT = "/live/batches/2A6F94BB/results/1"


def body_of(assume: dict[str, str], path: str) -> Any:
    reply, _ = send(world_of(GIVEN, clock={"start": INSTANT}, assume=assume), "GET", path)
    assert reply.status == 200
    return reply.body


@pytest.mark.parametrize(("choice", "count"), [("no", 1000), ("yes", 1500)])
def test_completed_searches_include_failed_ones_or_not(choice: str, count: int) -> None:
    result = body_of({"serpwow.searches-completed": choice}, RESULT)["result"]
    assert (result["searches_completed"], result["searches_failed"], result["searches_total"]) == (count, 500, 1500)


@pytest.mark.parametrize(("choice", "pages"), [("1000", 2), ("15000", 1)])
def test_a_result_set_has_as_many_pages_as_links(choice: str, pages: int) -> None:
    result = body_of({"serpwow.results-page": choice}, RESULT)["result"]
    assert (result["results_page_count"], len(result["download_links"]["pages"])) == (pages, pages)


@pytest.mark.parametrize(("choice", "values"), [("omitted", []), ("null", [None, None])])
def test_a_status_that_does_not_apply_is_left_out_or_null(choice: str, values: list[None]) -> None:
    result = body_of({"serpwow.absent-status": choice}, RESULT)["result"]
    assert [result[name] for name in ("webhook_status", "destination_status") if name in result] == values


@pytest.mark.parametrize(("choice", "used"), [("all", [0, 1]), ("enabled", [0, 0])])
def test_a_destination_is_used_by_batches_that_name_it(choice: str, used: list[int]) -> None:
    destinations = body_of({"serpwow.used-by": choice}, "/live/destinations")["destinations"]
    assert [destination["used_by"] for destination in destinations] == used


@pytest.mark.parametrize(("choice", "pages"), [("0", 0), ("1", 1)])
@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/live/batches?status=running", "total_pages"),
        ("/live/errorlogs?search_term=sushi", "page_count_total"),
        ("/live/batches/2A6F94BB/searches/1?q=sushi", "searches_page_count"),
    ],
)
def test_a_list_without_items_has_no_page_or_one(choice: str, pages: int, path: str, field: str) -> None:
    assert body_of({"serpwow.empty-pages": choice}, path)[field] == pages


@pytest.mark.parametrize(("choice", "status"), [("api", [{"component": "API", "status": "operational"}]), ("none", [])])
def test_the_account_shows_the_status_of_the_platform(choice: str, status: list[Any]) -> None:
    assert body_of({"serpwow.account-status": choice}, "/live/account")["account_info"]["status"] == status


@pytest.mark.parametrize(("choice", "count"), [("inside", 1), ("whole-words", 0)])
def test_a_word_is_found_inside_a_longer_one_or_not(choice: str, count: int) -> None:
    assume = {"serpwow.contains": choice}
    assert body_of(assume, "/live/batches?search_term=atch")["total_count"] == count
    assert body_of(assume, "/live/batches?search_term=first-BATCH")["total_count"] == 1
    assert body_of(assume, "/live/batches?search_term=2a6f94bb")["total_count"] == 1


@pytest.mark.parametrize(("choice", "count"), [("ignored", 1), ("heeded", 0)])
def test_capitals_matter_to_a_term_or_not(choice: str, count: int) -> None:
    assume = {"serpwow.letter-case": choice}
    assert len(body_of(assume, "/live/destinations?search_term=WEST")["destinations"]) == count
    assert len(body_of(assume, "/live/errorlogs?search_term=PIZZA")["logs"]) == count
    assert len(body_of(assume, "/live/batches/2A6F94BB/searches/1?q=SEARCH%201500")["searches"]) == count


@pytest.mark.parametrize(("choice", "ids"), [("names-and-values", ["L2", "L1"]), ("values", ["L2"])])
def test_a_term_is_looked_for_in_names_too_or_not(choice: str, ids: list[str]) -> None:
    logs = body_of({"serpwow.log-term": choice}, "/live/errorlogs?search_term=q")["logs"]
    assert [log["id"] for log in logs] == ids


@pytest.mark.parametrize(
    ("choice", "destinations", "logs"), [("sorted", ["E", "D"], ["L2", "L1"]), ("as-they-came", ["D", "E"], ["L1", "L2"])]
)
def test_a_list_without_sort_by_has_an_order(choice: str, destinations: list[str], logs: list[str]) -> None:
    assume = {"serpwow.default-order": choice}
    for query, turn in (("", 1), ("?sort_direction=descending", -1)):
        rows = body_of(assume, f"/live/destinations{query}")["destinations"]
        assert [destination["id"] for destination in rows] == destinations[::turn]
        assert [log["id"] for log in body_of(assume, f"/live/errorlogs{query}")["logs"]] == logs[::turn]


@pytest.mark.parametrize(("choice", "ids"), [("oldest", ["B", "A"]), ("newest", ["A", "B"])])
def test_batches_with_the_same_place_have_an_order(choice: str, ids: list[str]) -> None:
    world = world_of({"batches": [{"id": id, "name": "Same"} for id in "BA"]}, assume={"serpwow.tied-batches": choice})
    for query in ("", "sort_direction=descending", "sort_by=status", "search_term=same&sort_direction=descending"):
        assert [batch["id"] for batch in send(world, "GET", f"/live/batches?{query}")[0].body["batches"]] == ids


@pytest.mark.parametrize(
    ("label", "zone"),
    [
        ({}, "Europe/Warsaw"),
        (
            {"timezone_label": "(UTC+01:00) Sarajevo, Skopje, Warsaw, Zagreb"},
            "(UTC+01:00) Sarajevo, Skopje, Warsaw, Zagreb",
        ),
    ],
)
def test_the_account_shows_its_time_zone_by_name_or_as_it_is_stated(label: dict[str, str], zone: str) -> None:
    world = world_of({"account": {"timezone": "Europe/Warsaw", **label}})
    assert send(world, "GET", "/live/account")[0].body["account_info"]["timezone"] == zone


@pytest.mark.parametrize(
    ("parameters", "url"),
    [
        ({"q": "a b"}, "https://www.google.com/search?q=a+b"),
        ({"q": "a b", "engine": "bing"}, "https://www.bing.com/search?q=a+b"),
        ({"url": "https://foo.example/x"}, "https://foo.example/x"),
    ],
)
def test_an_error_log_has_the_url_of_its_engine_or_the_one_to_open(parameters: dict[str, str], url: str) -> None:
    world = world_of({"error_logs": [{"parameters": parameters}]})
    assert send(world, "GET", "/live/errorlogs")[0].body["logs"][0]["engine_url"] == url


@pytest.mark.parametrize(
    ("webhook", "status"),
    [
        ("HTTPS://example.com/hook", 200),
        ("http://10.0.0.1:80", 200),
        ("https://", 400),
        ("https://a b", 400),
        ("example.com", 400),
    ],
)
def test_a_webhook_is_a_url(webhook: str, status: int) -> None:
    world = world_of({"batches": [BATCH]})
    assert send(world, "PUT", "/live/batches/2A6F94BB", {"notification_webhook": webhook})[0].status == status


@pytest.mark.parametrize(("choice", "shown"), [("kept", True), ("dropped", False)])
def test_a_schedule_of_another_type_keeps_its_hours_or_not(choice: str, shown: bool) -> None:
    batch = {"id": "A", "schedule_type": "weekly", "schedule_days_of_week": [1], "schedule_hours": [2]}
    world = world_of({"batches": [batch]}, assume={"serpwow.schedule-change": choice})
    body = {"schedule_type": "minutes", "schedule_minutes": "every_hour", "schedule_days_of_week": [3]}
    changed = send(world, "PUT", "/live/batches/A", body)[0].body["batch"]
    assert ("schedule_hours" in changed, changed["schedule_days_of_week"]) == (shown, [3])


@pytest.mark.parametrize(("choice", "ids"), [("yes", ["D"]), ("no", [])])
def test_a_batch_names_a_destination_that_was_deleted_or_not(choice: str, ids: list[str]) -> None:
    world = world_of(GIVEN, clock={"start": INSTANT}, assume={"serpwow.deleted-destination": choice})
    assert send(world, "DELETE", "/live/destinations/D")[0].status == 200
    assert send(world, "GET", "/live/batches/2A6F94BB")[0].body["batch"]["destination_ids"] == ids
    assert send(world, "GET", "/live/batches?destination_id=D")[0].body["total_count"] == len(ids)


@pytest.mark.parametrize(("choice", "ids"), [("name", ["B", "A"]), ("created_at", ["A", "B"])])
def test_batches_are_listed_by_name_or_as_the_sample_of_the_page_has_them(choice: str, ids: list[str]) -> None:
    """My Second Batch stands first there, and was created a day before My First Batch."""
    given = [("A", "My Second Batch", "2026-03-01T00:00:00Z"), ("B", "My First Batch", "2026-03-02T00:00:00Z")]
    batches = [{"id": id, "name": name, "created_at": created} for id, name, created in given]
    world = world_of({"batches": batches}, clock={"start": INSTANT}, assume={"serpwow.list-order": choice})
    for query, turn in (("", 1), ("sort_direction=descending", -1), ("search_term=batch", 1)):
        rows = send(world, "GET", f"/live/batches?{query}")[0].body["batches"]
        assert [batch["id"] for batch in rows] == ids[::turn]


@pytest.mark.parametrize(
    ("choice", "names"), [("all-but-secrets", ["azure_account_name", "azure_container_name"]), ("none", [])]
)
def test_a_listed_destination_has_the_fields_of_its_type_or_not(choice: str, names: list[str]) -> None:
    settings = {"azure_account_name": "N", "azure_account_key": "K", "azure_container_name": "C"}
    world = world_of({"destinations": [{"type": "azure", "settings": settings}]}, assume={"serpwow.destination-fields": choice})
    (destinations,) = send(world, "GET", "/live/destinations")[0].body["destinations"]
    assert [name for name in destinations if name.startswith("azure_")] == names


@pytest.mark.parametrize(
    ("choice", "fields"),
    [
        ("parameters", {"parameters": {"q": "Pizza"}}),
        ("thumbnail", {"parameters": "https://www.google.com/search?q=Pizza", "thumbnail": {"q": "Pizza"}}),
    ],
)
def test_an_error_log_has_its_parameters_where_it_is_assumed(choice: str, fields: dict[str, Any]) -> None:
    log = body_of({"serpwow.log-parameters": choice}, "/live/errorlogs?sort_by=date")["logs"][1]
    assert {name: log[name] for name in ("parameters", "thumbnail") if name in log} == fields


@pytest.mark.parametrize(("choice", "folder"), [("batch", "/results/csv_fields=search.q/"), ("default", "/results/Batch_")])
def test_a_csv_file_has_the_columns_of_the_batch_or_the_default_ones(choice: str, folder: str) -> None:
    state = {"batches": [{"id": "A", "notification_csv_fields": "search.q", "result_sets": [RUN]}]}
    world = world_of(state, clock={"start": INSTANT}, assume={"serpwow.csv-columns": choice})
    links = send(world, "GET", "/live/batches/A/results/1/csv")[0].body["result"]["download_links"]
    assert folder in links["all_pages"]


@pytest.mark.parametrize("search", [{"engine": "bing", "search_type": ""}, {"engine": "yandex", "search_type": ""}])
def test_an_empty_search_type_is_a_web_search(search: dict[str, str]) -> None:
    body = {"name": "N", "searches_type": f"{search['engine']}_web", "searches": [search]}
    world = world_of({}, assume={"serpwow.unknown-type": "refuse"})
    assert send(world, "POST", "/live/batches", body)[0].status == 200


@pytest.mark.parametrize(
    "search", [{"engine": "yahoo", "search_type": "images"}, {"search_type": "web"}, {"search_type": ""}, {"device": "watch"}]
)
def test_an_unlisted_type_or_device_is_taken_or_refused(search: dict[str, str]) -> None:
    body = {"name": "N", "searches": [search]}
    refusing = world_of({}, assume={"serpwow.unknown-type": "refuse"})
    assert [send(world, "POST", "/live/batches", body)[0].status for world in (world_of({}), refusing)] == [200, 400]


@pytest.mark.parametrize(
    "search", [{"search_type": "place_posts"}, {"engine": "naver", "search_type": "news"}, {"device": "tablet"}]
)
def test_a_listed_type_or_device_is_taken(search: dict[str, str]) -> None:
    world = world_of({}, assume={"serpwow.unknown-type": "refuse"})
    assert send(world, "POST", "/live/batches", {"name": "N", "searches": [search]})[0].status == 200


MIXED = [
    {"id": "A1", "name": "Zebra"},
    {"id": "A2", "name": "apple"},
    {"id": "A3", "name": "mango", "last_run": "2026-03-01T00:00:00Z"},
]


@pytest.mark.parametrize(
    ("choice", "names"), [("heeded", ["Zebra", "apple", "mango"]), ("ignored", ["apple", "mango", "Zebra"])]
)
@pytest.mark.parametrize("direction", ["ascending", "descending"])
def test_capitals_come_first_or_do_not_matter_in_a_list_by_name(choice: str, names: list[str], direction: str) -> None:
    world = world_of({"batches": MIXED}, clock={"start": INSTANT}, assume={"serpwow.name-order": choice})
    reply, _ = send(world, "GET", f"/live/batches?sort_direction={direction}")
    assert isinstance(reply.body, dict)
    assert [batch["name"] for batch in reply.body["batches"]] == (names if direction == "ascending" else names[::-1])


@pytest.mark.parametrize(("choice", "day"), [("14", "2026-04-11"), ("6", "2026-04-03")])
def test_a_result_set_says_that_it_expires_as_the_text_or_the_sample_has_it(choice: str, day: str) -> None:
    result = body_of({"serpwow.result-expiry": choice}, RESULT)["result"]
    assert result["expires_at"] == f"{day}T20:55:31.000Z"


MENU = {"engine": "menuhub", "type": "menu", "store_name": "Qdoba", "store_id": "79706", "output": "json"}
"""The search that the page of Menu Price prints."""


@pytest.mark.parametrize(
    ("assume", "method", "path", "body", "status"),
    [
        ("list-bad-parameter: ignore", "GET", "/live/destinations?sort_by=foo", None, 200),
        ("list-bad-parameter: ignore", "GET", "/live/errorlogs?sort_direction=up&page=0", None, 200),
        ("list-bad-parameter: refuse", "GET", "/live/destinations?sort_by=foo", None, 400),
        ("flag-words: refuse", "GET", "/live/batches?only_with_results=True", None, 400),
        ("flag-words: refuse", "DELETE", "/live/batches/2A6F94BB?force=1", None, 400),
        ("flag-words: refuse", "GET", "/live/batches?only_with_results=false", None, 200),
        ("unprinted-values: refuse", "GET", "/live/batches?only_with_results=false", None, 400),
        ("unprinted-values: refuse", "GET", "/live/batches?only_with_results=True", None, 200),
        ("unprinted-values: refuse", "GET", "/live/errorlogs?page_size=0&created_after=2026-01-01", None, 200),
        ("unprinted-values: refuse", "GET", "/live/batches/2A6F94BB/searches/1?search_term=", None, 200),
        ("unknown-parameter: refuse", "PUT", "/live/batches/2A6F94BB", {"q": "a", "mobile_type": "iphone"}, 200),
        ("unknown-parameter: refuse", "PUT", "/live/batches/2A6F94BB", {"q": "a", "news_type": "blogs"}, 200),
        ("unknown-parameter: refuse", "PUT", "/live/batches/2A6F94BB", MENU, 200),
        ("unknown-parameter: refuse", "PUT", "/live/batches/2A6F94BB", {"q": "a", "colour": "red"}, 400),
        ("search-without-q: refuse", "PUT", "/live/batches/2A6F94BB", MENU, 200),
        ("unknown-type: refuse", "PUT", "/live/batches/2A6F94BB", {"search_type": "map_place_details", "data_id": "0x89"}, 200),
    ],
)
def test_a_strict_reading_refuses_what_it_is_about_and_nothing_that_a_page_prints(
    assume: str, method: str, path: str, body: Any, status: int
) -> None:
    name, choice = assume.split(": ")
    world = world_of({"batches": [{"id": "2A6F94BB"}]}, assume={f"serpwow.{name}": choice})
    assert send(world, method, path, body if body is None else {"searches": [body]})[0].status == status


@pytest.mark.parametrize(
    ("kind", "group"),
    [
        ("scholar", "scholar_results"),
        ("place_photos", "place_photos_results"),
        ("place_details", "place_details"),
        ("news", "news_results"),
    ],
)
def test_what_a_search_finds_stands_in_the_group_of_its_kind(kind: str, group: str) -> None:
    batch = {"id": "2A6F94BB", "searches": [{"q": "a", "search_type": kind}], "result_sets": [RUN]}
    world = world_of({"batches": [batch]}, clock={"start": INSTANT})
    file = send(world, "GET", "/_files/serpwow/test/results/Batch_Results_2A6F94BB_1_Page_1.csv")[0].body
    assert b"".join(file.make(Room(1_000))).startswith(b"search.q,request_info.success,%b.position" % group.encode())
