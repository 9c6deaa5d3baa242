"""The operations on batch jobs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator.sdk import ABSENT, Answer, Machine, Operation, Request, Transaction, View, base62, mint_id, structs
from emulator.vendors.stripe.assumptions.jobs import CHANNEL, OTHER_ACCOUNT
from emulator.vendors.stripe.events.model import drop_outdated
from emulator.vendors.stripe.machine import CANCEL, CREATE, JOB, RETRIEVE
from emulator.vendors.stripe.model.endpoints import differs_by_channel
from emulator.vendors.stripe.model.jobs import DEFAULT_RPS, Job
from emulator.vendors.stripe.model.versions import has_rps
from emulator.vendors.stripe.requests.admission import acting_account, version_of
from emulator.vendors.stripe.requests.fields import check_fields, check_no_fields, check_no_query
from emulator.vendors.stripe.requests.idempotency import remember, replay
from emulator.vendors.stripe.requests.jobs import EVERYWHERE, check_job, endpoint_of

UNKNOWN_ID = f"\0{ABSENT}"
"""An id that no resource has."""

MANY_ROWS = 5_000

_LETTERS = str.maketrans("0123456789", "AbCdEfGhIj")


def ask_own(tx: Transaction, request: Request, machine: Machine, command: str) -> Answer:
    """Ask the resource that the path names; one of another account is unknown, or forbidden where that is assumed.

    Evidence: stripe-owner-1.
    """
    id = request.parameters["id"]
    resource = tx.find(machine.of, id)
    if resource is None or resource.owner == acting_account(tx, request):
        return tx.ask(machine, id, command)
    if tx.choice(OTHER_ACCOUNT) == "403":
        return Answer("forbidden", "stripe-owner-1", None, OTHER_ACCOUNT)
    return Answer(machine.by_command[ABSENT, command][0].answer or "", "stripe-owner-1", None, OTHER_ACCOUNT)


def new_id(view: View) -> str:
    """Return an unused id of a job, of letters alone. Evidence: stripe-job-1."""
    return mint_id(view, Job, lambda digest: f"batchv2_{base62(digest, 26).translate(_LETTERS)}")


def _create(tx: Transaction, request: Request) -> Answer:
    fields, endpoint, version = request.fields, endpoint_of(request.fields), version_of(request)
    job = Job(
        new_id(tx),
        *(tx.now,) * 4,
        maximum_rps=fields.get("maximum_rps", DEFAULT_RPS if has_rps(version) else None),
        skip_validation=fields.get("skip_validation", False),
        metadata=fields.get("metadata", {}),
        endpoint=endpoint,
        notification_suppression=fields.get("notification_suppression", EVERYWHERE)["scope"],
        owner=acting_account(tx, request),
    )
    answer = tx.ask(JOB, job.id, CREATE, new=job)
    if differs_by_channel(version, endpoint):
        answer = structs.replace(answer, assumption=CHANNEL)
    drop_outdated(tx)
    return remember(tx, request, answer)


def _retrieve(tx: Transaction, request: Request) -> Answer:
    return ask_own(tx, request, JOB, RETRIEVE)


def _check_cancel(tx: Transaction, request: Request) -> Answer | None:
    """Refuse a query and fields, and show again what was done under the same key; most cancels have nothing of these."""
    if request.query_string or request.body:
        check_no_fields(tx, request)
    return replay(tx, request) if "idempotency-key" in request.headers else None


def _cancel(tx: Transaction, request: Request) -> Answer:
    answer = ask_own(tx, request, JOB, CANCEL)
    drop_outdated(tx)
    return remember(tx, request, answer) if "idempotency-key" in request.headers else answer


def _has_long_file(find: Callable[[str, str], Any], request: Request) -> bool:
    """Return whether the size of a job's results may have to be added up from many rows."""
    job: Job | None = find(Job.kind, request.parameters["id"])
    return job is not None and job.work is not None and len(job.work.rows) > MANY_ROWS


JOB_OPERATIONS = (
    Operation("stripe.batch_jobs.create", "POST", "/batch_jobs", _create, checks=(check_fields, replay, check_job)),
    Operation(
        "stripe.batch_jobs.retrieve", "GET", "/batch_jobs/{id}", _retrieve, holds_much=_has_long_file, checks=(check_no_query,)
    ),
    Operation(
        "stripe.batch_jobs.cancel",
        "POST",
        "/batch_jobs/{id}/cancel",
        _cancel,
        holds_much=_has_long_file,
        checks=(_check_cancel,),
    ),
)
