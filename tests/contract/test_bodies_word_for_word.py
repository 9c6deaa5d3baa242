"""A text that a scenario's reply or a fault gives as its body goes out as it is, anything else as JSON."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator import Emulator
from emulator.kernel.errors import BadInput
from emulator.scenario.document import Document
from emulator.scenario.loader import load_document
from emulator.vendors import VENDORS

TEXT, JSON = "text/plain; charset=utf-8", "application/json"
HTML = "<html>Bad gateway, é</html>"
REPLY = {"at": "serpwow.account.get", "status": 502}
FAULT = {"at": "serpwow.account.get", "where": "before-auth", "do": "status", "status": 502}


def answer_to(scenario: dict[str, Any]) -> tuple[int, str | None, bytes]:
    with Emulator(scenario) as emulator:
        reply = httpx.get(f"{emulator.serpwow.url}/account", params={"api_key": emulator.serpwow.api_key})
    return reply.status_code, reply.headers.get("content-type"), reply.content


@pytest.mark.parametrize(
    ("reply", "content_type", "content"),
    [
        ({"body": HTML}, TEXT, HTML.encode()),
        ({"body": '{"cut": '}, TEXT, b'{"cut": '),
        ({"body": {"a": 1}}, JSON, b'{"a":1}'),
        ({"body": [HTML]}, JSON, f'["{HTML}"]'.encode()),
        ({"body": 0}, JSON, b"0"),
        ({"body": False}, JSON, b"false"),
        ({"json": "busy"}, JSON, b'"busy"'),
        ({"json": ""}, JSON, b'""'),
        ({"json": {"a": 1}}, JSON, b'{"a":1}'),
        ({"json": None}, JSON, b"null"),
        ({"body": ""}, None, b""),
    ],
)
def test_a_body_goes_out_word_for_word(reply: dict[str, Any], content_type: str | None, content: bytes) -> None:
    assert answer_to({"replies": [{**REPLY, **reply}]}) == (502, content_type, content)
    assert answer_to({"faults": [{**FAULT, **reply}]}) == (502, content_type, content)


@pytest.mark.parametrize("name", ["Content-Type", "content-type"])
def test_the_type_of_a_text_may_be_given(name: str) -> None:
    reply = {**REPLY, "headers": {name: "text/html"}, "body": HTML}
    assert answer_to({"replies": [reply]}) == (502, "text/html", HTML.encode())


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        ({"replies": [{**REPLY, "body": "a", "json": "a"}]}, "not two of them"),
        ({"faults": [{**FAULT, "body": "a", "text": "a"}]}, "not two of them"),
        ({"replies": [{**REPLY, "status": 204, "json": ""}]}, "a reply with status 204 has no body"),
        ({"faults": [{**FAULT, "do": "drop", "json": ""}]}, "'json' belongs to do: status"),
    ],
)
def test_a_body_that_cannot_be_is_refused(reply: dict[str, Any], message: str) -> None:
    with pytest.raises(BadInput) as excinfo:
        load_document(Document({"title": "A", **reply}), VENDORS)
    assert any(message in problem.message for problem in excinfo.value.problems)
