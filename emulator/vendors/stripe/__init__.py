"""Stripe: batch jobs of the second core API, their files, events, and event destinations."""

from emulator.sdk import Credentials, Vendor
from emulator.vendors.stripe.assumptions import ASSUMPTIONS
from emulator.vendors.stripe.destinations.machine import DESTINATION
from emulator.vendors.stripe.destinations.operations import DESTINATION_OPERATIONS
from emulator.vendors.stripe.destinations.responses import DESTINATION_RENDERERS
from emulator.vendors.stripe.events.model import exchange_id
from emulator.vendors.stripe.events.operations import EVENT_OPERATIONS
from emulator.vendors.stripe.events.responses import EVENT_RENDERERS
from emulator.vendors.stripe.files.operations import FILE_OPERATIONS
from emulator.vendors.stripe.files.responses import FILE_RENDERERS
from emulator.vendors.stripe.machine import JOB
from emulator.vendors.stripe.model.accounts import WORDS
from emulator.vendors.stripe.model.jobs import NUMBERS
from emulator.vendors.stripe.operations import JOB_OPERATIONS
from emulator.vendors.stripe.requests.admission import admit, credential, unmatched
from emulator.vendors.stripe.responses.advice import advise
from emulator.vendors.stripe.responses.errors import ERROR_RENDERERS, failure_response
from emulator.vendors.stripe.responses.renderers import cite, render_job, response_headers
from emulator.vendors.stripe.state.codec import StripeState
from emulator.vendors.stripe.state.deletions import DELETABLE
from emulator.vendors.stripe.webhooks.model import OUTBOX


def make_credentials(secret: str) -> Credentials:
    """Return a key in the form of a sandbox's secret key."""
    key = f"sk_test_{secret[:24]}"
    return Credentials({"api_key": key}, key)


STRIPE = Vendor(
    name="stripe",
    mounts=("/v2/core", "/stripe/v2/core"),
    base_path="",
    hosts=("api.stripe.com",),
    operations=JOB_OPERATIONS + FILE_OPERATIONS + EVENT_OPERATIONS + DESTINATION_OPERATIONS,
    machines=(JOB, DESTINATION, OUTBOX.machine),
    assumptions=ASSUMPTIONS,
    renderers={"job": render_job} | ERROR_RENDERERS | FILE_RENDERERS | EVENT_RENDERERS | DESTINATION_RENDERERS,
    outboxes=(OUTBOX,),
    state=StripeState(),
    credential=credential,
    admit=admit,
    unmatched=unmatched,
    exchange_id=exchange_id,
    response_headers=response_headers,
    make_credentials=make_credentials,
    failure_response=failure_response,
    cite=cite,
    advise=advise,
    unauthenticated={"unauthenticated": False, "publishable_key": True, "restricted_key": True},
    recognizes=lambda request: "stripe-version" in request.headers or (credential(request) or "").startswith(("sk_", "rk_")),
    credential_hint="its key in the header Authorization, as Bearer KEY",
    deletable=DELETABLE,
    numbers=NUMBERS,
    accounts=WORDS,
)
