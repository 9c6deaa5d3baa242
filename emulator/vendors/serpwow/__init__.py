"""SerpWow: batches that are queued, run and stopped, and the credits that they cost."""

from emulator.kernel.assumption import Assumption
from emulator.vendors.serpwow.given import SerpwowGiven
from emulator.vendors.serpwow.machine import BATCH, LAST_RUN, PARTIAL_RESULTS, START_EMPTY, START_QUEUED, UNKNOWN_BATCH
from emulator.vendors.serpwow.operations import OPERATIONS, admit, astray, credential
from emulator.vendors.serpwow.wire import WORDINGS, finish
from emulator.vendors.vendor import Credentials, Vendor

STOPALL_SINGULAR = Assumption(
    "serpwow.stopall-singular",
    "How does stop-all name a single batch?",
    ("Batch", "Batches"),
    "Batch",
    "The same maker publishes '1 Destination deleted'.",
)
STOPALL_WITH_FAILURES = Assumption(
    "serpwow.stopall-with-failures",
    "Is a stop-all in which some batches could not be stopped a success?",
    ("success", "failure"),
    "success",
    "The body has a count for them, so the answer as a whole can succeed.",
)


def make_credentials(secret: str) -> Credentials:
    """A key in the form that real ones are seen in: 32 upper-case hexadecimal characters."""
    key = secret[:32].upper()
    return Credentials({"api_key": key}, key)


SERPWOW = Vendor(
    name="serpwow",
    mounts=("/live", "/serpwow/live"),
    base_path="/live",
    operations=OPERATIONS,
    machines=(BATCH,),
    assumptions=(
        UNKNOWN_BATCH,
        START_QUEUED,
        START_EMPTY,
        LAST_RUN,
        PARTIAL_RESULTS,
        STOPALL_SINGULAR,
        STOPALL_WITH_FAILURES,
    ),
    wordings=WORDINGS,
    given=SerpwowGiven(),
    credential=credential,
    admit=admit,
    astray=astray,
    finish=finish,
    make_credentials=make_credentials,
    secrets=("api_key",),
    case_sensitive=False,
)
