"""Event destinations, the receivers that their events go to, and the accounts that these come from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from ipaddress import ip_address
from typing import ClassVar
from urllib.parse import urlsplit

from emulator.sdk import SELF, IndexKey, JsonDict, Metered, Struct, View, field, pattern
from emulator.vendors.stripe.assumptions.events import SNAPSHOT_OF_V2, THIN_WITH_VERSION
from emulator.vendors.stripe.events.types import is_event_type
from emulator.vendors.stripe.model.versions import has_new_sources

LONGEST_NAME = 255
"""Characters of a name beyond which it is taken for a long one."""

LOG = "stripe.event_destination/"
"""The beginning of the name of the log of an account's numbers of destinations; the account follows."""

MOST = 16
"""Most destinations of an account. Evidence: stripe-destination-13."""

WEBHOOK, EVENTBRIDGE, EVENT_GRID = "webhook_endpoint", "amazon_eventbridge", "azure_event_grid"
RECEIVERS = (WEBHOOK, EVENTBRIDGE, EVENT_GRID)
"""The types of destinations, each also the name of the field about its receiver. Evidence: stripe-destination-11."""

EVENTBRIDGE_STATUSES = ("pending", "active", "deleted", "unknown")
EVENT_GRID_STATUSES = ("never_activated", "activated", "deleted", "unknown")
"""The statuses of the source or topic that Stripe made in the cloud; the first is that of a new one."""

NOT_ASSOCIATED = "its event source at Amazon is not associated with an event bus"
NOT_ACTIVATED = "its partner topic at Azure is not activated"

SOURCES = ("@self", "@accounts", "@organization_members", "@organization_members/@accounts")
FORMER_SOURCES = {"self": "@self", "other_accounts": "@accounts"}
"""The present spelling of each value of versions before 2026-03-25. Evidence: stripe-destination-15."""

OF_ORGANIZATION = "@organization"
AWAITED = "issuing_authorization.request"
"""The event whose receiver has to answer at once. Evidence: stripe-destination-29."""

AWAITED_THIN = f"v1.{AWAITED}"
"""The same event where it is thin. Evidence: stripe-destination-36."""

_FORMER_SPELLING = {new: old for old, new in FORMER_SOURCES.items()}

EVERYTHING = "*"
THIN_TYPES = ("v1.", "v2.")
"""The first letters of the types of thin events. Evidence: stripe-event-8."""


class EventBridge(Struct, frozen=True, gc=False, tag=True):
    """A partner event source in an account at Amazon."""

    aws_account_id: str = "123456789012"
    aws_region: str = "us-east-1"
    aws_event_source_status: str = EVENTBRIDGE_STATUSES[0]
    required: ClassVar[tuple[str, ...]] = ("aws_account_id", "aws_region")

    @property
    def loss(self) -> str | None:
        """The reason why its destination is disabled, if the event source was deleted. Evidence: stripe-destination-27."""
        return "no_aws_event_source_exists" if self.aws_event_source_status == "deleted" else None

    @property
    def lack(self) -> str | None:
        """What keeps events from it. Evidence: stripe-destination-37 and stripe-destination-38."""
        return NOT_ASSOCIATED if self.aws_event_source_status in ("pending", "deleted") else None

    def to_json(self, destination_id: str) -> JsonDict:
        """Return the receiver as its destination shows it. Evidence: stripe-destination-25."""
        arn = f"arn:aws:events:{self.aws_region}::event-source/aws.partner/stripe.com/{destination_id}"
        return {
            "aws_account_id": self.aws_account_id,
            "aws_event_source_arn": arn,
            "aws_event_source_status": self.aws_event_source_status,
        }


class EventGrid(Struct, frozen=True, gc=False, tag=True):
    """A partner topic in a subscription at Azure."""

    azure_region: str = "westeurope"
    azure_resource_group_name: str = "events"
    azure_subscription_id: str = "00000000-0000-0000-0000-000000000000"
    azure_partner_topic_status: str = EVENT_GRID_STATUSES[0]
    required: ClassVar[tuple[str, ...]] = ("azure_region", "azure_resource_group_name", "azure_subscription_id")

    @property
    def loss(self) -> str | None:
        """The reason why its destination is disabled, if the partner topic was deleted. Evidence: stripe-destination-27."""
        return "no_azure_partner_topic_exists" if self.azure_partner_topic_status == "deleted" else None

    @property
    def lack(self) -> str | None:
        """What keeps events from it. Evidence: stripe-destination-37 and stripe-destination-38."""
        return NOT_ACTIVATED if self.azure_partner_topic_status in ("never_activated", "deleted") else None

    def to_json(self, destination_id: str) -> JsonDict:
        """Return the receiver as its destination shows it. Evidence: stripe-destination-12."""
        return {
            "azure_partner_topic_name": f"stripe-{destination_id.replace('_', '-')}",
            "azure_partner_topic_status": self.azure_partner_topic_status,
            "azure_region": self.azure_region,
            "azure_resource_group_name": self.azure_resource_group_name,
            "azure_subscription_id": self.azure_subscription_id,
        }


CLOUDS: dict[str, type[EventBridge] | type[EventGrid]] = {EVENTBRIDGE: EventBridge, EVENT_GRID: EventGrid}
"""The types whose receiver is in a cloud."""


class Destination(Metered, frozen=True, gc=False):
    """A receiver of events, and the types that it wants; `n` is its place among those of its account, as pages name it.

    `url` and `signing_secret` are those of a webhook endpoint, `cloud` is any other receiver. A secret that was rolled is its
    `former_signing_secret`, with which deliveries are signed too until it expires.
    """

    id: str
    since: datetime
    created: datetime
    updated: datetime
    name: str
    enabled_events: tuple[str, ...]
    type: str = WEBHOOK
    url: str | None = None
    signing_secret: str | None = None
    former_signing_secret: str | None = None
    former_secret_expires_at: datetime | None = None
    cloud: EventBridge | EventGrid | None = None
    event_payload: str = "thin"
    events_from: tuple[str, ...] = ("@self",)
    description: str = ""
    snapshot_api_version: str | None = None
    metadata: dict[str, str] = field(default_factory=dict)
    owner: str = SELF
    n: int = 1
    status: str = "enabled"
    kind: ClassVar[str] = "stripe.event_destination"

    @property
    def loss(self) -> str | None:
        """The reason why it is disabled, if its source or topic was deleted."""
        return None if self.cloud is None else self.cloud.loss

    @property
    def lack(self) -> str | None:
        """What keeps events from its receiver, None where they reach it."""
        return None if self.cloud is None else self.cloud.lack

    def secrets(self, now: datetime) -> tuple[str, ...]:
        """Return the secrets that are good at an instant, the newest first. Evidence: stripe-webhook-9."""
        former = self.former_signing_secret if self.former_secret_expires_at and now < self.former_secret_expires_at else None
        return tuple(it for it in (self.signing_secret, former) if it is not None)

    def index(self) -> tuple[IndexKey, ...]:
        """Return the group of the account's destinations."""
        return (("owner", self.owner),)


_AMAZON = pattern(r"[0-9]{12} [a-z]{2}(-[a-z]+)+-[0-9]+", re.ASCII)
"""The forms of an account and of a region at Amazon."""


def is_unusual(destination: Destination) -> bool:
    """Return whether its name, its receiver, its events or their sources are unusual, or its snapshots of two scopes.

    Evidence: stripe-destination-24.
    """
    sources, cloud = destination.events_from, destination.cloud
    is_of_both = destination.event_payload == "snapshot" and len({*sources}) > 1
    if is_of_both or any(len({*it}) < len(it) for it in (destination.enabled_events, sources)):
        return True
    if isinstance(cloud, EventBridge) and not _AMAZON.fullmatch(f"{cloud.aws_account_id} {cloud.aws_region}"):
        return True
    name, host = destination.name.strip(), (destination.url or "").partition("://")[2].partition("/")[0]
    return not 0 < len(name) <= LONGEST_NAME or "@" in host


def is_public(url: str) -> bool:
    """Return whether an address is one that others can reach, by HTTPS or HTTP. Evidence: stripe-destination-30."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_global
    except ValueError:
        return "." in host.strip(".")


def awaited_event(destination_type: str, sources: Iterable[str], types: Iterable[str]) -> str | None:
    """Return the first event that Stripe waits for among these types, None where such a destination may have it."""
    is_elsewhere = destination_type != WEBHOOK or any(source.startswith(OF_ORGANIZATION) for source in sources)
    return next((type for type in types if type in (AWAITED, AWAITED_THIN)), None) if is_elsewhere else None


def is_source(text: str, version: str) -> bool:
    """Return whether a request of this version may name a source so; the former values are accepted in every version."""
    return text in FORMER_SOURCES or (text in SOURCES and has_new_sources(version))


def sources_of(version: str) -> tuple[str, ...]:
    """Return the sources that a version has, in its own spelling."""
    return SOURCES if has_new_sources(version) else tuple(FORMER_SOURCES)


def load_sources(sources: Iterable[str]) -> tuple[str, ...]:
    """Return sources in their present spelling."""
    return tuple(FORMER_SOURCES.get(source, source) for source in sources)


def sources_to_json(sources: Iterable[str], version: str) -> list[str]:
    """Return sources as answers of this version spell them. Evidence: stripe-destination-17."""
    return [*sources] if has_new_sources(version) else [_FORMER_SPELLING.get(source, source) for source in sources]


def unknown_thin_event(payload: str, types: Iterable[str]) -> str | None:
    """Return the first of these types that is no thin event, where the payload is thin. Evidence: stripe-destination-14."""
    return next((type for type in types if not is_event_type(type)), None) if payload == "thin" else None


def thin_event_of_snapshot(view: View, payload: str, types: Iterable[str]) -> str | None:
    """Return the first of these types that is a thin event, where the payload is a snapshot and that is refused."""
    if payload != "snapshot" or view.choice(SNAPSHOT_OF_V2) == "accept":
        return None
    return next((type for type in types if type.startswith(THIN_TYPES)), None)


def has_needless_version(view: View, payload: str, version: str | None) -> bool:
    """Return whether a destination of thin events has a version of snapshots, and that is refused."""
    return payload == "thin" and version is not None and view.choice(THIN_WITH_VERSION) == "refuse"
