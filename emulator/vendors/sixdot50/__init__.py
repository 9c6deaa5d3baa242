"""6DOT50 PAY: batches of payments to mobile numbers, their cancellation, and the tokens that requests need."""

from emulator.sdk import Vendor
from emulator.vendors.sixdot50.assumptions import ASSUMPTIONS
from emulator.vendors.sixdot50.machine import BATCH, MEMBER, PAYMENT
from emulator.vendors.sixdot50.model import WORDS
from emulator.vendors.sixdot50.operations import OPERATIONS
from emulator.vendors.sixdot50.requests.admission import admit, unmatched
from emulator.vendors.sixdot50.requests.tokens import credential, make_credentials, recognizes
from emulator.vendors.sixdot50.responses.advice import advise
from emulator.vendors.sixdot50.responses.citations import cite
from emulator.vendors.sixdot50.responses.refusals import failure_response
from emulator.vendors.sixdot50.responses.renderers import MEDIA_TYPE, RENDERERS
from emulator.vendors.sixdot50.state.codec import SixDot50State
from emulator.vendors.sixdot50.state.deletions import DELETABLE
from emulator.vendors.sixdot50.state.fields import NUMBERS

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
    make_credentials=make_credentials,
    failure_response=failure_response,
    cite=cite,
    advise=advise,
    unauthenticated={"no_token": False, "bad_token": True},
    recognizes=recognizes,
    credential_hint="a token of getToken in the header Authorization, as Bearer TOKEN",
    media_type=MEDIA_TYPE,
    case_sensitive=False,
    folds_names=True,
    shown_as={"statusCode": "status"},
    shown_by={"members": ("msisdn", "isMember")},
    deletable=DELETABLE,
    numbers=NUMBERS,
    accounts=WORDS,
)
