"""6DOT50 for tests: states to begin with, a client as the vendor's pages describe it, and its published samples."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx

from emulator.contract.fixtures import fixtures_folder
from tests.support.server import World

ID = "f945d71c-b00f-4e77-8175-253093157a2f"
OTHER_ID = "7c2c1a0a-f462-42c3-b13c-30da2e4ad216"
PAYEE, STRANGER = "27821231234", "27829990000"


def batch(status: str = "DRAFT", *payments: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"id": ID, "name": "Test", "status": status, "payments": list(payments), **more}


def state_of(*batches: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"clock": {"start": "2026-03-09T20:55:31Z"}, "given": {"6dot50": {"batches": list(batches), **more}}}


def payment(amount: Any = 100, **more: Any) -> dict[str, Any]:
    return {"msisdn": PAYEE, "amount": amount, **more}


def ask_for_token(world: World, **other: str) -> httpx.Response:
    body = {"key": world.sixdot50["key"], "secret": world.sixdot50["secret"], **other}
    return httpx.post(world.sixdot50["url"] + "/authentication/getToken", json=body)


def client_of(world: World) -> httpx.Client:
    """A client that does what the vendor's pages say, and knows nothing of emulators."""
    token = ask_for_token(world).json()["token"]
    return httpx.Client(base_url=world.sixdot50["url"], headers={"Authorization": f"Bearer {token}"})


def sample(name: str) -> bytes:
    """A published sample without its line breaks."""
    text = (fixtures_folder() / "6dot50" / "samples" / f"{name}.json").read_text("utf-8")
    return json.dumps(json.loads(text), separators=(",", ":")).encode()
