"""The acts of another actor in the runs of an exploration: which of them ever happened, and why others could not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from emulator.client.exploration import Intrusion
from emulator.client.journal import Change
from emulator.kernel.errors import BadInput
from emulator.kernel.machine import ABSENT
from emulator.kernel.timeline import IMPOSSIBLE


@dataclass(slots=True)
class Acts:
    """The acts that happened in a run, and the reasons for which others did not, each by its place in `meanwhile`."""

    happened: set[int] = field(default_factory=set)
    refused: dict[int, str] = field(default_factory=dict)

    def note(self, intrusions: Iterable[Intrusion], event: str, changes: Sequence[Change]) -> None:
        """Note whether the act among the intrusions of a run, which is this event of its timeline, has happened."""
        for act in (it.act for it in intrusions if it.act is not None):
            for change in changes:
                if change.resource != "timeline" or change.id.partition("/")[0] != event or change.to != ABSENT:
                    continue
                _, is_impossible, reason = change.why.partition(IMPOSSIBLE)
                if is_impossible:
                    self.refused[act] = reason.removeprefix(": ")
                else:
                    self.happened.add(act)

    def note_refusal(self, intrusions: Iterable[Intrusion], error: Exception) -> bool:
        """Note that a world cannot begin since an act is impossible; return whether that is why."""
        acts = [it.act for it in intrusions if it.act is not None]
        _, is_impossible, reason = str(error).partition(IMPOSSIBLE)
        for act in acts if is_impossible else ():
            self.refused.setdefault(act, reason.removeprefix(": "))
        return bool(acts and is_impossible)

    def check(self) -> None:
        """Check that each act that was tried at every call could happen at one of them.

        Raises:
            BadInput: one never could.
        """
        for act, reason in self.refused.items():
            if act not in self.happened:
                raise BadInput.at(f"this could not happen at any point: {reason}", "meanwhile", act)
