"""The parts of the handle that come in the way of the client under test: faults, replies, and what somebody else does."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import cached_property
from typing import Any

from emulator.client.applications import App
from emulator.client.deliveries import Deliveries
from emulator.client.faults import Faults
from emulator.client.receivers import Receivers
from emulator.client.replies import Replies
from emulator.client.timeline import Timeline


class InterferenceMixin(ABC):
    """The faults, the replies and the timeline of a handle's world."""

    _exits: list[Callable[[], object]]
    """Closes, last first, what a handle has opened."""

    @abstractmethod
    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the control plane something about this world."""

    @property
    def faults(self) -> Faults:
        """The faults of the world, and the requests that they hold up: `add`, `list`, `remove`, `clear`, `held`."""
        return Faults(self.ask)

    @property
    def replies(self) -> Replies:
        """The replies of the world in place of the vendors' own: `add`, `list`, `remove`, `clear`."""
        return Replies(self.ask)

    @property
    def deliveries(self) -> Deliveries:
        """The notifications that vendors owe to receivers: read them, `filter` them, or `expect` some."""
        return Deliveries(self.ask, self.receivers)

    def receiver(self, url: str, app: App) -> None:
        """Call an application, ASGI or WSGI, in this process for each notification to a URL, when it is due.

        The URL is that of a destination, or of a webhook. Time that passes by `advance` calls it.

        Raises:
            TypeError: it is no application.
        """
        self.receivers.add(url, app)

    @cached_property
    def receivers(self) -> Receivers:
        """The applications that are called for notifications, by URL."""
        receivers = Receivers(self.ask)
        self._exits.append(receivers.close)
        return receivers

    @property
    def timeline(self) -> Timeline:
        """The deeds of somebody else in the world, by themselves or after a call: `add`, `list`, `remove`, `clear`."""
        return Timeline(self.ask)
