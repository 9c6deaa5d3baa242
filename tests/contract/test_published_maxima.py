"""What a vendor publishes as the most that a call may hold fits the bounds that the server has by default."""

from __future__ import annotations

import json
from urllib.parse import urlencode

import httpx

from emulator import Emulator
from emulator.kernel.limits import Limits
from emulator.web.requests import check_values

FORM = "application/x-www-form-urlencoded"


def update(emulator: Emulator, body: str, label: str) -> httpx.Response:
    url = f"{emulator.serpwow.url}/batches/2A6F94BB?api_key={emulator.serpwow.api_key}"
    return httpx.put(url, content=body, headers={"Content-Type": label})


def searches(count: int, length: int) -> list[dict[str, str]]:
    return [
        {"q": f"{n} ".ljust(length, "q"), "location": "Austin,Texas,United States", "gl": "us", "hl": "en"}
        for n in range(count)
    ]


def test_a_thousand_long_searches_are_added_in_one_call_as_json_and_as_a_form(emulator: Emulator) -> None:
    emulator.state.change({"serpwow": {"batches": [{"id": "2A6F94BB", "searches": 0}]}})
    items = searches(1000, 2500)
    assert update(emulator, json.dumps({"searches": items}), "application/json").json()["batch"]["searches_total_count"] == 1000
    form = urlencode({f"searches[{n}][{name}]": value for n, search in enumerate(items) for name, value in search.items()})
    assert update(emulator, form, FORM).json()["batch"]["searches_total_count"] == 2000
    response = update(emulator, json.dumps({"searches": searches(1001, 5)}), "application/json")
    assert (response.status_code, response.json()["request_info"]["message"]) == (
        400,
        "At most 1000 Searches can be added per call",
    )


def test_a_batch_takes_the_searches_that_are_published_and_not_one_more(emulator: Emulator) -> None:
    emulator.state.change({"serpwow": {"batches": [{"id": "2A6F94BB", "searches": 14_000}]}})
    assert update(emulator, json.dumps({"searches": searches(1000, 5)}), "application/json").status_code == 200
    response = update(emulator, json.dumps({"searches": [{"q": "x"}]}), "application/json")
    assert (response.status_code, "at most 15000 pages" in response.text) == (400, True)


def test_the_values_of_a_call_are_counted_without_what_its_texts_hold(emulator: Emulator) -> None:
    emulator.state.change({"serpwow": {"batches": [{"id": "2A6F94BB", "searches": 0}]}})
    most = 1000 * [{"q": 'a, b, [c], {d} "e", \\'} | {f"parameter_{n}": "," for n in range(49)}]
    assert "searches_total_count" in update(emulator, json.dumps({"searches": most}), "application/json").text


def test_a_body_may_hold_as_many_searches_as_a_batch() -> None:
    items = [{"q": str(n), "location": "Austin", "gl": "us", "hl": "en", "device": "mobile"} for n in range(15_000)]
    check_values(json.dumps({"name": "Wide", "searches": items}).encode(), Limits())


def test_a_call_of_more_names_than_anybody_sends_is_refused_before_it_is_read(emulator: Emulator) -> None:
    refused = update(emulator, json.dumps({f"name {n}": n for n in range(40_000)}), "application/json")
    assert (refused.status_code, refused.headers["emulator-error"]) == (413, "body-too-large")
    assert "at most 10000 different names in JSON here" in refused.text


def test_a_call_of_more_values_than_anybody_sends_is_refused_before_it_is_read(emulator: Emulator) -> None:
    refused = update(emulator, json.dumps({"searches": [{}] * Limits().values}), "application/json")
    assert (refused.status_code, refused.headers["emulator-error"]) == (413, "body-too-large")
    assert "at most 250000 values in JSON here: EMULATOR_MAX_VALUES (serve --max-values) allows more" in refused.text


def test_a_body_beyond_the_bound_is_told_the_option_that_raises_it(emulator: Emulator) -> None:
    response = update(emulator, json.dumps({"searches": searches(1000, Limits().body // 1000)}), "application/json")
    assert (response.status_code, response.headers["emulator-error"]) == (413, "body-too-large")
    assert "EMULATOR_MAX_BODY (serve --max-body) allows more" in response.text
