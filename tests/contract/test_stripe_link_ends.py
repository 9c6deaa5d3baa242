"""A download link says when it expires, and works until then and no longer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.support.server import Live

ID = "batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz"
ENDED = datetime.fromisoformat("2026-03-09T21:05:31+00:00")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
MILLISECOND = timedelta(milliseconds=1)


def format_seconds(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@pytest.mark.parametrize("life", ["from-retrieve", "from-creation"])
@pytest.mark.parametrize("took", [10 * MINUTE, DAY])
@pytest.mark.parametrize("status", ["complete", "timeout", "validation_failed", "canceled"])
@pytest.mark.parametrize(
    ("after", "timing"),
    [
        (timedelta(0), {}),
        (7 * DAY - HOUR, {}),
        (7 * DAY - 30 * MINUTE, {}),
        (7 * DAY + MINUTE, {}),
        (DAY, {"stripe.retention": "24h"}),
        (9 * MINUTE, {"stripe.retention": "10m"}),
        (DAY, {"stripe.download_link": "never"}),
        (8 * DAY, {"stripe.retention": "never"}),
    ],
)
def test_a_download_link_dies_when_it_says(
    live: Live, life: str, took: timedelta, status: str, after: timedelta, timing: dict[str, str]
) -> None:
    counts = (
        {"success_count": 0, "failure_count": 1} if status == "validation_failed" else {"success_count": 2, "failure_count": 1}
    )
    job: dict[str, Any] = {
        "id": ID,
        "status": status,
        "created": format_seconds(ENDED - took),
        "since": format_seconds(ENDED),
        **counts,
    }
    world = live.load(
        {
            "clock": {"start": format_seconds(ENDED + after)},
            "assume": {"stripe.download-link-life": life},
            "timing": timing,
            "given": {"stripe": {"batch_jobs": [job]}},
        }
    )
    headers = {"authorization": "Bearer sk_test_1", "stripe-version": "2026-03-25.preview", "emulator-world": world.id}
    body = httpx.get(f"{live.url}/v2/core/batch_jobs/{ID}", headers=headers).json()
    link = body["status_details"][status]["output_file"]["download_url"]
    expires = datetime.fromisoformat(link["expires_at"])
    begun = ENDED + after
    assert after or expires > begun
    if expires > begun:
        assert httpx.get(link["url"]).status_code == 200
        world.advance(f"{(expires - begun) // MILLISECOND - 1}ms")
        assert httpx.get(link["url"]).status_code == 200
        world.advance("1ms")
    assert httpx.get(link["url"]).status_code == 403
