"""SerpWow: batches that are queued, run and stopped, and the credits that they cost."""

from emulator.sdk import Credentials, Vendor
from emulator.vendors.serpwow.advice import advise
from emulator.vendors.serpwow.assumptions import ASSUMPTIONS
from emulator.vendors.serpwow.destinations import DESTINATION
from emulator.vendors.serpwow.machine import ACCOUNT, BATCH
from emulator.vendors.serpwow.operations import OPERATIONS, admit, credential, unmatched
from emulator.vendors.serpwow.renderers import RENDERERS, failure_response
from emulator.vendors.serpwow.spelling import MOUNTS, cite
from emulator.vendors.serpwow.state import SerpwowState
from emulator.vendors.serpwow.wire import HEADERS, response_headers


def make_credentials(secret: str) -> Credentials:
    """A key in the form that real ones are seen in: 32 upper-case hexadecimal characters."""
    key = secret[:32].upper()
    return Credentials({"api_key": key}, key)


SERPWOW = Vendor(
    name="serpwow",
    mounts=MOUNTS,
    base_path="/live",
    hosts=("api.serpwow.com",),
    operations=OPERATIONS,
    machines=(ACCOUNT, BATCH, DESTINATION),
    assumptions=ASSUMPTIONS,
    renderers=RENDERERS,
    state=SerpwowState(),
    credential=credential,
    admit=admit,
    unmatched=unmatched,
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
)
