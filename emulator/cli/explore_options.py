"""The options of the command `explore`, read: faults such as `after-commit:drop`, what another actor does, and a duration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.scenario.document import JsonObject


def read_max_seconds(duration: str) -> float:
    """Return a duration, such as `1m30s`, in seconds; `inf` has no end.

    Raises:
        ValueError: it is none.
    """
    from emulator.client.explore_arguments import read_seconds
    from emulator.kernel.errors import BadInput

    try:
        return read_seconds(float(duration) if duration == "inf" else duration)
    except BadInput as error:
        raise ValueError(error.problems[0].message) from None


def read_meanwhile(acts: Sequence[str]) -> list[JsonObject]:
    """Return what another actor does, each in YAML or JSON: `{serpwow: {batches: [{id: B1, deleted: true}]}}`.

    Raises:
        ValueError: one of them is none; every reason.
    """
    return [_read_act(act) for act in acts]


def _read_act(text: str) -> JsonObject:
    from emulator.client import explore_arguments
    from emulator.kernel.errors import BadInput
    from emulator.scenario.loader import parse_yaml

    try:
        document = parse_yaml(text)
        if document.problems:
            raise BadInput(document.problems)
        return explore_arguments.read_meanwhile([document.value])[0]
    except BadInput as error:
        raise ValueError(f"{text!r}: {'; '.join(it.message for it in error.problems)}") from None


DURATION_KEYS = {"delay": "delay", "dribble": "pace"}
"""The effects that take a duration on the command line, and the key of a scenario that has it."""


def read_faults(faults: Sequence[str]) -> list[dict[str, Any]]:
    """Return faults such as `after-commit:drop` as a scenario writes them.

    Raises:
        ValueError: one of them cannot be injected at each call; every reason, in the words of the command line.
    """
    return [_checked(fault, read_fault(fault)) for fault in faults]


def _checked(text: str, fault: dict[str, Any]) -> dict[str, Any]:
    from emulator.client import explore_arguments
    from emulator.kernel.errors import BadInput

    try:
        explore_arguments.read_faults([fault])
    except BadInput as error:
        raise ValueError(f"{text!r}: {'; '.join(it.message for it in error.problems)}") from None
    return fault


def read_fault(text: str) -> dict[str, Any]:
    """Return a fault as it is written on the command line: `after-commit:drop`, `before-commit:503`, `after-commit:delay:30s`.

    Raises:
        ValueError: a part of it is missing, or there is one too many.
    """
    where, _, rest = text.partition(":")
    do, _, length = rest.partition(":")
    if not (where and do):
        raise ValueError(f"{text!r} is not WHERE:DO, such as after-commit:drop or before-commit:503")
    if length and do not in DURATION_KEYS:
        raise ValueError(f"{text!r}: {do} takes nothing after it; delay and dribble take a duration")
    if do.isdecimal():
        return {"where": where, "do": "status", "status": int(do)}
    return {"where": where, "do": do, **({DURATION_KEYS[do]: length} if length else {})}
