"""Stripe: batch jobs of the second core API, as they are canceled and as they go on by themselves."""

from emulator.vendors.stripe.assumptions import ASSUMPTIONS
from emulator.vendors.stripe.given import StripeGiven
from emulator.vendors.stripe.machine import JOB
from emulator.vendors.stripe.operations import OPERATIONS, admit, astray, credential
from emulator.vendors.stripe.wire import WORDINGS, finish
from emulator.vendors.vendor import Credentials, Vendor


def make_credentials(secret: str) -> Credentials:
    """A key in the form of a sandbox's secret key."""
    key = f"sk_test_{secret[:24]}"
    return Credentials({"api_key": key}, key)


STRIPE = Vendor(
    name="stripe",
    mounts=("/v2/core", "/stripe/v2/core"),
    base_path="",
    hosts=("api.stripe.com",),
    operations=OPERATIONS,
    machines=(JOB,),
    assumptions=ASSUMPTIONS,
    wordings=WORDINGS,
    given=StripeGiven(),
    credential=credential,
    admit=admit,
    astray=astray,
    finish=finish,
    make_credentials=make_credentials,
)
