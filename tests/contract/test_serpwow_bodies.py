"""SerpWow's bodies and queries as curl, PHP, Python and Node send them: never a success with a part lost."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.support.server import Live, World

FORM = "application/x-www-form-urlencoded"
LABELS = [
    "application/json",
    "application/json; charset=utf-8",
    FORM,
    f"{FORM}; charset=UTF-8",
    "text/plain;charset=UTF-8",
    None,
]
S3 = {"name": "A", "type": "s3", "s3_access_key_id": "K", "s3_secret_access_key": "S", "s3_bucket_name": "B"}


def load(live: Live, **scenario: Any) -> World:
    """A world with a batch of two searches, and a destination."""
    searches = [{"id": "AAAA", "q": "a"}, {"id": "BBBB", "q": "b"}]
    settings = {name: value for name, value in S3.items() if name.startswith("s3_")}
    destinations = [{"id": "D0000000", "name": "A", "type": "s3", "settings": settings}]
    state = {"batches": [{"id": "2A6F94BB", "searches": searches}], "destinations": destinations}
    return live.load({"given": {"serpwow": state}, **scenario})


def send(
    world: World, method: str, path: str, body: str | bytes = b"", label: str | None = None, query: str = ""
) -> httpx.Response:
    headers = {"Content-Type": label} if label else {}
    url = f"{world.serpwow['url']}{path}?api_key={world.serpwow['api_key']}{query}"
    return httpx.request(method, url, content=body, headers=headers)


def message(reply: httpx.Response) -> str:
    text: str = reply.json()["request_info"].get("message", "")
    return text


WRITES = [
    ("POST", "/batches", {"name": "new"}, lambda body: body["batch"]["name"] == "new"),
    ("PUT", "/batches/2A6F94BB", {"name": "new"}, lambda body: body["batch"]["name"] == "new"),
    ("PUT", "/batches/2A6F94BB", {"searches": [{"q": "c"}]}, lambda body: body["batch"]["searches_total_count"] == 3),
    ("PUT", "/batches/2A6F94BB", [{"q": "c"}], lambda body: body["batch"]["searches_total_count"] == 3),
    ("PUT", "/batches/2A6F94BB/AAAA", {"q": "c"}, lambda body: body["search"] == {"q": "c"}),
    (
        "DELETE",
        "/batches/2A6F94BB/searches",
        ["AAAA", "BBBB"],
        lambda body: body["request_info"]["message"] == "2 Searches deleted",
    ),
    ("POST", "/destinations", {**S3, "enabled": True}, lambda body: body["destination"]["id"]),
    ("PUT", "/destinations/D0000000", {"name": "new"}, lambda body: body["destination"]),
]


@pytest.mark.parametrize("label", LABELS)
@pytest.mark.parametrize(("method", "path", "body", "is_done"), WRITES)
def test_json_is_read_under_every_label(live: Live, method: str, path: str, body: Any, is_done: Any, label: str | None) -> None:
    reply = send(load(live), method, path, f"\n {json.dumps(body)}", label)
    assert reply.status_code == 200
    assert is_done(reply.json())
    if label is None or "json" not in label:
        assert reply.headers["emulator-basis"] == "inferred"


@pytest.mark.parametrize(("method", "path"), sorted({(method, path) for method, path, *_ in WRITES}))
@pytest.mark.parametrize(
    ("body", "label", "complaint"),
    [
        ("name=new", "application/json", f"looks like a form, and its Content-Type is application/json, not {FORM}"),
        ("name=new", "text/plain", f"looks like a form, and its Content-Type is text/plain, not {FORM}"),
        ("name=new", None, f"looks like a form, and its Content-Type is missing, not {FORM}"),
        ('{"name": "new"', FORM, "not valid JSON"),
        ("%7B%22name%22%3A%22new%22%7D", FORM, "is it JSON?"),
        ("name=%FF", FORM, "not encoded in UTF-8"),
        (b"name=\xff", FORM, "not encoded in UTF-8"),
        (b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nnew\r\n--b--', "multipart/form-data; boundary=b", "is not read"),
        ("null", "application/json", "must not be null"),
        ("null", FORM, "must not be null"),
        (json.dumps(json.dumps({"name": "new"})), FORM, "must be "),  # json_encode twice
        ('"name', FORM, "not valid JSON"),
        (" true\n", FORM, "must be "),
        ("-1.5e3", FORM, "must be "),
        ("\0{}", FORM, "is it JSON?"),
        ('\u00a0{"name": "new"}', FORM, "is it JSON?"),
        ('\ufeff{"name": "new"}', "application/json", "begins with a byte order mark"),
        ('\ufeff{"name": "new"}', FORM, "begins with a byte order mark"),
    ],
)  # fmt: skip
def test_an_unreadable_body_is_refused_with_the_reason(
    live: Live, method: str, path: str, body: str | bytes, label: str | None, complaint: str
) -> None:
    world = load(live)
    before = world.state()
    reply = send(world, method, path, body, label)
    assert (reply.status_code, complaint in message(reply)) == (400, True), reply.text
    assert world.state() == before


@pytest.mark.parametrize("name", ["destination_ids", "notification_csv_fields", "notification_email", "schedule_hours"])
@pytest.mark.parametrize("is_joined", [True, False])
def test_a_list_has_at_most_a_thousand_items(live: Live, name: str, is_joined: bool) -> None:
    world, item = load(live), {"notification_email": "a@b", "schedule_hours": "1"}.get(name, "a")
    if is_joined or name != "notification_email":
        for count in (1_000, 1_001):
            value = ",".join([item] * count) if is_joined else [item] * count
            reply = send(world, "POST", "/batches", json.dumps({"name": "A", name: value}), "application/json")
            refusal = f"{name} can have at most 1000 items" if count > 1_000 else ""
            assert (reply.status_code, message(reply)) == (400 if refusal else 200, refusal)


@pytest.mark.parametrize(
    "hours",
    ["schedule_hours=9,17", "schedule_hours=9&schedule_hours=17", "schedule_hours[]=9&schedule_hours[]=17",
     "schedule_hours[0]=9&schedule_hours[1]=17", "schedule_hours%5B1%5D=17&schedule_hours%5B0%5D=9"],
)  # fmt: skip
def test_a_list_of_numbers_is_read_in_every_style(live: Live, hours: str) -> None:
    batch = send(load(live), "POST", "/batches", f"name=A&schedule_type=daily&{hours}", FORM).json()["batch"]
    assert batch["schedule_hours"] == [9, 17]


@pytest.mark.parametrize(
    "ids", ["destination_ids=x,y", "destination_ids=x&destination_ids=y", "destination_ids[0]=x&destination_ids[1]=y"]
)
def test_a_list_of_texts_is_read_in_every_style(live: Live, ids: str) -> None:
    assert send(load(live), "POST", "/batches", f"name=A&{ids}", FORM).json()["batch"]["destination_ids"] == ["x", "y"]


@pytest.mark.parametrize(
    "parameter",
    ["name=A&name=B", "name[]=A", "name=A&enabled[]=1", "name=A&priority=low&priority=high", "name=A&destination_ids=x,y&destination_ids=z",
     "name=A&schedule_hours[x]=1", "name=A&searches=pizza", "name=A&searches[q]=x", "name=A&searches[0][q][x]=y",
     "name=A&notification_email=a@b.c&notification_email=d@e.f", "name=A&schedule_hours[9999999999]=1",
     'name=A&destination_ids=["x","y"]', "name=A&notification_csv_fields=[search.q]", "name=A&schedule_hours=[9,17]",
     "name=A&schedule_hours.0=9&schedule_hours.1=17", "name=A&searches.0.q=pizza"],
)  # fmt: skip
def test_a_form_with_an_impossible_value_creates_nothing(live: Live, parameter: str) -> None:
    world = load(live)
    assert send(world, "POST", "/batches", parameter, FORM).status_code == 400
    assert len(world.state()["serpwow"]["batches"]) == 1


@pytest.mark.parametrize(
    ("parameter", "complaint"),
    [
        *((parameter, "name must have a single value") for parameter in ("name=A&name=B", "name[]=A")),
        *(
            (f"name=A&{name}=1&{name}=2", f"{name} must have a single value")
            for name in ("enabled", "priority", "notification_email")
        ),
        ('name=A&searches=[{"q":"a"}]', "searches must be a list of objects, and is JSON within a text"),
    ],
)
def test_a_form_that_repeats_a_name_or_has_json_in_a_value_is_told_so(live: Live, parameter: str, complaint: str) -> None:
    assert message(send(load(live), "POST", "/batches", parameter, FORM)) == complaint


@pytest.mark.parametrize("name", ["schedule_hours[]", "schedule_hours[0]", "destination_ids.0", "searches[0][q]"])
def test_a_name_in_json_that_is_that_of_a_field_of_a_form_is_refused(live: Live, name: str) -> None:
    reply = send(load(live), "POST", "/batches", json.dumps({"name": "A", name: "9"}), "application/json")
    assert (reply.status_code, f"{name} is not read" in message(reply)) == (400, True)


def test_searches_are_added_as_http_build_query_writes_them(live: Live) -> None:
    world = load(live)
    form = "searches[1][q]=second&searches[0][q]=first&searches[0][max_page]=2&searches[0][custom_id]=7&source=php"
    assert send(world, "PUT", "/batches/2A6F94BB", form, FORM).status_code == 200
    assert send(world, "GET", "/batches/2A6F94BB").json()["batch"]["credits_required"] == 5
    searches = send(world, "GET", "/batches/2A6F94BB/searches/1").json()["searches"][2:]
    assert [{name: search[name] for name in search if name != "id"} for search in searches] == [
        {"q": "first", "max_page": "2", "custom_id": "7"},
        {"q": "second"},
    ]


def test_a_list_that_is_the_whole_body_is_read_as_http_build_query_writes_it(live: Live) -> None:
    world = load(live)
    searches = send(world, "PUT", "/batches/2A6F94BB", "1[q]=second&0[q]=first&source=php", FORM)
    assert searches.json()["batch"]["searches_total_count"] == 4
    assert message(send(world, "DELETE", "/batches/2A6F94BB/searches", "0=AAAA&1=BBBB", FORM)) == "2 Searches deleted"
    mixed = send(world, "PUT", "/batches/2A6F94BB", "0[q]=third&name=A", FORM)
    assert (mixed.status_code, "mixes indexes with names, such as name" in message(mixed)) == (400, True)
    assert send(world, "POST", "/batches", "0=A", FORM).status_code == 400


@pytest.mark.parametrize(
    ("value", "flag"),
    [("true", True), ("True", True), ("1", True), (1, True), (True, True),
     ("false", False), ("False", False), ("0", False), (0, False), (False, False)],
)  # fmt: skip
def test_a_flag_is_read_as_php_python_and_the_page_write_it(live: Live, value: Any, flag: bool) -> None:
    world = load(live)
    bodies = [(json.dumps({"name": "A", "enabled": value}), "application/json")]
    if isinstance(value, str):
        bodies.append((f"name=A&enabled={value}", FORM))
    for body, label in bodies:
        assert send(world, "POST", "/batches", body, label).json()["batch"]["enabled"] is flag
    if isinstance(value, str):
        listing = send(world, "GET", "/batches", query=f"&only_with_results={value}").json()
        assert (listing["total_count"] == 0) is flag


@pytest.mark.parametrize("value", ["yes", "TRUE", " ", "2", 2, 1.0, [], {}, [True]])
def test_a_flag_of_another_spelling_is_refused_without_evidence_of_a_page(live: Live, value: Any) -> None:
    reply = send(load(live), "POST", "/batches", json.dumps({"name": "A", "enabled": value}))
    assert (reply.status_code, reply.headers["emulator-basis"]) == (400, "inferred")


def test_a_flag_of_a_search_counts_however_it_is_written(live: Live) -> None:
    for flag, status in (("true", 400), ("True", 400), ("1", 400), (1, 400), ("0", 200), (False, 200)):
        searches = [{"q": "x", "include_html": flag}] * 101
        reply = send(load(live), "PUT", "/batches/2A6F94BB", json.dumps({"searches": searches}))
        assert reply.status_code == status


OPTIONS = ["enabled", "priority", "destination_ids", "schedule_type", "schedule_hours", "schedule_minutes", "notification_email",
           "notification_webhook", "notification_as_csv", "notification_csv_fields", "searches", "searches_type"]  # fmt: skip


@pytest.mark.parametrize("option", OPTIONS)
def test_null_is_as_if_the_option_were_left_out(live: Live, option: str) -> None:
    world = load(live)
    for method, path in (("POST", "/batches"), ("PUT", "/batches/2A6F94BB")):
        left_out, null = (send(world, method, path, json.dumps({"name": "A"} | more)) for more in ({}, {option: None}))
        assert null.status_code == 200
        assert null.headers["emulator-basis"] == "inferred"
        assert null.json()["batch"] | {"id": 0} == left_out.json()["batch"] | {"id": 0}


def test_null_for_what_is_required_is_refused_as_missing(live: Live) -> None:
    reply = send(load(live), "POST", "/batches", '{"name": null}')
    assert (reply.status_code, message(reply), reply.headers["emulator-basis"]) == (400, "name is required", "inferred")
    for name in ("name", "type", "enabled", "s3_bucket_name"):
        reply = send(load(live), "POST", "/destinations", json.dumps({**S3, "enabled": True, name: None}))
        assert (reply.status_code, message(reply)) == (400, f"{name} is required")


def test_null_in_a_search_is_as_if_it_were_left_out(live: Live) -> None:
    world = load(live)
    send(world, "PUT", "/batches/2A6F94BB", '{"searches": [{"q": "c", "max_page": null}]}')
    last = send(world, "GET", "/batches/2A6F94BB/searches/1").json()["searches"][-1]
    assert set(last) == {"q", "id"}


@pytest.mark.parametrize(
    "query",
    ["page=1&page=2", "page[]=1", "page[0]=1", "sort_by[x]=name", "search_term=a&search_term=b", "status[]=idle&status[]=queued",
     "page[=1", "search_term=%FF", "only_with_results=1&only_with_results=0"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/batches", "/batches/2A6F94BB/searches/1", "/destinations", "/errorlogs"])
def test_a_query_that_would_lose_a_value_is_refused(live: Live, path: str, query: str) -> None:
    reply = send(load(live), "GET", path, query=f"&{query}")
    assert (reply.status_code, reply.headers["emulator-basis"]) == (400, "inferred")


@pytest.mark.parametrize("query", ["page=1&page=1", "utm=1&utm=2", "utm[]=1", "source=python&source=python"])
def test_a_query_with_equal_values_or_unknown_parameters_is_read(live: Live, query: str) -> None:
    assert send(load(live), "GET", "/batches", query=f"&{query}").status_code == 200


def test_the_columns_of_a_csv_file_are_read_in_every_style(live: Live) -> None:
    run = {"id": 1, "started_at": "2026-03-09T20:00:00Z", "ended_at": "2026-03-09T20:00:10Z"}
    batches = [{"id": "2A6F94BB", "searches": 1, "result_sets": [run]}]
    world = live.load({"clock": {"start": "2026-03-09T20:55:31Z"}, "given": {"serpwow": {"batches": batches}}})
    for query in ("csv_fields=success,search.q", "csv_fields[]=success&csv_fields[]=search.q", "csv_fields=success&csv_fields=search.q",
                  "csv_fields[0]=success&csv_fields[1]=search.q"):  # fmt: skip
        links = send(world, "GET", "/batches/2A6F94BB/results/1/csv", query=f"&{query}").json()["result"]["download_links"]
        for link in (links["pages"][0], links["all_pages"]):
            assert httpx.get(link).text.splitlines()[0] == "success,search.q"
    assert send(world, "GET", "/batches/2A6F94BB/results/1/csv", query="&csv_fields[=x").status_code == 400
