"""A vendor's machines as Mermaid state diagrams, drawn from the rows."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.kernel.machine import ABSENT, Machine, Row, Timer
from emulator.sdk.vendor import Vendor


def draw(vendor: Vendor) -> str:
    """Return a diagram of each machine of a vendor, one after the other."""
    return "\n\n".join("\n".join(_lines(machine)) for machine in vendor.machines)


def _lines(machine: Machine) -> Iterator[str]:
    yield f"%% {machine.kind}"
    yield "stateDiagram-v2"
    for state in machine.entry:
        yield f"    [*] --> {state}"
    arrows: dict[tuple[str, str], list[str]] = {}
    for row in machine.rows:
        if row.state != row.to:
            arrows.setdefault((row.state, row.to), []).append(_label(row))
    for (source, to), labels in arrows.items():
        yield f"    {_node(source)} --> {_node(to)}: {', '.join(dict.fromkeys(labels))}"
    leaving = {row.state for row in machine.rows if row.state != row.to or isinstance(row.cause, Timer)}
    for state in machine.states:
        if state not in leaving:
            yield f"    {state} --> [*]"


def _node(state: str) -> str:
    return "[*]" if state == ABSENT else state


def _label(row: Row) -> str:
    effect = f" / {row.effect.__name__}" if row.effect and not isinstance(row.cause, Timer) else ""
    return f"{row.cause}{effect}"
