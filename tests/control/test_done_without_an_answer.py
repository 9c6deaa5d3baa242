"""What a control request has done is not refused afterwards, though its answer has no room."""

from __future__ import annotations

import json

import pytest

from emulator.client.in_process import InProcessClient
from emulator.kernel.limits import Limits
from emulator.server.app import create_app, worlds_of

WORLD = "/_emulator/worlds/default"
MANY = {"serpwow": {"batches": [{"repeat": 900, "name": "n" * 900}]}}


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("PATCH", "/state?limit=10000", 200, "this was done, but this answer would have"),
        ("GET", "/state", 429, "this answer would have"),
    ],
)
def test_only_what_has_no_effect_is_refused_for_the_length_of_its_answer(
    method: str, path: str, status: int, said: str
) -> None:
    limits = Limits(memory=4_000_000)
    client = InProcessClient(create_app(worlds_of([], None, limits), limits=limits))
    send = (f"{WORLD}/state?limit=1".encode(), ((b"content-type", b"application/json"),), json.dumps(MANY).encode())
    if method == "GET":
        assert client.send("PATCH", *send).status == 200
    response = client.send(method, f"{WORLD}{path}".encode(), *(send[1:] if method == "PATCH" else ()))
    assert (response.status, json.loads(response.content)["detail"].startswith(said)) == (status, True)
    account = json.loads(client.send("GET", b"/live/account?api_key=demo").content)
    assert account["account_info"]["batches_used"] == 900
