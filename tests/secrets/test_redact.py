"""No credential can be read in anything that is told of what was asked; the state alone can be given again as it is."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from emulator import Emulator
from emulator.text.redact import redact_body, redact_header, redact_text
from emulator.text.secrets import is_secret

BUCKET = {
    "name": "Results",
    "type": "s3",
    "enabled": True,
    "s3_access_key_id": "AKIAREALACCESSKEYID",
    "s3_secret_access_key": "REAL-CLOUD-SECRET-VALUE",
    "s3_bucket_name": "results",
}
HOOK = "https://somebody:PASSWORD@hooks.test/h?token=HOOKSECRET&batch=1"
SECRETS = ("REALACCESSKEYID", "CLOUD-SECRET", "PASSWORD", "HOOKSECRET", "MYKEYOFMINE", "MYSECRETOFMINE")


@pytest.fixture
def emulator() -> Any:
    """A world in which cloud keys, passwords and keys of 6DOT50 were sent."""
    with Emulator("first-run") as emulator, httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1") as client:
        client.headers["Emulator-World"] = emulator.id
        key = {"api_key": emulator.serpwow.api_key}
        emulator.snapshot("before")
        client.post("/live/destinations", params=key, json=BUCKET)
        client.post("/live/batches", params=key, json={"name": "Hooked", "notification_webhook": HOOK})
        client.post("/za/pay/authentication/getToken", json={"key": "MYKEYOFMINE", "secret": "MYSECRETOFMINE"})
        client.post("/live/batches", params=key, data={"name": "A form", "notification_webhook": HOOK})
        yield emulator


@pytest.mark.parametrize(
    "path",
    ["/journal", *(f"/journal/{n}/explain" for n in (1, 2, 3, 4)), "/ledger", "/diff?from=before", "/diff?from=now&to=before"],
)
def test_no_credential_of_a_request_can_be_read_in_what_is_told_of_it(emulator: Emulator, path: str) -> None:
    text = json.dumps(emulator.ask("GET", path))
    assert [secret for secret in SECRETS if secret in text] == []


def test_a_verification_that_fails_tells_no_credential(emulator: Emulator) -> None:
    wish = {"at": "serpwow.destinations.create", "json": {**BUCKET, "s3_bucket_name": "others", "s3_access_key_id": "another"}}
    text = json.dumps(emulator.ask("POST", "/verify", {"called": [wish]}))
    assert "'results', not 'others'" in text.replace('\\"', "'")
    assert [secret for secret in SECRETS if secret in text] == []


def test_the_state_shows_what_it_was_given_so_that_it_can_be_given_again(emulator: Emulator) -> None:
    (bucket,) = emulator.ask("GET", "/state")["serpwow"]["destinations"]
    assert bucket["settings"]["s3_secret_access_key"] == BUCKET["s3_secret_access_key"]


@pytest.mark.parametrize(
    "name",
    [
        *(
            "api_key",
            "apikey",
            "X-Api-Key",
            "secret",
            "signing_secret",
            "clientSecret",
            "token",
            "authToken",
            "key",
            "Authorization",
        ),
        *(
            "password",
            "s3_secret_access_key",
            "s3_access_key_id",
            "azure_account_key",
            "azure_connection_string",
            "gcs_credentials",
        ),
        *(
            "passPhrase",
            "passCode",
            "passWord",
            "PassWd",
            "apiPassCode",
            "pass_phrase",
            "pass-word",
            "tOkEn",
            "aPiKeY",
            "APIkey",
        ),
        *("expired_password", "next_access_token", "userJWT", "otpCode", "password:", " token ", "sess\u2066ionId"),
        *("api_keys", "secrets", "private_key", "Cookie", "Set-Cookie", "X-Amz-Signature", "sig"),
    ],
)
def test_a_credential_is_known_by_its_name(name: str) -> None:
    assert is_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Idempotency-Key",
            "key_id",
            "tokens",
            "max_tokens",
            "totalTokens",
            "keyword",
            "secretary",
            "credits_used",
            "unauthorized_endpoints",
            "name",
        ),
        *(
            "tokens_used",
            "tokensUsed",
            "maxTokens",
            "pageToken",
            "page_token",
            "nextPageToken",
            "nextToken",
            "keyId",
            "KeyCode",
        ),
        *("passport", "passage", "compass", "bypass", "hotKey", "tokenExpiresAt", "expires_in", "passwordPolicy", "passed"),
        *("token_type", "next_page_token", "6dot50.failed-token-status", "token_expires_at"),
    ],
)
def test_what_is_no_credential_is_not_taken_for_one(name: str) -> None:
    assert not is_secret(name)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (redact_text(HOOK), "https://…@hooks.test/h?token=HOOK…&batch=1"),
        (redact_text("https://u:p@ss@x.test/"), "https://…@x.test/"),
        (redact_text("nothing to hide: a@b, and no token here"), "nothing to hide: a@b, and no token here"),
        (redact_text(f'{{"url":"{HOOK}","a'), '{"url":"https://…@hooks.test/h?token=HOOK…&batch=1","a'),
        (redact_text('{"token":12345678910,"b":"c'), '{"token":1234…,"b":"c'),
        (redact_text("hook=https%3A%2F%2Fu%3Apw%40x.test&b=%2F"), "hook=https://…@x.test&b=%2F"),
        (redact_text("/x?s3SecretAccessKey=12345678910&a=1"), "/x?s3SecretAccessKey=1234…&a=1"),
        (redact_header("Authorization", "Bearer sk_test_123456"), "Bearer sk_t…"),
        (redact_header("authorization", "sk_test_123456"), "sk_t…"),
        (redact_header("cookie", "session=abc; other=def"), "sess…"),
        (redact_header("idempotency-key", "0123456789"), "0123456789"),
        (
            redact_body({"credentials": {"a": ["0123456789", 12345, None, True]}}),
            {"credentials": {"a": ["0123…", "…", None, True]}},
        ),
    ],
)
def test_a_credential_is_hidden_and_the_rest_stays(value: Any, expected: Any) -> None:
    assert value == expected


@pytest.mark.parametrize("name", ["a", "secret"])
def test_a_value_that_is_nested_without_end_is_shown_without_its_end(name: str) -> None:
    value: Any = "0123456789"
    for _ in range(5_000):
        value = [{name: value}]
    assert "0123456789" not in json.dumps(redact_body(value))


@pytest.mark.parametrize(
    "part", ["a", '"', "\\", '\\"', '" ', "a=", "a&", '"a":', "://", "://a@", '"\\', " ", "?a=", "https://a:b@c/d?e=f&"]
)
def test_no_text_takes_longer_than_its_length_to_redact(part: str) -> None:
    assert len(redact_text("://?" + part * (1_000_000 // len(part)))) > 0


def test_a_value_with_nothing_to_hide_is_shown_as_that_very_value() -> None:
    value = {"id": "A", "searches": [{"q": "pizza"}, None, True, 3], "none": {}}
    assert redact_body(value) is value
    shown = redact_body({"kept": value, "token": "0123456789"})
    assert (shown["kept"] is value, shown["token"]) == (True, "0123…")


def test_a_part_that_many_share_is_made_once_where_something_is_hidden_in_it() -> None:
    part = [{"q": "pizza", "token": "0123456789"}]
    shown = redact_body([part, part, [*part]], 0, {})
    assert shown == [[{"q": "pizza", "token": "0123…"}]] * 3
    assert shown[0] is shown[1]
    assert shown[0][0] is shown[2][0]
