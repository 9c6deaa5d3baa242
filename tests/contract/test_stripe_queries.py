"""What Stripe reads out of a query: arrays in each spelling, nothing unknown, and links to pages that are filtered alike."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.kernel.world import World
from emulator.sdk import InvalidRequest, Request
from emulator.sdk.request import read_request
from emulator.vendors.stripe.events.types import TYPES, is_event_type
from emulator.vendors.stripe.requests.fields import QuerySpec
from tests.support.server import Live
from tests.support.stripe import ID, list_events, send, world_of

KNOWN = QuerySpec(frozenset(("limit", "created[gt]")), frozenset(("types", "include")))
SPELLINGS = ("types", "types[]", "types[{n}]")


def request_of(query: str) -> Request:
    return read_request("GET", "/v2/core/events", query)


@given(st.lists(st.text(max_size=5), max_size=6), st.sampled_from(SPELLINGS), st.booleans())
def test_an_array_keeps_every_value_however_it_is_spelt(values: list[str], spelling: str, plain: bool) -> None:
    pairs = [(spelling.format(n=n), value) for n, value in enumerate(values)]
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs) if plain else urlencode(pairs)
    assert KNOWN.read(request_of(query)).arrays == {"types": values, "include": []}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("colour=red", "Some fields in the request were invalid: 'colour: Unknown field.'"),
        ("type[]=a", "Some fields in the request were invalid: 'type[]: Unknown field.'"),
        ("types[a]=b", "Some fields in the request were invalid: 'types[a]: Unknown field.'"),
        ("types[0][]=b", "Some fields in the request were invalid: 'types[0][]: Unknown field.'"),
        ("types[", "Some fields in the request were invalid: 'types[: Unknown field.'"),
        ("limit[]=1", "Some fields in the request were invalid: 'limit[]: Unknown field.'"),
        ("created=1", "Some fields in the request were invalid: 'created: Unknown field.'"),
        ("created[ge]=1", "Some fields in the request were invalid: 'created[ge]: Unknown field.'"),
        ("limit=1&limit=1", "Some fields in the request were invalid: 'limit: Is given more than once.'"),
        ("created[gt]=1&created%5Bgt%5D=1", "Some fields in the request were invalid: 'created[gt]: Is given more than once.'"),
    ],
)
def test_an_unknown_or_repeated_parameter_is_refused(query: str, message: str) -> None:
    with pytest.raises(InvalidRequest) as error:
        KNOWN.read(request_of(query))
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("type", "is_known"),
    [
        *((type, True) for type in TYPES),
        ("v2.core.account.updated", True),
        ("v1.billing.meter.error_report_triggered", True),
        ("v2.core.account[configuration.customer].capability_status_updated", True),
        ("v2.core.batch_job.cancelled", False),
        ("v2.core.batch_job.complete", False),
        ("v2.core.event_destination.created", False),
        ("batch_job.created", False),
        ("v2", False),
        ("*", False),
        ("", False),
    ],
)
def test_the_type_of_an_event_is_known_or_of_a_family_that_is_not_emulated(type: str, is_known: bool) -> None:
    assert is_event_type(type) == is_known


def world_with_events() -> World:
    """A world of two jobs, one of which was canceled."""
    world = world_of(*({"id": id, "status": "ready_for_upload"} for id in (ID, "batchv2_other")))
    send(world, "cancel")
    world.advance_until_idle()
    return world


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_each_page_is_filtered_as_the_first(spelling: str) -> None:
    world = world_with_events()
    types = [f"v2.core.batch_job.{word}" for word in ("canceled", "updated")]
    pairs = [(spelling.format(n=n), type) for n, type in enumerate(types)]
    query, events = urlencode([*pairs, ("object_id", ID), ("limit", "1"), ("created[gte]", "2026-01-01T00:00:00Z")]), []
    while query:
        page = list_events(world, query).body
        events += [(event["type"], event["related_object"]["id"]) for event in page["data"]]
        link = urlsplit(page["next_page_url"] or "")
        assert not link.query or [pair for pair in parse_qsl(link.query) if pair[0] in dict(pairs)] == pairs
        query = link.query
    assert events == [(types[0], ID), (types[1], ID)]


def test_more_than_twenty_types_are_refused_and_twenty_are_not() -> None:
    world = world_of()
    assert list_events(world, "&".join(["types[]=v2.core.batch_job.created"] * 20)).status == 200
    assert list_events(world, "&".join(["types[]=v2.core.batch_job.created"] * 21)).status == 400


@pytest.mark.parametrize(("bound", "found"), [("gt", False), ("gte", True), ("lt", False), ("lte", True)])
@pytest.mark.parametrize("micros", [1, 428_000, 428_001, 428_999, 999_999])
def test_a_time_that_an_event_prints_is_the_one_that_filters_compare(bound: str, found: bool, micros: int) -> None:
    at = f"2026-03-09T20:55:32.{micros:06}Z"
    event = {"type": "v2.core.batch_job.created", "object_id": ID, "since": at}
    world = world_of(clock={"start": "2026-03-10T00:00:00Z"}, given={"stripe": {"events": [event]}})
    (printed,) = (it["created"] for it in list_events(world, "").body["data"])
    assert bool(list_events(world, f"created[{bound}]={printed}").body["data"]) is found


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_whoever_deletes_destinations_page_by_page_misses_none(live: Live, order: str) -> None:
    given = {"stripe": {"event_destinations": [{"repeat": 7}]}}
    world = live.load({"given": given, "assume": {"stripe.list-order": order}})
    headers = {"authorization": "Bearer sk_test_1", "stripe-version": "2026-03-25.preview", "emulator-world": world.id}
    path, seen = "/v2/core/event_destinations?limit=2", []
    while path:
        page = httpx.get(f"{live.url}{path}", headers=headers).json()
        for item in page["data"]:
            seen.append(item["id"])
            httpx.delete(f"{live.url}/v2/core/event_destinations/{item['id']}", headers=headers)
        path = page["next_page_url"]
    assert len(set(seen)) == len(seen) == 7


def test_a_destination_that_is_made_after_the_newest_was_deleted_is_on_the_page_before(live: Live) -> None:
    world = live.load({"given": {"stripe": {"event_destinations": [{"repeat": 3}]}}})
    headers = {"authorization": "Bearer sk_test_1", "stripe-version": "2026-03-25.preview", "emulator-world": world.id}
    lists = f"{live.url}/v2/core/event_destinations"
    newest = httpx.get(f"{lists}?limit=1", headers=headers).json()
    second = httpx.get(live.url + newest["next_page_url"], headers=headers).json()
    for page in (newest, second):
        httpx.delete(f"{lists}/{page['data'][0]['id']}", headers=headers)
    hook = {"type": "webhook_endpoint", "webhook_endpoint": {"url": "https://example.com/hook"}}
    new = {"name": "New", "event_payload": "thin", "enabled_events": ["v2.core.batch_job.completed"], **hook}
    made = httpx.post(lists, json=new, headers=headers).json()
    before = httpx.get(live.url + second["previous_page_url"], headers=headers).json()
    assert [item["id"] for item in before["data"]] == [made["id"]]


def test_a_page_of_one_list_is_none_of_another(live: Live) -> None:
    given = {"event_destinations": [{"repeat": 3}], "batch_jobs": [{"id": ID}]}
    world = live.load({"given": {"stripe": given}, "timing": {"stripe.drain": "0s"}})
    headers = {"authorization": "Bearer sk_test_1", "stripe-version": "2026-03-25.preview", "emulator-world": world.id}
    httpx.post(f"{live.url}/v2/core/batch_jobs/{ID}/cancel", headers=headers).raise_for_status()
    lists = [f"{live.url}/v2/core/{name}" for name in ("events", "event_destinations")]
    pages = [httpx.get(f"{it}?limit=1", headers=headers).json()["next_page_url"].partition("page=")[2] for it in lists]
    statuses = [[httpx.get(f"{it}?page={page}", headers=headers).status_code for page in pages] for it in lists]
    assert statuses == [[200, 400], [400, 200]]


def test_the_id_of_an_event_is_as_long_as_that_of_the_sample() -> None:
    world = world_of({"id": ID, "status": "in_progress"})
    send(world, "cancel")
    (event,) = list_events(world, "types[0]=v2.core.batch_job.updated").body["data"]
    sample = "65RCjj4EqW1sabcjs2Z16RCMoNQdSQkOWvfL6L5uU2K41b"
    assert re.fullmatch(f"evt_test_65[A-Za-z0-9]{{{len(sample) - 2}}}", event["id"])
