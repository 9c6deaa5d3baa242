"""Renderers of batch jobs, and what goes with every answer: headers, and the facts that it cites besides its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain

from emulator.sdk import Answer, Assumption, JsonDict, JsonObject, Operation, Request, Response, Transaction, instant, structs
from emulator.vendors.stripe.assumptions.events import DESCRIPTION
from emulator.vendors.stripe.assumptions.jobs import (
    CHANNEL,
    EMPTY_FILE,
    INVALID_COUNT,
    INVALID_ERROR,
    JOB_METADATA,
    LINK_LIFE,
    LIVEMODE,
    NEWER_RPS,
    REQUIRED_METADATA,
    RESULTS_EXPIRED,
    UPLOAD_TIMEOUT_DETAILS,
    VERSION_UNKNOWN,
    WITHOUT_OUTPUT,
)
from emulator.vendors.stripe.assumptions.requests import EMPTY_VALUE, GET_BODY, REPEATED_NAME
from emulator.vendors.stripe.destinations.model import Destination
from emulator.vendors.stripe.destinations.responses import facts_of_destinations
from emulator.vendors.stripe.events.types import TYPES
from emulator.vendors.stripe.files.model.links import (
    MOUNT,
    download_link,
    is_as_printed,
    is_cut_short,
    link_end,
    results_are_gone,
    upload_link,
)
from emulator.vendors.stripe.files.responses import size_of, validation_failure
from emulator.vendors.stripe.machine import UPLOADING, as_of_now
from emulator.vendors.stripe.model.accounts import LOCKED
from emulator.vendors.stripe.model.endpoints import PRIVATE, PUBLIC, Endpoint, endpoints_of
from emulator.vendors.stripe.model.jobs import DEFAULT_RPS, WITH_RESULTS, Job
from emulator.vendors.stripe.model.versions import GENERAL, PREVIEWS, PRINTED, TWO_LISTS, date_of, has_rps, has_snapshot_event
from emulator.vendors.stripe.requests.admission import (
    RESTRICTED,
    SECRET,
    acting_account,
    context_of,
    is_listed,
    is_path_of_accounts,
    own_account,
    platform_of,
    version_of,
)
from emulator.vendors.stripe.requests.fields import ARRAYS, fields_as_written, is_mislabelled, pairs_of, values_of


def response_headers(tx: Transaction, request: Request, id: str) -> Mapping[str, str]:
    """Return the headers of every response of the API; files come from another host. Evidence: stripe-headers-1."""
    if request.path.startswith(MOUNT):
        return {}
    headers: dict[str, str] = {}
    if platform_of(tx).limiting != LOCKED:
        headers["request-id"] = request.request_id or id
    if version := request.headers.get("stripe-version"):
        headers["stripe-version"] = version
    if request.method != "GET" and (key := request.headers.get("idempotency-key")):
        headers["idempotency-key"] = key
    return headers


def render_job(tx: Transaction, request: Request, job: Job) -> Response:
    """Render a job, its keys in the order of the samples."""
    body: JsonDict = {"id": job.id, "object": "v2.core.batch_job", "created": instant(job.created)}
    if tx.choice(LIVEMODE) == "emit":
        body["livemode"] = False
    if has_rps(version_of(request)) and (job.maximum_rps or tx.choice(NEWER_RPS) == "pace"):
        body["maximum_rps"] = job.maximum_rps or DEFAULT_RPS
    if job.metadata or tx.choice(JOB_METADATA) == "empty":
        body["metadata"] = job.metadata
    body |= {"skip_validation": job.skip_validation, "status": job.status}
    if job.status != "upload_timeout" or tx.choice(UPLOAD_TIMEOUT_DETAILS) == "empty":
        details = _details(tx, request, job)
        body["status_details"] = {} if details is None else {job.status: details}
    return Response(200, body)


def _details(tx: Transaction, request: Request, job: Job) -> JsonDict | None:
    """Return the details of the status, None where there is no type for them."""
    if job.status == "ready_for_upload":
        length = tx.length(UPLOADING, job)
        expires = None if length is None else instant(job.since + length)
        return {"upload_url": {"expires_at": expires, "url": upload_link(tx, request, job)}}
    if job.status == "validating":
        return {"validated_count": str(as_of_now(tx, job).validated_count)}
    if job.status == "batch_failed":
        return {"error": job.error or "An unexpected error occurred"}
    if job.status != "in_progress" and job.status not in WITH_RESULTS:
        return None
    job = as_of_now(tx, job)
    failures = 0 if job.status == "validation_failed" and tx.choice(INVALID_COUNT) == "0" else job.failure_count
    counts = {"success_count": str(job.success_count), "failure_count": str(failures)}
    if job.status == "validation_failed" and tx.choice(INVALID_ERROR) == "error":
        counts["error"] = validation_failure(job).message
    return {"output_file": _output_file(tx, request, job), **counts} if _has_output(tx, job) else counts


def _has_output(tx: Transaction, job: Job) -> bool:
    if job.status == "in_progress" or (job.status == "canceled" and not job.processed and tx.choice(WITHOUT_OUTPUT) == "omit"):
        return False
    return not results_are_gone(tx, job) or tx.choice(RESULTS_EXPIRED) == "show"


def _output_file(tx: Transaction, request: Request, job: Job) -> JsonDict:
    expires = link_end(tx, job)
    return {
        "content_type": "application/jsonlines",
        "download_url": {
            "expires_at": None if expires is None else instant(expires),
            "url": download_link(tx, request, job, expires),
        },
        "size": str(size_of(job)),
    }


PRINTED_ENDPOINTS = (
    Endpoint("post", "/v1/customers/:customer"),
    Endpoint("post", "/v1/subscriptions/:subscription/migrate"),
    Endpoint("post", "/v1/subscriptions/:id/migrate"),
    Endpoint("post", "/v1/subscriptions/:id"),
    Endpoint("post", "/v1/customers/:id"),
)
"""The endpoints that the reference and the guide print for a new job."""

LISTED_BY_GUIDE = (Endpoint("post", "/v1/promotion_codes"), Endpoint("post", "/v1/promotion_codes/:id"))
"""The endpoints that only the list of the guide has. All others are known from clients."""

LISTED_BY = {PUBLIC: "stripe-endpoint-5", PRIVATE: "stripe-endpoint-6"}
"""The fact about the list of each channel, once they differ."""


def cite(tx: Transaction, request: Request, operation: Operation, answer: Answer) -> Answer:
    """Return the answer with the facts that it rests on, and the assumption that shapes it, if one does."""
    facts = [*_facts_of_request(tx, request, answer), *_facts_of_subject(tx, request, answer)]
    is_read_as_listed = operation.mounts or is_listed(version_of(request), operation)
    reading = None if is_read_as_listed else VERSION_UNKNOWN
    assumption = answer.assumption or _assumption_of(tx, answer) or reading
    if NEWER_RPS in tx.consulted:
        facts.append("stripe-version-12")
    shaping = (NEWER_RPS, REQUIRED_METADATA, GET_BODY, REPEATED_NAME, EMPTY_VALUE)
    asked = next((it for it in shaping if it in tx.consulted), None)
    return structs.replace(answer, also=(*answer.also, *facts), assumption=assumption or asked)


def _assumption_of(tx: Transaction, answer: Answer) -> Assumption | None:
    if isinstance(answer.subject, Destination):
        return None if answer.subject.description else DESCRIPTION
    job = answer.subject
    if answer.name != "job" or not isinstance(job, Job):
        return None
    if job.status in ("complete", "validation_failed") and not job.rows:
        return EMPTY_FILE
    if job.status == "canceled" and not job.processed:
        return WITHOUT_OUTPUT
    if not job.metadata and tx.choice(JOB_METADATA) == "omit":
        return JOB_METADATA
    if job.status in _OF_STATUS:
        return _OF_STATUS[job.status]
    return LINK_LIFE if job.status in WITH_RESULTS and not is_as_printed(tx, job) else None


_OF_STATUS = {"upload_timeout": UPLOAD_TIMEOUT_DETAILS, "validation_failed": INVALID_COUNT}
"""The assumption that shapes a job of each status, whatever else it has."""


def _facts_of_request(tx: Transaction, request: Request, answer: Answer) -> Iterator[str]:
    """Yield the facts by which a request is understood; a link has no version, no key and no context."""
    if request.path.startswith(MOUNT):
        return
    yield from _facts_of_version(request)
    if request.query_string:
        yield from _facts_of_query(request)
    if request.method != "GET" and request.headers.get("idempotency-key") == "":
        yield "stripe-idempotency-10"
    if REPEATED_NAME in tx.consulted:
        yield "stripe-body-4"
    if request.body and request.method in ("GET", "DELETE"):
        yield "stripe-body-3"
    elif request.body:
        yield from _facts_of_fields(tx, fields_as_written(tx, request))
    key = request.credential
    if key is not None and not key.startswith(SECRET):
        unlisted = "stripe-auth-5" if key.startswith(RESTRICTED) else "stripe-auth-6"
        yield "stripe-auth-10" if tx.listed_credential("stripe", key) is not None else unlisted
    yield from _facts_of_context(tx, request)
    if request.body and is_mislabelled(request) and answer.name != "invalid_fields":
        yield "stripe-body-2"


def _facts_of_query(request: Request) -> Iterator[str]:
    names = {name for name, _ in pairs_of(request)}
    if ARRAYS & names:
        yield "stripe-list-5"
    if any(len({*found}) < len(found) for found in (values_of(request, array) for array in ARRAYS)):
        yield "stripe-list-9"
    if ARRAYS & {name[:-2] for name in names if name.endswith("[]")}:
        yield "stripe-list-8"
    if not {*TYPES}.issuperset(values_of(request, "types")):
        yield "stripe-event-8"


def _facts_of_version(request: Request) -> Iterator[str]:
    version = version_of(request)
    if version in PREVIEWS and version not in PRINTED:
        yield "stripe-version-3"
    if version in GENERAL and version not in PRINTED:
        yield "stripe-version-6"
    if ";" in request.headers.get("stripe-version", ""):
        yield "stripe-version-8"


def _facts_of_fields(tx: Transaction, fields: JsonObject) -> Iterator[str]:
    metadata, types = fields.get("metadata"), fields.get("enabled_events")
    if metadata == []:
        yield "stripe-metadata-8"
    if isinstance(metadata, dict) and "" in metadata:
        yield "stripe-metadata-2"
    if isinstance(metadata, dict) and "" in metadata.values():
        yield "stripe-metadata-7" if EMPTY_VALUE in tx.consulted else "stripe-metadata-5"
    if isinstance(metadata, dict) and not all(isinstance(it, str | None) for it in metadata.values()):
        yield "stripe-metadata-6"
    if isinstance(types, list) and not all(type in TYPES for type in types):
        yield from ("stripe-event-8", "stripe-event-19")
    if fields.get("events_from") == [] or fields.get("snapshot_api_version", "") is None:
        yield "stripe-destination-23"


def _facts_of_context(tx: Transaction, request: Request) -> Iterator[str]:
    if not (context := context_of(request)):
        return
    if request.headers.get("stripe-account"):
        yield "stripe-context-3"
    if not is_path_of_accounts(tx, context):
        yield "stripe-context-4"
    elif acting_account(tx, request) != own_account(tx, request):
        yield "stripe-context-7" if tx.accounts("stripe").ids else "stripe-context-2"


def _facts_of_subject(tx: Transaction, request: Request, answer: Answer) -> Iterator[str]:
    if answer.name in ("destination", "destinations"):
        destinations = [answer.subject] if answer.name == "destination" else answer.subject.items
        return facts_of_destinations(destinations, version_of(request))
    if answer.name in ("event", "events", "pinged") and has_snapshot_event(version_of(request)):
        return iter(("stripe-event-17", "stripe-event-18", "stripe-event-20"))
    if answer.name != "job" or not isinstance(answer.subject, Job):
        return iter(())
    if answer.evidence == "stripe-create-1":
        return chain(_facts_of_creation(tx, request, answer.subject.endpoint), _facts_of_links(tx, answer.subject))
    return chain(_facts_of_details(tx, answer.subject), _facts_of_links(tx, answer.subject))


def _facts_of_links(tx: Transaction, job: Job) -> Iterator[str]:
    if job.status == "ready_for_upload" or (job.status in WITH_RESULTS and _has_output(tx, job)):
        yield "stripe-link-2"


def _facts_of_creation(tx: Transaction, request: Request, endpoint: Endpoint) -> Iterator[str]:
    version, channel = version_of(request), tx.choice(CHANNEL)
    if "skip_validation" not in request.fields:
        yield "stripe-create-4"
    if "metadata" not in request.fields:
        yield from ("stripe-create-7" if has_rps(version) else "stripe-create-6", "stripe-create-5")
    if endpoint in LISTED_BY_GUIDE:
        yield "stripe-endpoint-8"
    elif endpoint not in PRINTED_ENDPOINTS:
        yield "stripe-endpoint-7" if date_of(version) < TWO_LISTS else LISTED_BY[channel]
        if endpoint not in endpoints_of(version, channel):
            yield "stripe-paths-1"


def _facts_of_details(tx: Transaction, job: Job) -> Iterator[str]:
    if job.status == "in_progress" or (job.work and job.status in ("canceled", "timeout")):
        yield "stripe-pace-2"
    if job.status == "validating" and as_of_now(tx, job).validated_count:
        yield "stripe-validation-6"
    if job.status == "batch_failed" and not job.error:
        yield "stripe-wording-1"
    if job.status == "validation_failed":
        yield "stripe-validation-3"
        yield "stripe-validation-5"
    if job.status in WITH_RESULTS and (job.status != "canceled" or job.processed):
        if not is_as_printed(tx, job):
            yield "stripe-output-4"
        if is_cut_short(tx, job):
            yield "stripe-output-7"
        if results_are_gone(tx, job):
            yield "stripe-expired-1"
