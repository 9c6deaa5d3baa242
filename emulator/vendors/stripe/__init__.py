"""Stripe: batch jobs of the second core API, their files, their events, and where these are sent."""

from emulator.sdk import Credentials, Vendor
from emulator.vendors.stripe.assumptions.jobs import ASSUMPTIONS
from emulator.vendors.stripe.destinations.model import DESTINATION
from emulator.vendors.stripe.events.operations import EVENT_OPERATIONS
from emulator.vendors.stripe.events.responses import EVENT_RENDERERS
from emulator.vendors.stripe.machine import JOB
from emulator.vendors.stripe.operations import JOB_OPERATIONS, cite
from emulator.vendors.stripe.requests.admission import admit, credential, unmatched
from emulator.vendors.stripe.responses.advice import advise
from emulator.vendors.stripe.responses.jobs import JOB_RENDERERS, failure_response, response_headers
from emulator.vendors.stripe.state.codec import StripeState


def make_credentials(secret: str) -> Credentials:
    """A key in the form of a sandbox's secret key."""
    key = f"sk_test_{secret[:24]}"
    return Credentials({"api_key": key}, key)


STRIPE = Vendor(
    name="stripe",
    mounts=("/v2/core", "/stripe/v2/core"),
    base_path="",
    hosts=("api.stripe.com",),
    operations=JOB_OPERATIONS + EVENT_OPERATIONS,
    machines=(JOB, DESTINATION),
    assumptions=ASSUMPTIONS,
    renderers=JOB_RENDERERS | EVENT_RENDERERS,
    state=StripeState(),
    credential=credential,
    admit=admit,
    unmatched=unmatched,
    response_headers=response_headers,
    make_credentials=make_credentials,
    failure_response=failure_response,
    cite=cite,
    advise=advise,
    unauthenticated={"unauthenticated": False, "publishable_key": True, "restricted_key": True},
    recognizes=lambda request: "stripe-version" in request.headers or (credential(request) or "").startswith(("sk_", "rk_")),
    credential_hint="its key in the header Authorization, as Bearer KEY",
)
