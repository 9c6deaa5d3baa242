"""The results of scenarios that were played as JUnit XML, which CI servers show: a testcase a scenario."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, ElementTree, SubElement, indent

from emulator.contract.fixtures import version
from emulator.kernel.errors import truncate
from emulator.scenario.player import PlayResult
from emulator.scenario.scenario import Scenario
from emulator.text.escape import escaped
from emulator.text.redact import redact_body

MOST = 100
"""Lines of one failure; of the others, how many there are."""

NOTHING_COMPARED = "it has no steps, so nothing in it was compared"


class PlayedCase(NamedTuple):
    """One scenario: the file or name that was given, mistakes in it, and, if it could be read, what came of playing it."""

    path: str
    mistakes: Sequence[str] = ()
    scenario: Scenario | None = None
    result: PlayResult | None = None
    seconds: float = 0.0


def junit_report(cases: Sequence[PlayedCase]) -> ElementTree[Element]:
    """Return a document of a suite with these cases."""
    suites = Element("testsuites", {"name": "batch-emulator play", **_totals(cases)})
    suite = SubElement(suites, "testsuite", {"name": "scenarios", **_totals(cases)})
    _add_properties(suite, {"batch-emulator": version()})
    for case in cases:
        _add_case(suite, case)
    indent(suites)
    return ElementTree(suites)


def _totals(cases: Sequence[PlayedCase]) -> dict[str, str]:
    kinds = [kind for kind, _ in map(_outcome, cases)]
    counts = {"failures": "failure", "errors": "error", "skipped": "skipped"}
    return {
        "tests": str(len(cases)),
        **{name: str(kinds.count(kind)) for name, kind in counts.items()},
        "time": _seconds(sum(case.seconds for case in cases)),
    }


def _outcome(case: PlayedCase) -> tuple[str, Sequence[str]]:
    """Return the element that says what came of a scenario, if any, and the lines in it."""
    if case.mistakes:
        return "error", case.mistakes
    if case.result and case.result.differences:
        return "failure", [*map(str, case.result.differences)]
    return ("", ()) if case.scenario and case.scenario.steps else ("skipped", [NOTHING_COMPARED])


def _add_case(suite: Element, case: PlayedCase) -> None:
    source = PurePath(case.scenario.source if case.scenario else case.path)
    name = case.scenario.name if case.scenario else case.path
    folder = ".".join(part for part in source.parent.parts if part != source.anchor)
    about = {"classname": escaped(folder), "name": escaped(name), "file": escaped(str(source)), "time": _seconds(case.seconds)}
    element = SubElement(suite, "testcase", about)
    if case.scenario:
        _add_properties(element, _about(case.scenario, case.result))
    kind, lines = _outcome(case)
    if kind:
        more = f" (and {len(lines) - 1} more)" if len(lines) > 1 else ""
        outcome = SubElement(element, kind, message=truncate(lines[0]) + more)
        if kind != "skipped":
            outcome.set("type", "difference" if kind == "failure" else "mistake")
            outcome.text = "\n".join(_shown(lines))


def _shown(lines: Sequence[str]) -> Iterable[str]:
    yield from map(truncate, lines[:MOST])
    if len(lines) > MOST:
        yield f"... and {len(lines) - MOST} more"


def _about(scenario: Scenario, result: PlayResult | None) -> dict[str, Any]:
    """Return what a reader of the report may look for: the title, the parameters, and the evidence that was relied on."""
    parameters = {f"parameters.{name}": value for name, value in redact_body(dict(scenario.parameters)).items()}
    evidence = ", ".join(sorted(result.evidence)) if result else ""
    return {"title": scenario.title, "steps": len(scenario.steps), **parameters, **({"evidence": evidence} if evidence else {})}


def _add_properties(element: Element, properties: Mapping[str, Any]) -> None:
    below = SubElement(element, "properties")
    for name, value in properties.items():
        SubElement(below, "property", name=escaped(name), value=truncate(escaped(str(value))))


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"
