"""6DOT50 PAY: batches of payments to mobile numbers, their cancellation, and the tokens that it takes to ask."""

from emulator.sdk import Vendor
from emulator.vendors.sixdot50.advice import advise
from emulator.vendors.sixdot50.assumptions import ASSUMPTIONS
from emulator.vendors.sixdot50.machine import BATCH, MEMBER, PAYMENT
from emulator.vendors.sixdot50.operations import OPERATIONS, admit, unmatched
from emulator.vendors.sixdot50.refusals import failure_response
from emulator.vendors.sixdot50.spelling import cite
from emulator.vendors.sixdot50.state import SixDot50State
from emulator.vendors.sixdot50.tokens import credential, make_credentials
from emulator.vendors.sixdot50.wire import MEDIA_TYPE, RENDERERS, response_headers

SIXDOT50 = Vendor(
    name="6dot50",
    mounts=("/za/pay", "/6dot50/za/pay", "/6dot50", ""),
    base_path="/za/pay",
    hosts=("api.6dot50.com", "api.staging.6dot50.com"),
    operations=OPERATIONS,
    machines=(BATCH, PAYMENT, MEMBER),
    assumptions=ASSUMPTIONS,
    renderers=RENDERERS,
    state=SixDot50State(),
    credential=credential,
    admit=admit,
    unmatched=unmatched,
    response_headers=response_headers,
    make_credentials=make_credentials,
    failure_response=failure_response,
    cite=cite,
    advise=advise,
    unauthenticated={"no_token": False, "bad_token": True},
    recognizes=lambda request: credential(request) is not None,
    credential_hint="a token of getToken in the header Authorization, as Bearer TOKEN",
    media_type=MEDIA_TYPE,
    case_sensitive=False,
)
