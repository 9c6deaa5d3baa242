"""The resources of Acme."""

from datetime import datetime
from typing import ClassVar

from emulator.sdk import IndexKey, Metered


class Batch(Metered, frozen=True, gc=False):
    """A batch, which is queued until its run is over or a client cancels it."""

    id: str
    since: datetime
    created_at: datetime
    name: str = "A batch"
    status: str = "queued"
    kind: ClassVar[str] = "acme.batch"

    def index(self) -> tuple[IndexKey, ...]:
        return ()
