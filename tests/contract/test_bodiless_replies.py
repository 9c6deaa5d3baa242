"""A reply of a scenario or a fault may have no body: an empty text is none, and has no content type."""

from __future__ import annotations

import httpx

from emulator import Emulator


def test_an_empty_text_is_no_body() -> None:
    scenario = {
        "replies": [
            {"at": "serpwow.batches.stopall", "status": 502, "body": ""},
            {"at": "serpwow.batches.list", "status": 204, "body": ""},
            {"at": "serpwow.account.get", "status": 502, "body": "busy"},
        ],
        "faults": [{"at": "serpwow.errorlogs.list", "where": "before-auth", "do": "status", "status": 502, "body": ""}],
    }
    with Emulator(scenario) as emulator:
        for path, status in (("/batches/stopall", 502), ("/batches", 204), ("/errorlogs", 502)):
            reply = httpx.get(f"{emulator.serpwow.url}{path}", params={"api_key": emulator.serpwow.api_key})
            assert (reply.status_code, reply.content, "content-type" in reply.headers) == (status, b"", False)
        reply = httpx.get(f"{emulator.serpwow.url}/account", params={"api_key": emulator.serpwow.api_key})
        assert (reply.status_code, reply.text) == (502, "busy")
