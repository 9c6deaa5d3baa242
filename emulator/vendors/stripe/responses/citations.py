"""The facts that the answer about one job rests on, where it takes or shows what no page prints so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from emulator.sdk import Answer, Request, Transaction
from emulator.vendors.stripe.assumptions.jobs import CHANNEL, LINK_LIFE
from emulator.vendors.stripe.destinations.model import Destination
from emulator.vendors.stripe.files.model.link_ends import ends_with_the_results
from emulator.vendors.stripe.files.model.links import MOUNT
from emulator.vendors.stripe.machine import results_are_gone
from emulator.vendors.stripe.model.channels import PRIVATE, PUBLIC
from emulator.vendors.stripe.model.jobs import WITH_RESULTS, Job
from emulator.vendors.stripe.model.versions import Endpoint, endpoints_of, has_first_list, has_new_sources
from emulator.vendors.stripe.requests.admission import is_mislabelled, version_of
from emulator.vendors.stripe.requests.contexts import facts_of_context
from emulator.vendors.stripe.requests.jobs import left_out
from emulator.vendors.stripe.requests.keys import facts_of_key
from emulator.vendors.stripe.responses.readings import facts_of_words

PRINTED = (
    Endpoint("post", "/v1/customers/:customer"),
    Endpoint("post", "/v1/subscriptions/:subscription/migrate"),
    Endpoint("post", "/v1/subscriptions/:id/migrate"),
)
"""The endpoints that the reference and the guide print for a new job; all others are known from clients."""

LISTED_BY = {PUBLIC: "stripe-endpoint-5", PRIVATE: "stripe-endpoint-6"}
"""The fact about the list of each channel, once they differ."""

CREATED = "stripe-create-1"
"""The evidence of a job that was just created."""


def facts_beside(tx: Transaction, request: Request, answer: Answer) -> tuple[str, ...]:
    """Return the ids of the facts that an answer rests on beside the one that decided it."""
    return (*_facts_of_the_request(tx, request, answer), *_facts_of_the_subject(tx, request, answer))


def _facts_of_the_request(tx: Transaction, request: Request, answer: Answer) -> Iterator[str]:
    """Yield what an answer rests on because of how it was asked for; a link has no key, no context and a type of its own."""
    if request.path.startswith(MOUNT):
        return
    yield from facts_of_words(request)
    yield from facts_of_key(tx, request.credential)
    yield from facts_of_context(tx, request)
    if request.body and is_mislabelled(request) and answer.name != "invalid_fields":
        yield "stripe-body-2"


def _facts_of_the_subject(tx: Transaction, request: Request, answer: Answer) -> tuple[str, ...]:
    if answer.name in ("destination", "destinations"):
        return tuple(_facts_of_destinations(_destinations_of(answer), version_of(request)))
    if answer.name != "job" or not isinstance(answer.subject, Job):
        return ()
    if answer.evidence == CREATED:
        return tuple(_facts_of_the_creation(tx, request, answer.subject.endpoint))
    return tuple(_facts_of_the_details(tx, answer.subject))


def _destinations_of(answer: Answer) -> Sequence[Destination]:
    return [answer.subject] if answer.name == "destination" else answer.subject.items


def _facts_of_destinations(shown: Sequence[Destination], version: str) -> Iterator[str]:
    if any(it.cloud for it in shown):
        yield "stripe-destination-12"
    if any(it.events_from for it in shown) and not has_new_sources(version):
        yield "stripe-destination-17"


def _facts_of_the_creation(tx: Transaction, request: Request, endpoint: Endpoint) -> Iterator[str]:
    version, channel = version_of(request), tx.choice(CHANNEL.id)
    if left_out(request.json, version):
        yield "stripe-create-4"
    if "metadata" not in request.json:
        yield "stripe-create-5"
    if endpoint not in PRINTED:
        yield "stripe-endpoint-7" if has_first_list(version) else LISTED_BY[channel]
        if endpoint not in endpoints_of(version, channel):
            yield "stripe-paths-1"


def _facts_of_the_details(tx: Transaction, job: Job) -> Iterator[str]:
    if job.status == "batch_failed" and not job.error:
        yield "stripe-wording-1"
    if job.status == "validation_failed":
        yield "stripe-validation-3"
        yield "stripe-validation-5"
    if job.status in WITH_RESULTS and (job.status != "canceled" or job.processed):
        if tx.choice(LINK_LIFE.id) != "from-creation":  # as every sample shows it
            yield "stripe-output-4"
        if ends_with_the_results(tx, job):
            yield "stripe-output-7"
        if results_are_gone(tx, job):
            yield "stripe-expired-1"
