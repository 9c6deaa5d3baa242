"""SerpWow: batches that are queued, run and stopped, and the credits that they cost."""

from emulator.sdk import Credentials, Vendor
from emulator.vendors.serpwow.assumptions import ASSUMPTIONS
from emulator.vendors.serpwow.destinations.machine import DESTINATION
from emulator.vendors.serpwow.machine.batches import ACCOUNT, BATCH
from emulator.vendors.serpwow.model.account import WORDS
from emulator.vendors.serpwow.operations import OPERATIONS
from emulator.vendors.serpwow.requests.admission import MOUNTS, admit, credential, unmatched
from emulator.vendors.serpwow.responses.advice import advise
from emulator.vendors.serpwow.responses.renderers import (
    HEADERS,
    RENDERERS,
    cite,
    exchange_id,
    failure_response,
    response_headers,
)
from emulator.vendors.serpwow.state import SerpwowState
from emulator.vendors.serpwow.state.deletions import DELETABLE
from emulator.vendors.serpwow.state.fields import NUMBERS
from emulator.vendors.serpwow.webhooks import OUTBOX


def make_credentials(secret: str) -> Credentials:
    """Return a key in the form of the real ones: 32 upper-case hexadecimal digits."""
    key = secret[:32].upper()
    return Credentials({"api_key": key}, key)


SERPWOW = Vendor(
    name="serpwow",
    mounts=MOUNTS,
    base_path="/live",
    hosts=("api.serpwow.com",),
    operations=OPERATIONS,
    machines=(ACCOUNT, BATCH, DESTINATION, OUTBOX.machine),
    outboxes=(OUTBOX,),
    assumptions=ASSUMPTIONS,
    renderers=RENDERERS,
    state=SerpwowState(),
    credential=credential,
    admit=admit,
    unmatched=unmatched,
    exchange_id=exchange_id,
    response_headers=response_headers,
    make_credentials=make_credentials,
    failure_response=failure_response,
    cite=cite,
    advise=advise,
    unauthenticated={"bad_key": False},
    recognizes=lambda request: any(name.lower() in ("api_key", "api-key", "apikey") for name in request.query),
    credential_hint="its key in the query, as ?api_key=KEY",
    headers=HEADERS,
    case_sensitive=False,
    shown_as={"searches_total_count": "searches"},
    deletable=DELETABLE,
    numbers=NUMBERS,
    accounts=WORDS,
)
