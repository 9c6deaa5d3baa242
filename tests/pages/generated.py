"""The pages, or parts of pages, that are made from tables: `python -m tests.pages.generated` writes them anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from emulator.contract.fixtures import fixtures_folder
from emulator.kernel.machine import Machine, Row
from emulator.reports.diagrams import draw
from emulator.reports.evidence_trace import EvidenceTrace, evidence_traces, play_each
from emulator.reports.support_matrix import Answers, answers, coverage
from emulator.scenario.checked import NAMES, checked_form
from emulator.scenario.files import read_text
from emulator.scenario.loader import load_text
from emulator.scenario.player import PlayResult
from emulator.sdk.vendor import Vendor
from emulator.server.app import library
from emulator.vendors import VENDORS
from tests.support.described import overview, state_fields
from tests.support.loading import LIBRARY

DOCS = Path(__file__).parents[2] / "docs"
TYPES = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "object",
    "null": "null",
}
TITLES = {"serpwow": "SerpWow", "stripe": "Stripe", "6dot50": "6DOT50 PAY"}


@cache
def played() -> list[tuple[str, PlayResult, set[tuple[str, Row]]]]:
    return [*play_each(LIBRARY)]


def results() -> dict[str, PlayResult]:
    return {name: result for name, result, _ in played()}


def played_answers() -> Answers:
    return answers(results())


@cache
def traces() -> dict[str, EvidenceTrace]:
    """Every fact by its id, with the scenarios whose playing relied on it."""
    return {trace.evidence.id: trace for trace in evidence_traces(library(), results())}


def machines() -> Iterator[str]:
    for name, vendor in VENDORS.items():
        yield f"### {TITLES.get(name, name)}\n\n```mermaid\n{draw(vendor)}\n```\n"


def assumptions() -> Iterator[str]:
    for name, vendor in VENDORS.items():
        yield f"### {TITLES.get(name, name)}\n"
        yield "| assumption | question | choices | reason for the default |"
        yield "| --- | --- | --- | --- |"
        for assumption in vendor.assumptions:
            choices = ", ".join(f"**{choice}**" if choice == assumption.default else choice for choice in assumption.choices)
            yield f"| `{assumption.id}` | {assumption.question} | {choices} | {assumption.reason} |"
        yield ""


def timers() -> Iterator[str]:
    yield "| timer | default | leads | source |"
    yield "| --- | --- | --- | --- |"
    for vendor in VENDORS.values():
        for name in sorted(vendor.settable_timers):
            yield f"| `{name}` | {vendor.timers[name].default_text} | {_leads(vendor, name)} | {_source_of(vendor, name)} |"


def _leads(vendor: Vendor, name: str) -> str:
    rows = [
        (machine.kind, row) for machine in vendor.machines for row in machine.rows if getattr(row.cause, "name", "") == name
    ]
    return ", ".join(dict.fromkeys(f"{kind} {row.state} → {row.to}" for kind, row in rows))


def _source_of(vendor: Vendor, name: str) -> str:
    source = vendor.timers[name].source
    return f"{traces()[source].evidence.says} (`{source}`)" if source in traces() else "our own choice: nothing is published"


def rows() -> Iterator[str]:
    for name, vendor in VENDORS.items():
        yield f"## {TITLES.get(name, name)}\n"
        for machine in vendor.machines:
            yield from _rows_of(machine)


def _rows_of(machine: Machine) -> Iterator[str]:
    """Yield the table of a machine, in which rows that differ in their state alone are one."""
    yield f"### {machine.kind}\n"
    yield "| in | cause | if | goes to | answer | effect | evidence | proved by |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- |"
    alike: dict[tuple[str, ...], list[Row]] = {}
    for row in machine.rows:
        effect = f"`{row.effect.__name__}`" if row.effect else ""
        answer = f"`{row.answer}`" if row.answer else ""
        to = "" if row.to == row.state else row.to
        alike.setdefault((str(row.cause), _condition(row), to, answer, effect, f"`{row.evidence}`"), []).append(row)
    for cells, rows in alike.items():
        yield f"| {', '.join(row.state for row in rows)} | {' | '.join(cells)} | {_proof(machine.kind, rows)} |"
    yield ""


def _condition(row: Row) -> str:
    guard = [f"`{row.when.__name__}`"] if row.when else []
    return " and ".join([*guard, *([f"`{row.assume.assumption.id}` is {row.assume.choice}"] if row.assume else [])])


def _proof(kind: str, rows: Sequence[Row]) -> str:
    """Return a scenario that took one of the rows while it was played: one that is about its fact, and takes few others."""
    keys, vendor, fact = {(kind, row) for row in rows}, kind.partition(".")[0], rows[0].evidence
    takers = [
        (fact not in LIBRARY.get(name).content.get("proves", ()), not name.startswith(vendor), len(taken), name)
        for name, _, taken in played()
        if keys & taken
    ]
    return f"`{min(takers)[-1]}`" if takers else ""


def state() -> Iterator[str]:
    for name, vendor in VENDORS.items():
        yield f"## {TITLES.get(name, name)}"
        part = ""
        for field in state_fields(vendor):
            if (first := field.path.split(".")[0].removesuffix("[]")) != part:
                part = first
                yield f"\n### {name}.{part}\n\n{field.description}\n\n| field | type | meaning |\n| --- | --- | --- |"
            else:
                yield f"| `{field.path}` | {_type_of(field.schema)} | {field.description} |"
        yield ""


def _type_of(schema: Mapping[str, Any]) -> str:
    if "anyOf" in schema:
        return " or ".join(map(_type_of, schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(f"`{choice}`" for choice in schema["enum"])
    if schema["type"] == "array":
        return f"list of {_type_of(schema['items'])}" if schema["items"].get("type") != "object" else "list"
    if "date-time" in schema.get("format", ""):
        return "instant"
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    bounds = f", {schema['minimum']} to {schema['maximum']}" if {"minimum", "maximum"} <= schema.keys() else ""
    return " or ".join(TYPES[name] for name in types) + bounds


PARTS: dict[tuple[str, str], Callable[[], str]] = {
    ("what-works.md", "operations"): lambda: "\n".join(overview(played_answers())),
    ("what-works.md", "answers"): lambda: "\n".join(coverage(played_answers())),
    ("what-works.md", "machines"): lambda: "\n".join(machines()),
    ("assumptions.md", "assumptions"): lambda: "\n".join(assumptions()),
    ("assumptions.md", "timers"): lambda: "\n".join(timers()),
    ("state.md", "state"): lambda: "\n".join(state()),
    ("rows.md", "rows"): lambda: "\n".join(rows()),
}
"""What stands between `<!-- NAME -->` and `<!-- /NAME -->` of a page."""


CHECKED = {name: fixtures_folder() / "checked" / f"{name}.json" for name in NAMES}
"""The files that hold scenarios as they were read and checked."""


def checked(name: str) -> bytes:
    """Return what the file of a checked scenario has to hold."""
    text = read_text(library().path(name))
    return checked_form(text, load_text(text, VENDORS, name, ""))


def part_of(page: str, name: str) -> str:
    """Return what stands between the markers of a page."""
    _, is_there, rest = (DOCS / page).read_text("utf-8").partition(f"<!-- {name} -->\n")
    assert is_there, f"{page} has no marker {name}"
    return rest.partition(f"<!-- /{name} -->")[0].strip()


def write(page: str, name: str, text: str) -> None:
    """Put a text between the markers of a page."""
    before, _, rest = (DOCS / page).read_text("utf-8").partition(f"<!-- {name} -->\n")
    after = rest.partition(f"<!-- /{name} -->")[2]
    (DOCS / page).write_text(f"{before}<!-- {name} -->\n{text.strip()}\n<!-- /{name} -->{after}", "utf-8")


if __name__ == "__main__":
    for (page, name), made in PARTS.items():
        write(page, name, made())
    for name, path in CHECKED.items():
        path.write_bytes(checked(name))
