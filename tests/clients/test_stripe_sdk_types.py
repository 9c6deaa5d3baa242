"""Every reply of every Stripe operation has the fields, types and words that the classes of Stripe's own clients declare."""

from __future__ import annotations

from typing import Any

import pytest
import stripe

from emulator.vendors.stripe.model.endpoints import endpoints_of
from tests.support.sdk_types import EXCEPTIONS, differences, paths_of_jobs
from tests.support.stripe_replies import public_paths_of, replies_in


def test_replies_are_what_the_pinned_client_declares() -> None:
    bodies = replies_in(stripe.api_version)
    lines = {difference for body in bodies for difference in differences(body)}
    assert lines == set(EXCEPTIONS)


def test_the_endpoints_of_jobs_are_those_of_the_pinned_client() -> None:
    assert public_paths_of(stripe.api_version) == paths_of_jobs()


@pytest.mark.parametrize(
    ("version", "channel", "count", "paths"),
    [
        ("2026-03-25.preview", "public", 12, 12),
        ("2026-03-25.preview", "private", 12, 12),
        ("2026-05-27.preview", "public", 8, 7),
        ("2026-09-30.preview", "public", 8, 7),
        ("2026-05-27.preview", "private", 86, 74),  # the alphas list 87, two of them twice for one method, and one for two
        ("2026-10-14.preview", "private", 86, 74),
    ],
)
def test_each_channel_lists_as_many_endpoints_as_its_clients(version: str, channel: str, count: int, paths: int) -> None:
    endpoints = endpoints_of(version, channel)
    assert (len(endpoints), len({endpoint.path for endpoint in endpoints})) == (count, paths)


JOB = {
    "id": "batchv2_1",
    "object": "v2.core.batch_job",
    "created": "2026-03-09T20:55:31.000Z",
    "livemode": False,
    "maximum_rps": 10,
    "metadata": {"a": "b"},
    "skip_validation": False,
    "status": "in_progress",
    "status_details": {"in_progress": {"success_count": "1", "failure_count": "0"}},
}
COUNTS = "v2.core.batch_job.status_details.in_progress"


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        ({}, None),
        ({"status_details": None}, None),
        ({"colour": "red"}, "v2.core.batch_job.colour: unknown"),
        ({"livemode": None}, "v2.core.batch_job.livemode: None is no bool"),
        ({"livemode": 0}, "v2.core.batch_job.livemode: 0 is no bool"),
        ({"maximum_rps": "10"}, "v2.core.batch_job.maximum_rps: '10' is no int"),
        ({"status": "cancelled"}, "v2.core.batch_job.status: 'cancelled' is none of its words"),
        ({"metadata": {"a": 1}}, "v2.core.batch_job.metadata.*: 1 is no str"),
        ({"metadata": []}, "v2.core.batch_job.metadata: no object"),
        ({"status_details": {"in_progress": {"success_count": "1"}}}, f"{COUNTS}.failure_count: missing"),
        ({"status_details": {"in_progress": {"success_count": 1, "failure_count": "0"}}}, "1 is no integer in a string"),
        ({"status_details": {"in_progress": 1}}, f"{COUNTS}: no object"),
        ({"object": "v2.core.other"}, "v2.core.other: no class"),
    ],
)
def test_each_kind_of_difference_is_found(other: dict[str, Any], difference: str | None) -> None:
    lines = [*differences(JOB | other), *differences({"data": [JOB | other], "next_page_url": None})]
    assert lines == [] if difference is None else all(line.endswith(difference) for line in lines)
    assert len(lines) == (0 if difference is None else 2)
