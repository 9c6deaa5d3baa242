"""Lives of a world through HTTP: what clients do in any order, for all vendors at once."""

from __future__ import annotations

from collections.abc import Sequence

import httpx
from hypothesis import strategies as st

from emulator.contract.validator import ResponseValidator
from emulator.server.app import create_app, worlds_of
from emulator.vendors import VENDORS
from tests.support.loading import LIBRARY
from tests.support.walking import in_process

STRIPE = {"Authorization": "Bearer sk_test_1", "Stripe-Version": "2026-03-25.preview"}
PAY = {"Authorization": "Bearer demo"}
JOBS = "/v2/core/batch_jobs/batchv2_"
BATCH = "/za/pay/batches/f945d71c-b00f-4e77-8175-253093157a2f"
DEFAULT = "/_emulator/worlds/default"
FIRST_RUN = LIBRARY.get("first-run")
LOOKS = [
    ("GET", "/live/batches?api_key=k", {}),
    ("GET", "/live/batches/CAC8651D?api_key=k", {}),
    ("GET", "/live/account?api_key=k", {}),
    ("GET", f"{JOBS}AbCdEfGhIjKlMnOpQrStUvWxYz", STRIPE),
    ("GET", BATCH, PAY),
    ("GET", f"{BATCH}/payments", PAY),
    ("GET", f"{DEFAULT}/state", {}),
    ("GET", f"{DEFAULT}/clock", {}),
    ("GET", "/live/batches/nothing?api_key=k", {}),
    ("GET", "/live/account", {}),
]
DEEDS = [
    ("GET", "/live/batches/2A6F94BB/stop?api_key=k", {}),
    ("GET", "/live/batches/9E867FAA/start?api_key=k", {}),
    ("GET", "/live/batches/stopall?api_key=k", {}),
    ("POST", f"{JOBS}AbCdEfGhIjKlMnOpQrStUvWxYz/cancel", {**STRIPE, "Idempotency-Key": "a-key"}),
    ("POST", f"{JOBS}BcDeFgHiJkLmNoPqRsTuVwXyZa/cancel", STRIPE),
    ("POST", f"{BATCH}/cancel", PAY),
]
Asked = tuple[str, str, dict[str, str]] | int
LIVES = st.lists(st.one_of(st.sampled_from(LOOKS), st.sampled_from(DEEDS), st.integers(0, 20)), max_size=12)


async def live(lives: Sequence[Asked], client: httpx.AsyncClient) -> list[tuple[int, list[tuple[bytes, bytes]], bytes]]:
    """Send each request and return each response as it stands on the wire: status, headers and body. A number lets seconds pass."""
    replies = []
    for request in lives:
        if isinstance(request, int):
            reply = await client.post(f"{DEFAULT}/clock/advance", json={"by": f"{request}s"})
        else:
            method, path, headers = request
            reply = await client.request(method, path, headers=headers)
        assert reply.status_code < 500
        replies.append((reply.status_code, reply.headers.raw, reply.content))
    return replies


def first_run() -> httpx.AsyncClient:
    return in_process(create_app(worlds_of([FIRST_RUN]), validate=ResponseValidator(VENDORS.values())))
