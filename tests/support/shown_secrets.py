"""Requests with a secret in every position, and what of these secrets can be read in a text."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import Emulator
from emulator.control import entries
from emulator.text.redact import redact_body, redact_header, redact_text
from emulator.text.secrets import ABOUT, ENDINGS, KEYS, LAST_WORDS, NAMING, SHAPES, VALUES, WORDS, is_secret
from tests.support.secret_texts import (
    AWKWARD,
    KNOWN_WHEN_CUT,
    LIKE,
    NAMES,
    PLAIN,
    SPELLINGS,
    TAIL,
    TEXTS,
    escaped,
    part,
    percent,
)

INVISIBLE = "\0\x01\x80\x9f\xad\u034f\u061c\u180e\u200b\u202e\u2066\ufe0f\ufeff\U000e0061"

DISGUISES: dict[str, Callable[[str], str]] = {
    "a blank behind": lambda name: f"{name} ",
    "a blank before": lambda name: f" {name}",
    "blanks around": lambda name: f"\t {name}\t ",
    "a sign behind": lambda name: f"{name}?) ",
    "full width": lambda name: "".join(chr(ord(letter) + 0xFEE0) for letter in name),
    "another dash": lambda name: name.replace("_", "\u2011"),
    **{f"U+{ord(sign):04X} within": lambda name, text=sign: name[:2] + text + name[2:] for sign in INVISIBLE},  # type: ignore[misc]
}


DISGUISED = [
    *(it for it in TEXTS if "JSON" in it and not any(word in it for word in ("form in", "URL", "escaped", "table", "YAML"))),
    *("query, with plus", "query, encoded name", "query, all encoded", "form", "form, in encoded brackets"),
    *("multipart", "multipart, encoded name", "pair", "keyed value", "named value"),
]
"""Places in which a name can be of any characters."""


def redacted_target(text: str) -> str:
    """Return a body as the journal shows it."""
    try:
        return json.dumps(redact_body(json.loads(text)))
    except ValueError:
        return redact_text(text)


@pytest.mark.parametrize("place", TEXTS)
def test_no_secret_that_is_called_one_can_be_read(place: str) -> None:
    readable = [
        text
        for name, spell, value in product(NAMES, SPELLINGS.values(), (PLAIN, AWKWARD))
        if TAIL in redacted_target(text := TEXTS[place](spell(name), value))
    ]
    assert readable == []


@pytest.mark.parametrize("disguise", DISGUISES)
def test_no_disguise_of_a_name_makes_its_secret_readable(disguise: str) -> None:
    readable = [
        (place, name)
        for place, name in product(DISGUISED, ("password", "api_key", "Authorization", "pin"))
        if TAIL in redacted_target(text := TEXTS[place](DISGUISES[disguise](name), PLAIN)) + redact_text(text)
    ]
    assert readable == []


@pytest.mark.parametrize("place", KNOWN_WHEN_CUT)
@pytest.mark.parametrize("value", [PLAIN, AWKWARD], ids=["plain", "awkward"])
def test_no_secret_can_be_read_where_a_text_was_cut_short(place: str, value: str) -> None:
    text = TEXTS[place]("api_key", value)
    assert [text[:end] for end in range(len(text)) if TAIL in redact_text(text[:end])] == []


@pytest.mark.parametrize(
    "text",
    [
        f"'https://me:{TAIL}…' is not a duration",
        f"'https://me:se/c{TAIL}…; and more",
        f"at https://:{TAIL}…",
        f"https://me:{TAIL}",
    ],
)
def test_no_password_can_be_read_where_its_url_was_cut_short(text: str) -> None:
    assert TAIL not in redact_text(text)


@pytest.mark.parametrize(
    "text", ["see https://host:8080…", "https://host:80/a…", "'https://host/…'", "https://host:443/x is none"]
)
def test_a_url_without_a_user_is_shown_where_it_was_cut_short(text: str) -> None:
    assert redact_text(text) == text


@pytest.mark.parametrize("name", ["password", "api_key", "token"])
@pytest.mark.parametrize("value", ["ab'cd", 'ab"cd', "ab&cd", "ab<cd", "ab\\cd", "ab;cd,e=f:g"])
def test_no_secret_in_a_path_can_be_read_behind_a_sign(name: str, value: str) -> None:
    assert TAIL not in redact_text(f"/live/{name}/{value}{TAIL}?a=1")


@pytest.mark.parametrize(
    "path",
    [
        "/za/pay/authentication/getToken",
        "/live/batches/2A6F94BB/stop",
        "/_files/stripe/default/upload/",
        "/6dot50/tokens/0/token",
        "/given/serpwow/destinations/0/settings/s3_secret_access_key/0",
        "did you mean '/za/pay/authentication/getToken'? it is /za/pay/authentication/getToken, so",
    ],
)
def test_a_path_in_which_nothing_stands_behind_the_name_of_a_secret_stays_as_it_is(path: str) -> None:
    assert redact_text(path) == path


@pytest.mark.parametrize("purpose", ["upload", "download"])
def test_the_token_of_a_link_to_a_file_cannot_be_read(purpose: str) -> None:
    for place in (
        str,
        quote,
        lambda text: quote(text, ""),
        lambda text: json.dumps({"url": f"http://h{text}", "b": 1}),
        percent,
    ):
        text = place(f"/_files/stripe/default/{purpose}/batchv2_Ab-{PLAIN}")
        assert (TAIL in redact_text(text), f"/_files/stripe/default/{purpose}/batc…" in redact_text(text)) == (False, True)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("place", ["JSON", "form", "multipart", "header line", "XML", "JSON in JSON"])
def test_no_secret_can_be_read_in_a_body_in_another_encoding(encoding: str, place: str) -> None:
    for name, mark in product(("api_key", "password"), ("", "\ufeff")):
        content = (mark + TEXTS[place](name, PLAIN)).encode(encoding)
        for end in range(len(content) - 8, len(content) + 1):
            text = json.dumps(entries.body(content[:end]), ensure_ascii=False)
            assert (TAIL in text.translate({0: None}).replace("\\u0000", ""), "S3cr…" in text) == (False, True)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"\x1f\x8b\x08\x00\xffpassword", "(13 bytes that are no text)"),
        (b"\xff\xfe\x00\xd8a\x00", "(6 bytes that are no text)"),
        ("naïve".encode("latin-1"), "na\ufffdve"),
        ("naïve".encode("utf-16"), "naïve"),
        ("naïve".encode()[:3], "na"),
        (b"", None),
    ],
)
def test_a_body_is_shown_as_the_text_that_it_is(content: bytes, text: str | None) -> None:
    assert entries.body(content) == text


USERS = [
    f"https://me:{PLAIN}@h.test/x",
    f"https://{PLAIN}@h.test",
    f"postgres://me:{PLAIN}@h.test:5432/x",
    f"//me:{PLAIN}@h.test/x",
    f"https://me:a/{PLAIN}@h.test/x",
    f"https://me:/a?b#{PLAIN}@h.test",
    *(f"https://me:pass{sign}word{TAIL}@h.test/x" for sign in " \t\"'<>\\{}[]|^`;,:?#"),
]


@pytest.mark.parametrize("url", USERS)
@pytest.mark.parametrize(
    "place",
    [
        str,
        quote,
        lambda url: quote(url, ""),
        lambda url: quote(quote(url, ""), ""),
        percent,
        lambda url: f"/x?url={url}&b=2",
        lambda url: f"/x?url={quote(url, '')}&b=2",
        lambda url: json.dumps({"url": url, "b": 2}),
        lambda url: json.dumps({"url": url, "b": 2}).replace("/", "\\/"),
        lambda url: json.dumps({"p": json.dumps({"url": url, "b": 2})}),
        lambda url: json.dumps({"url": url, "b": 2})[:-2],
        lambda url: f'{{"url":"{escaped(url)}',
        lambda url: part("url", url),
    ],
)
def test_no_user_in_a_url_can_be_read(place: Callable[[str], str], url: str) -> None:
    text = place(url)
    assert TAIL not in redact_text(text)
    assert TAIL not in redacted_target(text)


@pytest.mark.parametrize("password", [PLAIN, f"a@{PLAIN}", f"a:{PLAIN}", f"a&b={PLAIN}"])
@pytest.mark.parametrize(
    "text", ["u:{}@localhost:443", "CONNECT u:{}@localhost:443 refused", "this is not u:{}@h:80: it is none"]
)
def test_no_password_before_a_host_can_be_read(text: str, password: str) -> None:
    assert TAIL not in redact_text(text.format(password))
    assert TAIL not in redact_header("Host", f"u:{password}/{TAIL}@localhost")


@pytest.mark.parametrize("secret", LIKE)
@pytest.mark.parametrize(
    "place",
    [
        str,
        percent,
        lambda text: percent(text, 2),
        lambda text: f"/live/batches/{text}/stop?a=1",
        lambda text: f"/x?note={quote(text)}&b=2",
        lambda text: json.dumps({"note": f"it is {text}, yes"}),
        lambda text: json.dumps({text: 1}),
        lambda text: json.dumps({"p": json.dumps({"note": text})}),
        lambda text: f'{{"note":"{escaped(text)}',
        lambda text: f"a {text} b",
        lambda text: part("note", text),
    ],
)
def test_no_text_with_the_shape_of_a_secret_can_be_read(place: Callable[[str], str], secret: str) -> None:
    text = place(secret)
    assert secret[6:] not in redact_text(text)
    assert secret[6:] not in redacted_target(text)
    assert secret[6:] not in redact_header("x-note", text)


@pytest.mark.parametrize("scheme", ["Basic", "basic", "Bearer", "bearer"])
def test_no_credential_behind_its_scheme_can_be_read(scheme: str) -> None:
    for credential in ("bWU6cGFzc3dvcmQ=", "abcdef0123456789"):
        assert credential[6:] not in redact_text(f"it sent {scheme} {credential} there")
        assert credential[6:] not in redact_header("x-forwarded", f"{scheme} {credential}")


@pytest.mark.parametrize(
    "text",
    [
        f"password=correct horse {TAIL}",
        f"a=1&client_secret=ab {TAIL}&b=2",
        f'password=a"{TAIL}',
        f'password="a" {TAIL}',
        f"/x?x=token%3Da%20{TAIL}",
        f"Batch with ID 'Bearer abc123{TAIL}' was not found",
        f"it sent Bearer\tabc123{TAIL}",
        f'{{"a":["Basic abc123{TAIL}="',
        f"search_term=https%3A%5C/%5C/bob%3A{TAIL}%40h.com",
        f'--b\r\nContent-Disposition: form-data; name = "token"\r\n\r\nabcd{TAIL}\r\n--b--',
        f'{{"value":"abcd{TAIL}","name":"api_key"',
        f'{{"name":"api_key","x":1,"value":"abcd{TAIL}',
        f'{{"name":"api_key","x":1,"value":["abcd{TAIL}"]',
        f"<token><![CDATA[abcd{TAIL}]]></token>",
        f"<member><name>password</name><value><string>{TAIL}</string></value></member>",
        f"<name> api_key\n</name>\n<value i='1'>abcd{TAIL}</value>",
        f"<key>password</key><string><![CDATA[abcd{TAIL}]]></string>",
        f"<name><![CDATA[password]]></name><value>abcd{TAIL}",
        f"<a>&lt;password&gt;abcd{TAIL}&lt;/password&gt;</a>",
        f"&#60;password&#x3E;abcd{TAIL}&#060;/password>",
        f"&amp;lt;password&amp;gt;abcd{TAIL}",
        f"%26lt%3Bpassword%26gt%3Babcd{TAIL}",
        f"&quot;password&quot;: &quot;abcd{TAIL}&quot;",
        f"x=1&amp;password=abcd{TAIL}&amp;y=1",
        f"xapp-1-A0123456789-{TAIL}",
        f"prefixwhsec_abcd{TAIL}",
        f'{{"a":/*"password":"abcd{TAIL}"*/1',
        f'{{"Value":"abcd{TAIL}","Name":"api_key"',
        f"a: 1\npassword: 'ab''{TAIL}'",
        *(
            f"curl {option}me:abcd{TAIL} http://h.test"
            for option in ("-u ", "-u", "-U ", "--user ", "--user=", "--proxy-user ")
        ),
        f"curl -u 'me:ab cd{TAIL}' http://h.test",
        f'{{"run":"curl -u \\"me:ab cd{TAIL}\\" http://h.test"}}',
        f"call --password abcd1{TAIL}",
        f"[%28b'token', b'ab cd{TAIL}'%29]",
        f"%5Btoken, ab cd{TAIL}%5D",
        f"/x?h=Basic%20bWU6{TAIL}=",
        f"/x?h=Basic+bWU6{TAIL}=",
        f'{{"api\\u2011key":"abcd{TAIL}"',
        f"Cookie: a=1; sid=abcd{TAIL}\r\nX: 1",
        f"set-cookie: sid=abcd{TAIL}; Path=/\r\n",
        f'{{"a":"x\\npin: abcd{TAIL}"',
        f'a: 1\n"password":"ab"cd{TAIL}',
        f"/x?value=abcd{TAIL}&name=api_key",
        f"a=1&h[1]=abcd{TAIL}&h[0]=api_key",
        *(f"a=1&{name}=abcd{TAIL}" for name in ("refreshTokens", "token1", "password2", "apikey1", "api_key_2")),
    ],
)
def test_no_secret_can_be_read_in_a_text_that_is_written_loosely(text: str) -> None:
    assert TAIL not in redact_text(text)
    assert TAIL not in redact_header("x-custom", text)


@pytest.mark.parametrize("value", [f"{PLAIN} x", f"{PLAIN}", f"abcd{TAIL} abcd"])
def test_no_credential_is_taken_for_the_scheme_before_it(value: str) -> None:
    assert TAIL not in redact_header("authorization", value)


ORDINARY = [
    "/live/batches/2A6F94BB/stop?page=12345678910&key_id=12345678910",
    "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz",
    "f945d71c-b00f-4e77-8175-253093157a2f",
    "d41d8cd98f00b204e9800998ecf8427e",
    "12345678901234567890123456789012",
    "task_live_view",
    "2026-01-01T00:00:00.000Z",
    "https://hooks.test:8443/h?batch=1&email=a%40b.test",
    "http://[::1]:8080/live",
    "http://localhost:8080/@me/x@y",
    "a=1&name=Anna&value=12345678910&h=x,y&h=z",
    "nothing in it, token: none of them",
    "a mail to me@example.com about tokens: none",
    "mailto:me@example.com",
    "basic authentication, bearer authentication",
    'Bearer error="invalid_token"',
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36",
    "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8",
    'C:\\\\Users\\\\me, "quoted" and 100%25 sure',
    "shipping=yes&passed=3&design=new&monkeys=2&unauthorized=1",
    "eyJpZCI6MTIzNDU2Nzg5MH0",
    "\uff21 text \u2014 of full\u200b width, with a token or a password in it",
    "C:\\new\\tokens\\readme",
    "/*.token, */*",
    "secrets/x.py",
    "see tests/secrets/test_redact.py and https://h.test/token/readme.md",
    "token; password",
    "Dear all,\nthe token, the password\nand more, or less\n",
    "docker run --user 1000 --token-type none --cookie-jar none --password -v",
    "<br/> and a <password/>",
    "<member><name>user</name><value>of the house</value></member>",
    "<name>password</name><value/> and a house",
    "fish &amp; chips &#60;3 &lt;b&gt;",
    "&#xD800; &#99999999; &unknown;",
    "http://127.0.0.1:8080 by me@h.test, //note: a@b",
]


@pytest.mark.parametrize("text", ORDINARY)
def test_ordinary_data_stays_as_it_is(text: str) -> None:
    assert redact_text(text) == text
    assert redact_body({"note": [text]}) == {"note": [text]}
    assert redact_header("x-note", text) == text


ABOUT_SECRETS = ("token", "secret", "password", "signature", "api_key")


@pytest.mark.parametrize("name", [f"{text}_{about}" for text, about in product(ABOUT_SECRETS, (*ABOUT, "expires_at"))])
def test_what_is_told_about_a_secret_is_none(name: str) -> None:
    assert not is_secret(name)


@given(
    st.recursive(
        st.none() | st.integers() | st.text("abc xyz.,-/()"),
        lambda text: st.lists(text) | st.dictionaries(st.text("abcxyz"), text),
    )
)
def test_a_value_without_a_secret_is_shown_as_it_is(value: Any) -> None:
    assert redact_body(value) == value


@given(
    st.text(st.sampled_from('ab"\\%25u0041=:&{}[]\n -<>/@')),
    st.sampled_from(['"api_key":"', "api_key=", "?token=", "http://u:"]),
)
def test_no_text_before_a_secret_makes_it_readable(before: str, field: str) -> None:
    text = f'{before} {field}{PLAIN}@h.test"'
    assert TAIL not in redact_text(text)


@given(st.text(st.sampled_from('ab"\\%25u0041=:&{}[]\n -<>/@'), max_size=200))
def test_what_is_redacted_stays_so(text: str) -> None:
    once = redact_text(text)
    assert redact_text(once) in (once, redact_text(redact_text(once)))


def page(name: str) -> str:
    return (Path(__file__).parents[2] / name).read_text("utf-8")


def test_the_list_of_what_is_hidden_is_published() -> None:
    security_page = page("SECURITY.md")
    texts = [*(f"`{word}`" for word in (*ENDINGS, *WORDS, *LAST_WORDS, *NAMING, *VALUES)), *(shape.says for shape in SHAPES)]
    assert [text for text in texts if text not in security_page] == []
    assert ", ".join(f"`{name}`" for name in KEYS) in security_page


class SentRequest(NamedTuple):
    """A request of a client."""

    method: str
    target: str
    headers: dict[str, str]
    body: str = ""


JSON = {"Content-Type": "application/json"}


def requests_of(emulator: Emulator) -> Iterator[SentRequest]:
    """Yield requests with a secret in every position."""
    key = emulator.serpwow.api_key
    plain = {"Content-Type": "text/plain"}
    yield SentRequest("GET", "/live/account?api_key=demo", {name.title().replace("_", "-"): PLAIN for name in NAMES})
    for text in LIKE[2:-2]:
        yield SentRequest("GET", f"/live/batches/{text}?api_key={key}", {"X-Note": text, text.replace(".", "-"): "1"})
        yield SentRequest("POST", f"/live/batches?api_key={key}", JSON, json.dumps({"name": text, text: 1}))
    for url in (it.replace("\t", "%09") for it in USERS):
        yield SentRequest(
            "GET", f"/live/account?api_key={key}&url={url}", {"X-Original-URL": url, "Link": f"<{url}>; rel=next"}
        )
        yield SentRequest("POST", f"/live/batches?api_key={key}", plain, json.dumps({"notification_webhook": url}))
    for place, make in TEXTS.items():
        text = make("api_key", PLAIN)
        if text.startswith("/x"):
            target = text.replace("/x", "/live/account", 1).replace("#", "%23")
            yield SentRequest("GET", target, {"Referer": text, "X-Original-URL": text})
            yield SentRequest("GET", text.replace("/x", "/nothing", 1).replace("#", "%23"), {})
        kind = {"Content-Type": "multipart/form-data; boundary=limit"} if "multipart" in place else plain
        yield SentRequest("POST", f"/live/batches?api_key={key}", kind, text)
        cut = text[: text.find(TAIL) + len(TAIL)] if place in KNOWN_WHEN_CUT else text
        yield SentRequest("POST", f"/live/destinations?api_key={key}", JSON, cut)


UNREADABLE = {PLAIN[8:], *(text[6:] for text in LIKE if text[0] != "-")}


def readable_in(text: str) -> list[str]:
    """Return the secrets that can be read in what was said."""
    return [secret for secret in UNREADABLE if secret in text]
