"""A vendor's own host name, as a proxy or `curl --resolve` sends it, leads to that vendor, whoever else has the path."""

from __future__ import annotations

import httpx
import pytest

from tests.support.server import Live

SERPWOW, STRIPE, SIXDOT50 = "api.serpwow.com", "api.stripe.com", "api.6dot50.com"


@pytest.mark.parametrize(
    ("host", "path", "operation"),
    [
        (SERPWOW, "/batches/B1/cancel", "serpwow.astray"),
        (SERPWOW, "/za/pay/batches", "serpwow.astray"),
        (SERPWOW, "/v2/core/batch_jobs", "serpwow.astray"),
        (SERPWOW, "/live/batches", "serpwow.batches.list"),
        ("API.SERPWOW.COM:443", "/batches", "serpwow.astray"),
        (STRIPE, "/live/batches", "stripe.astray"),
        (STRIPE, "/batches", "stripe.astray"),
        (SIXDOT50, "/live/batches", "6dot50.astray"),
        (SIXDOT50, "/za/pay/batches", "6dot50.batches.list"),
        ("localhost", "/batches", "6dot50.batches.list"),
    ],
)
def test_a_vendors_own_host_name_leads_to_it_whoever_else_has_the_path(
    live: Live, host: str, path: str, operation: str
) -> None:
    world = live.load({})
    httpx.get(live.url + path, headers={"Host": host, "Emulator-World": world.id})
    assert [entry["operation"] for entry in world.journal()] == [operation]


def test_an_explanation_goes_by_the_host_too(live: Live) -> None:
    world = live.load({})
    httpx.get(f"{live.url}/batches", headers={"Host": SERPWOW, "Emulator-World": world.id}, params=world.serpwow)
    explanation = live.control.get(f"/_emulator/worlds/{world.id}/journal/last/explain", headers={"Accept": "text/plain"}).text
    assert "did you mean '/live/batches'?" in explanation


@pytest.mark.parametrize(("path", "status"), [("/robots.txt", 404), ("/account", 404), ("/live/nothing", 401)])
def test_serpwow_asks_for_a_key_below_live_alone(live: Live, path: str, status: int) -> None:
    world = live.load({})
    assert httpx.get(live.url + path, headers={"Host": SERPWOW, "Emulator-World": world.id}).status_code == status
