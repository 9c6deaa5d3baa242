"""What is remembered to save work has no long text in it: whoever sends one could fill the memory, which no budget counts."""

from __future__ import annotations

import functools
import gc
from collections.abc import Iterator
from typing import Any

import httpx

from emulator import Emulator

LONG = "L" * 20_000


def long_texts(value: Any, depth: int = 4) -> Iterator[str]:
    """Yield the long texts that a value refers to, and those that what it refers to does."""
    for part in gc.get_referents(value):
        if isinstance(part, (str, bytes)):
            text = part if isinstance(part, str) else part.decode("latin-1")
            if len(text) > 5_000 and "LLLLL" in text:
                yield text[:80]
        elif depth and not isinstance(part, type) and not callable(part):
            yield from long_texts(part, depth - 1)


def memos() -> list[Any]:
    wrapper = type(functools.lru_cache(lambda: None))
    gc.unfreeze()  # a server that a test has run here freezes what there is, which is listed no more then
    return [it for it in gc.get_objects() if isinstance(it, wrapper) and str(it.__module__).startswith("emulator.")]


def test_no_memo_keeps_a_long_text() -> None:
    batch = {
        "id": LONG,
        "name": LONG,
        "status": "queued",
        "searches": [{"q": LONG}],
        "notification_webhook": f"https://x.example/{LONG}",
    }
    with Emulator(
        {"given": {"serpwow": {"batches": [batch, {"id": "B", "notification_email": f"{LONG}@x.example"}]}}}
    ) as emulator:
        emulator.clock.advance("1h")
        emulator.state.change({"serpwow": {"batches": [{"id": LONG, "name": LONG + "2"}]}})
        version = {"Stripe-Version": "2026-03-25.preview", "Authorization": f"Bearer {emulator.stripe.api_key}"}
        ask = functools.partial(httpx.request, headers=version)
        for path in (
            f"/live/batches/{LONG}",
            f"/live/batches/{LONG}/stop",
            "/live/batches/B",
            "/live/batches",
            f"/live/{LONG}",
        ):
            ask(
                "GET",
                f"{emulator.url}{path}",
                params={"api_key": emulator.serpwow.api_key, "search_term": LONG[:5_000], LONG[:5_000]: "1"},
            )
        ask("POST", f"{emulator.url}/v2/core/batch_jobs", json={"metadata": {LONG: LONG}, LONG: 1})
        ask("POST", f"{emulator.url}/v2/core/batch_jobs/{LONG}/cancel")
        ask("POST", f"{emulator.url}/za/pay/batches", json={"name": LONG, "externalId": LONG})
        httpx.get(f"{emulator.url}/_emulator/worlds/{emulator.id}/journal/last/explain")
        kept = {f"{memo.__module__}.{memo.__qualname__}: {text}" for memo in memos() for text in long_texts(memo)}
    assert len(memos()) > 20
    assert not kept
