"""What the control plane shows: worlds, clocks, journals, scenarios and vendors, as JSON values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from emulator.contract.evidence import load_evidence
from emulator.control.body_text import text_of
from emulator.control.exact_json import Unreadable, exactly
from emulator.kernel.clock import FROZEN, REAL
from emulator.kernel.journal import Change, Entry, Exchange
from emulator.kernel.machine import Machine
from emulator.kernel.time import format_duration, format_instant
from emulator.kernel.world import World
from emulator.sdk.vendor import Vendor, Vendors
from emulator.state.diff import Difference
from emulator.text.redact import redact_body, redact_header, redact_text
from emulator.web.held_requests import HeldRequest

HEADERS_SHOWN = 16_384
"""Characters of an entry's headers that are shown, names and values together."""


def clock_to_json(world: World) -> dict[str, Any]:
    """The world's time: now, how fast it runs, when the next thing happens by itself, and how far it is behind, if it is."""
    upcoming, clock = world.next_due(), world.clock
    shown = {
        "now": format_instant(clock.reached),
        "rate": "frozen" if clock.rate == FROZEN else "real" if clock.rate == REAL else clock.rate,
        "next": format_instant(upcoming) if upcoming else None,
    }
    return shown | {"behind": format_duration(clock.behind)} if clock.is_behind else shown


def world_to_json(world: World, vendors: Vendors, base_url: str) -> dict[str, Any]:
    """The world and what its clients need to reach it."""
    return {
        "id": world.id,
        "seed": world.seed,
        "clock": clock_to_json(world),
        "credentials": {name: _credentials(world, vendor, base_url) for name, vendor in vendors.items()},
    }


def _credentials(world: World, vendor: Vendor, base_url: str) -> dict[str, str]:
    made = vendor.credentials_of(world.id, world.seed)
    return {"url": base_url + vendor.base_path, **made.fields}


def state_to_json(world: World, vendors: Vendors) -> dict[str, Any]:
    """The whole state by vendor, in the grammar of `given`."""
    with world.transaction("look") as tx:
        return {name: vendor.state.dump(tx) for name, vendor in vendors.items()}


def change_to_json(change: Change) -> dict[str, str | None]:
    """A change of state: which resource of which vendor, from which state to which, when and why."""
    vendor, _, resource = change.kind.partition(".")
    return {
        "at": format_instant(change.at),
        "vendor": vendor,
        "resource": resource,
        "id": change.id,
        "from": change.source,
        "to": change.to,
        "why": change.why,
        "evidence": change.evidence,
    }


def entry_to_json(entry: Entry) -> dict[str, Any]:
    """A journal entry; of an exchange also its request and reply, without credentials."""
    event = entry.event
    if isinstance(event, Change):
        return {"n": entry.n, "type": "change", **change_to_json(event)}
    return {
        "n": entry.n,
        "type": "exchange",
        "at": format_instant(event.at),
        "operation": event.operation,
        "method": redact_text(event.method),
        "answer": event.answer,
        "evidence": event.evidence,
        "also": list(event.also),
        "assumption": event.assumption,
        "basis": event.basis,
        "status": event.status,
        "changes": [change_to_json(change) for change in event.changes],
        "faults": [fault._asdict() for fault in event.faults],
        "delivered": event.delivered,
        "target": redact_text(event.target),
        "request": {"headers": _headers(event), "body": body_to_json(event.request)},
        "reply": body_to_json(event.response),
    }


def held_to_json(held: HeldRequest) -> dict[str, Any]:
    """A request that a fault holds up; no credential can be read in it."""
    return {
        "method": held.request.method,
        "target": redact_text(held.request.target),
        "operation": held.operation,
        "since": format_instant(held.since),
        "until": format_instant(held.due) if held.due else None,
        "fault": held.fault.hit()._asdict(),
    }


def _headers(exchange: Exchange) -> list[list[str]]:
    """The headers of a request in their order, each with its name in lower case, as far as `HEADERS_SHOWN` reaches."""
    shown: list[list[str]] = []
    room = HEADERS_SHOWN
    for raw_name, raw_value in exchange.headers:
        if room <= 0:
            break
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        kept_name, kept_value = name[:room], value[: max(0, room - len(name))]
        room -= len(name) + len(value)
        left = len(name) + len(value) - len(kept_name) - len(kept_value)
        more = f"… and {left} characters more" if left else ""
        shown.append([redact_text(kept_name), redact_header(name[:HEADERS_SHOWN], kept_value) + more])
    if len(shown) < len(exchange.headers):
        shown.append(["…", f"{len(exchange.headers) - len(shown)} headers more"])
    return shown


def body_to_json(content: bytes) -> Any:
    """A body as far as it was kept: its JSON value, or a text, or None; no credential can be read in it."""
    try:
        return redact_body(exactly(content))
    except (ValueError, Unreadable):
        text = text_of(content)
        return f"({len(content)} bytes that are no text)" if text is None else redact_text(text)


def difference_to_json(difference: Difference) -> dict[str, Any]:
    """What was added, removed or changed, and the same as a line to read; no credential can be read in it."""
    safe = replace(
        difference,
        id=_hidden(difference.named_by or "", difference.id),
        fields={name: tuple(_hidden(name, it) for it in pair) for name, pair in difference.fields.items()},
    )
    if safe.before is None:
        told: dict[str, Any] = {"added": redact_body(safe.after)}
    elif safe.after is None:
        told = {"removed": redact_body(safe.before)}
    else:
        told = {"changed": {name: {"before": before, "after": after} for name, (before, after) in safe.fields.items()}}
    return {"vendor": safe.vendor, "at": safe.at, "id": safe.id, **told, "text": str(safe)}


def _hidden(path: str, value: Any) -> Any:
    name = path.rpartition(".")[2]
    return redact_body({name: value})[name]


def vendor_to_json(vendor: Vendor) -> dict[str, Any]:
    """A vendor: what it can be asked, its machines, what it assumes and what it rests on."""
    return {
        "name": vendor.name,
        "mounts": list(vendor.mounts),
        "operations": [{"name": it.name, "method": it.method, "path": it.path} for it in vendor.operations],
        "machines": [_machine(machine) for machine in vendor.machines],
        "waits": {wait.name: _wait(wait.default, wait.source) for wait in vendor.settable_timers.values()},
        "assumptions": [
            {"id": it.id, "question": it.question, "choices": list(it.choices), "default": it.default, "reason": it.reason}
            for it in vendor.assumptions
        ],
        "evidence": [
            {"id": it.id, "kind": it.kind, "source": it.source, "says": it.says} for it in load_evidence(vendor.name).values()
        ],
    }


def _wait(default: Any, source: str) -> dict[str, str]:
    return {"default": "measured" if default is None else format_duration(default), "source": source}


def _machine(machine: Machine) -> dict[str, Any]:
    rows = [
        {
            "in": row.state,
            "cause": str(row.cause),
            "to": row.to,
            "answer": row.answer,
            "effect": row.effect.__name__ if row.effect else None,
            "when": row.when.__name__ if row.when else None,
            "assume": f"{row.assume.assumption}={row.assume.choice}" if row.assume else None,
            "evidence": row.evidence,
        }
        for row in machine.rows
    ]
    return {"kind": machine.kind, "states": list(machine.states), "rows": rows}
