"""A destination, and the settings of each of its types."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from emulator.sdk import SELF, IndexKey, Metered, Struct, View
from emulator.vendors.serpwow.model.searches import letters

DESTINATION_LIMIT = 50
"""Destinations in an account. Evidence: serpwow-destinations-2."""


class Settings(Struct, frozen=True, gc=False):
    """The parameters of one type of destination: `credentials` and `needed` are required."""

    credentials: tuple[str, ...]
    needed: tuple[str, ...]
    optional: tuple[str, ...]

    @property
    def required(self) -> tuple[str, ...]:
        return (*self.credentials, *self.needed)

    @property
    def path_prefix(self) -> str:
        """The first of the optional parameters."""
        return self.optional[0]


S3_KEYS = ("s3_access_key_id", "s3_secret_access_key")
SETTINGS = {
    "s3": Settings(S3_KEYS, ("s3_bucket_name",), ("s3_path_prefix",)),
    "s3compatible": Settings(S3_KEYS, ("s3_bucket_name", "s3_endpoint"), ("s3_path_prefix", "s3_region")),
    "gcs": Settings(("gcs_access_key", "gcs_secret_key"), ("gcs_bucket_name",), ("gcs_path_prefix",)),
    "azure": Settings(("azure_account_name", "azure_account_key"), ("azure_container_name",), ("azure_path_prefix",)),
    "oss": Settings(("oss_access_key", "oss_secret_key"), ("oss_bucket_name", "oss_region_id"), ("oss_path_prefix",)),
}
"""The parameters of each type. Evidence: serpwow-destinations-9."""

TYPES = tuple(SETTINGS)


class Destination(Metered, frozen=True, gc=False):
    """A bucket of the client's, to which result sets are uploaded. `settings` are its credentials and other parameters."""

    id: str
    since: datetime
    name: str
    type: str
    enabled: bool
    settings: tuple[tuple[str, str], ...] = ()
    owner: str = SELF
    status: str = "kept"
    kind: ClassVar[str] = "serpwow.destination"

    def index(self) -> tuple[IndexKey, ...]:
        return (("owner", self.owner),)


def find_destination(view: View, owner: str, id: str) -> Destination | None:
    """Return the destination of an account that has this id; None where it has none."""
    destination = view.find(Destination, id)
    return destination if destination is not None and destination.owner == owner else None


def seven_letters(digest: bytes) -> str:
    """Return seven capitals, as in the printed id of a destination. Evidence: serpwow-destinations-1."""
    return letters(digest, 7)
