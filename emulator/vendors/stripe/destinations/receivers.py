"""Where a destination's events go: the kinds of receivers, what a client says of each, and what it is shown.

Evidence: stripe-destination-11.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

WEBHOOK, EVENTBRIDGE, EVENT_GRID = "webhook_endpoint", "amazon_eventbridge", "azure_event_grid"
TYPES = (WEBHOOK, EVENTBRIDGE, EVENT_GRID)
"""The types of destinations; each is also the name of the field that says more of it."""

EVENTBRIDGE_STATUSES = ("pending", "active", "deleted", "unknown")
EVENT_GRID_STATUSES = ("never_activated", "activated", "deleted", "unknown")
"""How far the cloud's owner has taken the source or topic that Stripe made there; the first is that of a new one."""


@dataclass(frozen=True, slots=True)
class EventBridge:
    """An event source of Stripe's in somebody's account at Amazon."""

    aws_account_id: str = "123456789012"
    aws_region: str = "us-east-1"
    aws_event_source_status: str = EVENTBRIDGE_STATUSES[0]
    required: ClassVar[tuple[str, ...]] = ("aws_account_id", "aws_region")

    def show(self, destination: str) -> dict[str, Any]:
        """The receiver as the destination of that id shows it. Evidence: stripe-destination-12."""
        arn = f"arn:aws:events:{self.aws_region}::event-source/aws.partner/stripe.com/{destination}"
        return {
            "aws_account_id": self.aws_account_id,
            "aws_event_source_arn": arn,
            "aws_event_source_status": self.aws_event_source_status,
        }


@dataclass(frozen=True, slots=True)
class EventGrid:
    """A partner topic of Stripe's in somebody's subscription at Azure."""

    azure_region: str = "westeurope"
    azure_resource_group_name: str = "events"
    azure_subscription_id: str = "00000000-0000-0000-0000-000000000000"
    azure_partner_topic_status: str = EVENT_GRID_STATUSES[0]
    required: ClassVar[tuple[str, ...]] = ("azure_region", "azure_resource_group_name", "azure_subscription_id")

    def show(self, destination: str) -> dict[str, Any]:
        """The receiver as the destination of that id shows it. Evidence: stripe-destination-12."""
        return {
            "azure_partner_topic_name": f"stripe-{destination.replace('_', '-')}",
            "azure_partner_topic_status": self.azure_partner_topic_status,
            "azure_region": self.azure_region,
            "azure_resource_group_name": self.azure_resource_group_name,
            "azure_subscription_id": self.azure_subscription_id,
        }


CLOUDS: dict[str, type[EventBridge] | type[EventGrid]] = {EVENTBRIDGE: EventBridge, EVENT_GRID: EventGrid}
"""The types whose receiver is in a cloud."""
