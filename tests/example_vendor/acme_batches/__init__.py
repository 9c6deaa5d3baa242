"""Acme, a vendor of batches that does not exist."""

from pathlib import Path

from acme_batches.assumptions import SECOND_CANCEL
from acme_batches.machine import BATCH
from acme_batches.model import Batch
from acme_batches.operations import OPERATIONS
from acme_batches.requests import admit, credential, unmatched
from acme_batches.responses import RENDERERS, failure_response
from acme_batches.state import AcmeState
from emulator.sdk import Credentials, Deletable, Vendor

ACME = Vendor(
    name="acme",
    mounts=("/acme/v1",),
    base_path="/acme/v1",
    operations=OPERATIONS,
    machines=(BATCH,),
    assumptions=(SECOND_CANCEL,),
    renderers=RENDERERS,
    state=AcmeState(),
    credential=credential,
    admit=admit,
    unmatched=unmatched,
    make_credentials=lambda secret: Credentials({"api_key": f"acme_{secret[:16]}"}, f"acme_{secret[:16]}"),
    failure_response=failure_response,
    credential_hint="its key in the header X-Acme-Key",
    deletable={"batches": Deletable(Batch)},
    resources=Path(__file__).parent,
)
