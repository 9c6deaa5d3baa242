"""No secret can be read in a difference, by whatever it is called or looks like, and each difference still says that it is one."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from emulator import Emulator
from emulator.cli.main import main
from emulator.state.compare import differences, exact_difference, header_difference
from tests.support.secret_texts import LIKE, NAMES, PLAIN, SPELLINGS, TAIL

OTHER = f"S3crOther{TAIL}"


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("compare", [differences, exact_difference])
def test_no_difference_of_a_value_that_is_called_a_secret_shows_it(compare: Any, spelling: str) -> None:
    for name in (SPELLINGS[spelling](name) for name in NAMES):
        for wrap in (
            lambda name, value: {name: value},
            lambda name, value: {"a": [{name: {"b": [value]}}]},
            lambda name, value: [{"name": name, "value": value}],
            lambda name, value: {"headers": [["a", "b"], [name, value]]},
            lambda name, value: [{"Key": name, "Value": value}],
            lambda name, value: {"list": [{name: value}], "text": json.dumps({name: value})},
        ):
            differences = list(compare(wrap(name, PLAIN), wrap(name, OTHER)))
            assert (bool(differences), [difference for difference in differences if TAIL in difference]) == (True, [])


@pytest.mark.parametrize("secret", LIKE)
def test_no_difference_shows_what_has_the_shape_of_a_secret(secret: str) -> None:
    pairs = [({"a": secret}, {"a": "b"}), ({"a": 1}, {"a": secret}), ({secret: 1}, {}), ({secret: 1}, {secret: 2})]
    for expected, actual in pairs:
        differences = list(exact_difference(expected, actual))
        assert (bool(differences), [difference for difference in differences if secret[6:] in difference]) == (True, [])


@pytest.mark.parametrize(
    ("expected", "actual", "text"),
    [
        ({"api_key": "abcdefghij"}, {"api_key": "abcdklmnop"}, "api_key is another than expected: both are shown as 'abcd…'"),
        ({"api_key": "abcdefghij"}, {"api_key": "qrstklmnop"}, "api_key is 'qrst…', not 'abcd…'"),
        ({"api_key": "abcdefghij"}, {"api_key": None}, "api_key is null, not 'abcd…'"),
        ({"pin": 12345678}, {"pin": 87654321}, "pin is another than expected: both are shown as '…'"),
        ({"pin": [1]}, {"pin": [1, 2]}, "pin has 2 items, not 1"),
        ({"status": "a"}, {"status": "b"}, "status is 'b', not 'a'"),
    ],
)
def test_a_difference_of_secrets_says_that_they_differ(expected: Any, actual: Any, text: str) -> None:
    assert list(differences(expected, actual)) == [text]


def test_what_is_not_expected_and_is_called_a_secret_is_not_shown() -> None:
    assert list(exact_difference({"a": 1}, {"a": 1, "token": PLAIN})) == [
        "the body has 'token' ('S3cr…'), which is not expected"
    ]
    (order,) = exact_difference({"token": PLAIN, "a": 1}, {"a": 1, "token": PLAIN})
    assert order.count("S3cr…") == 2


def test_things_of_a_state_are_compared_without_their_secrets() -> None:
    expected = [{"id": "d", "settings": {"s3_secret_access_key": PLAIN}}, {"id": LIKE[0]}]
    actual = [{"id": "d", "settings": {"s3_secret_access_key": OTHER}}]
    assert list(differences({"ds": expected}, {"ds": actual}, by_id=True)) == [
        "ds[d].settings.s3_secret_access_key is another than expected: both are shown as 'S3cr…'",
        "ds has no 'sk_l…'",
    ]


@pytest.mark.parametrize("name", NAMES)
def test_no_difference_of_a_header_shows_its_secret(name: str) -> None:
    text = header_difference(name.replace("_", "-"), f"Bearer {PLAIN}", f"Bearer {OTHER}")
    assert ("the header" in text, TAIL in text) == (True, False)


STEPS = f"""
title: Secrets in every expectation
given: {{serpwow: {{destinations: [{{id: d, name: n, type: s3, settings: {{s3_secret_access_key: {PLAIN}}}}}]}}}}
steps:
  - send: GET /live/account?api_key={PLAIN}
    get: {{status: 299, json: {{account_info: {{api_key: {OTHER}}}}}}}
  - send: GET /live/account?api_key=demo
    get: {{status: 200, headers: {{set-cookie: sid={OTHER}, authorization: Bearer {OTHER}, x-api-key: {OTHER}}}}}
  - send: GET /live/account?api_key=demo
    get: {{status: 200, text: '{{"password": "{OTHER}"}}'}}
  - see: {{serpwow: {{destinations: [{{id: d, settings: {{s3_secret_access_key: {OTHER}}}}}]}}}}
  - send: POST /za/pay/authentication/getToken
    json: {{key: {PLAIN}, secret: {PLAIN}}}
    get: {{status: 200, json: {{token: {OTHER}}}}}
  - send: GET /v2/core/batch_jobs/sk_test_{PLAIN}
    headers: {{Authorization: Bearer sk_test_{PLAIN}, Stripe-Version: 2026-03-25.preview}}
    get: {{status: 299}}
  - send: GET /live/batches/password={PLAIN}?api_key=demo
    get: {{status: 299}}
"""


def test_playing_a_scenario_shows_no_secret_of_its_steps(tmp_path: Any) -> None:
    file = tmp_path / "secrets.yaml"
    file.write_text(STEPS)
    result = CliRunner().invoke(main, ["play", str(file)])
    assert result.exit_code == 1
    assert (
        "10 differences" in result.output,
        [line for line in result.output.splitlines() if TAIL in line or "eyJhb" in line],
    ) == (True, [])


def test_a_verification_that_fails_tells_each_secret_that_differs() -> None:
    with Emulator("first-run") as emulator, httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1") as client:
        client.headers["Emulator-World"] = emulator.id
        client.get("/live/account", params={"api_key": "demo"}, headers={"X-Token": PLAIN})
        wish = {"at": "serpwow.account.get", "query": {"api_key": PLAIN}, "headers": {"X-Token": OTHER}}
        (failure,) = emulator.ask("POST", "/verify", {"called": [wish]})["failures"]
    assert "query.api_key is '…', not 'S3cr…'" in failure["message"]
    assert "the header X-Token is another than expected: both are shown as 'S3cr…'" in failure["message"]
    assert TAIL not in failure["message"]


def test_what_is_there_in_place_of_what_is_missing_is_named_without_secrets() -> None:
    actual = {"request_info": 1, LIKE[0]: 2, "page": 3, "total": 4}
    assert list(differences({"pages": 1, "sum": 2}, actual)) == [
        "the body has no 'pages' (it has request_info, sk_l…, page and 1 more)",
        "the body has no 'sum'",
    ]
    assert list(differences({"a": {"b": 1}}, {"a": {}})) == ["a has no 'b' (it is empty)"]
