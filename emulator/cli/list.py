"""The command `list`: scenarios, assumptions, timers and operations that there are, and the worlds of a running server."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from operator import itemgetter
from os.path import normpath
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from click.core import ParameterSource

from emulator.cli.options import option, scenarios_option, server_url_option, token_option
from emulator.cli.scenario_arguments import open_library
from emulator.scenario.files import read_text
from emulator.text.escape import escaped

if TYPE_CHECKING:
    from emulator.kernel.machine import Machine, Timer
    from emulator.sdk.vendor import Vendor

CLOCK = {"now": str, "rate": str | int | Decimal, "next": str | None}
WORLDS = {"worlds": [{"id": str, "seed": int, "clock": CLOCK}]}
"""The shape of the answer that lists a server's worlds."""

Item = dict[str, Any]
"""One thing that is listed, as --json prints it."""


class Query(NamedTuple):
    """The options of one call of the command."""

    vendor: str | None
    folders: Sequence[Path]
    url: str
    token: str | None

    @property
    def vendors(self) -> list[Vendor]:
        """The vendors to list something of: all of them, or the one that was named."""
        from emulator.vendors import VENDORS

        return [it for it in VENDORS.values() if self.vendor in (None, it.name)]


class Listing(NamedTuple):
    """Something to list: what it is, the options that narrow it, how it is found, and its columns by their titles."""

    about: str
    options: frozenset[str]
    find: Callable[[Query], Iterator[Item]]
    columns: Mapping[str, Callable[[Item], str]]


def scenarios(query: Query) -> Iterator[Item]:
    """Each scenario's name and title. Whether the rest of a file is right is not looked at, which takes longer."""
    known = open_library(query.folders)
    paths = {name: known.path(name) for name in known.names() if query.vendor in (None, name.partition("/")[0])}
    read = {name: _read(path) for name, path in paths.items()}
    parts = {normpath(paths[name].parent / part) for name, keys in read.items() for part in _included(keys)}
    for name, path in paths.items():
        title = _title(read[name])
        if title or normpath(path) not in parts:
            yield {"name": name, "title": title}


def _read(path: Path) -> Item:
    """The keys in a scenario file; none where it cannot be read, which `check` explains."""
    from emulator.kernel.errors import BadInput
    from emulator.scenario.strict_yaml import parse

    try:
        value = parse(read_text(path)).value
    except BadInput:
        return {}
    return value if isinstance(value, dict) else {}


def _title(keys: Item) -> str | None:
    """The title among the keys of a scenario file, with its parameters; None where it has none."""
    from emulator.kernel.errors import BadInput
    from emulator.scenario.parameters import filled_value

    try:
        title = filled_value({key: keys[key] for key in ("title", "parameters") if key in keys}).get("title")
    except BadInput:
        title = keys.get("title")
    return title if isinstance(title, str) else None


def _included(keys: Item) -> Iterator[str]:
    included = keys.get("include")
    return (it for it in included if isinstance(it, str)) if isinstance(included, list) else iter(())


def assumptions(query: Query) -> Iterator[Item]:
    """Each assumption's id, the question that it answers, its choices and the default among them, and why that is ours."""
    for vendor in query.vendors:
        for it in vendor.assumptions:
            names = ("id", "choices", "default", "question", "reason")
            yield {name: getattr(it, name) for name in names}


def timers(query: Query) -> Iterator[Item]:
    """Each timer that a scenario can set: its id, how long it lasts by default, and what it brings about."""
    for vendor in query.vendors:
        for machine in vendor.machines:
            for it in machine.timers:
                if it.settable:
                    yield {"id": it.name, "default": it.default_text, "meaning": _meaning(vendor, machine, it)}


def _meaning(vendor: Vendor, machine: Machine, timer: Timer) -> str:
    """The changes that the end of a timer brings, and the evidence for its length."""
    from emulator.contract.evidence import load_evidence
    from emulator.kernel.machine import ABSENT

    rows = [row for row in machine.rows if row.cause == timer and row.state != row.to]
    moves = dict.fromkeys(f"{row.state} -> {'deleted' if row.to == ABSENT else row.to}" for row in rows)
    noun = machine.kind.partition(".")[2].replace("_", " ")
    fact = load_evidence(vendor).get(timer.source)
    return f"{' '.join([noun, ', '.join(moves)]).strip()}: {fact.says if fact else 'our own choice, nothing is published'}"


def operations(query: Query) -> Iterator[Item]:
    """Each operation's name, method, and path at its first mount."""
    for vendor in query.vendors:
        for it in vendor.operations:
            yield {"name": it.name, "method": it.method, "path": (it.mounts or vendor.mounts)[0] + it.path}


def worlds(query: Query) -> Iterator[Item]:
    """Each world of a running server: its id, seed and clock. Credentials are left out.

    Raises:
        click.ClickException: no emulator answers there, or it wants a token.
    """
    from emulator.client.server import EmulatorServer
    from emulator.kernel.errors import EmulatorError
    from emulator.scenario.client import fits
    from emulator.text.redact import redact_text

    try:
        with EmulatorServer(query.url, token=query.token) as server:
            found = server.ask("GET", "/worlds")
    except EmulatorError as error:
        raise click.ClickException(escaped(str(error).replace("--emulator-url", "--url"))) from None
    if not fits(found, WORLDS):
        raise click.ClickException(f"what answers at {redact_text(query.url)!r} (--url, EMULATOR_URL) is no emulator")
    yield from ({name: it[name] for name in ("id", "seed", "clock")} for it in found["worlds"])


LISTINGS: Mapping[str, Listing] = {
    "scenarios": Listing(
        "scenarios that are shipped, or in the folder of --scenarios",
        frozenset({"folders", "vendor"}),
        scenarios,
        {"NAME": itemgetter("name"), "TITLE": lambda it: it["title"] or f"(no title: batch-emulator check {it['name']})"},
    ),
    "assumptions": Listing(
        "choices where the vendors publish nothing; a scenario sets them in `assume`",
        frozenset({"vendor"}),
        assumptions,
        {
            "ASSUMPTION": itemgetter("id"),
            "CHOICES (* default)": lambda it: ", ".join(
                f"{choice}*" * (choice == it["default"]) or choice for choice in it["choices"]
            ),
            "QUESTION": itemgetter("question"),
        },
    ),
    "timers": Listing(
        "durations after which something happens by itself; a scenario sets them in `timing`",
        frozenset({"vendor"}),
        timers,
        {"TIMER": itemgetter("id"), "DEFAULT": itemgetter("default"), "MEANING": itemgetter("meaning")},
    ),
    "operations": Listing(
        "requests that the vendors answer",
        frozenset({"vendor"}),
        operations,
        {"OPERATION": itemgetter("name"), "METHOD": itemgetter("method"), "PATH": itemgetter("path")},
    ),
    "worlds": Listing(
        "worlds of the running server at --url",
        frozenset({"url", "token"}),
        worlds,
        {
            "WORLD": itemgetter("id"),
            "SEED": lambda it: str(it["seed"]),
            "NOW": lambda it: it["clock"]["now"],
            "RATE": lambda it: str(it["clock"]["rate"]),
            "NEXT CHANGE": lambda it: it["clock"]["next"] or "none",
        },
    ),
}


@click.command("list")
@click.argument("kind", metavar="[KIND]", required=False, type=click.Choice(list(LISTINGS)))
@option("--vendor", help="Only this vendor's, such as serpwow.")
@option("--json", "as_json", is_flag=True, help="JSON, for programs.")
@scenarios_option
@server_url_option("The server whose worlds to list.")
@token_option("What that server demands.")
@click.pass_context
def list_command(context: click.Context, /, kind: str | None, as_json: bool, **options: Any) -> None:
    """List scenarios, assumptions, timers, operations, or the worlds of a running server; without KIND, how many there are."""
    query = Query(**options)
    _expect_effect(context, kind)
    _expect_vendor(query)
    if kind is None:
        counts = {name: sum(1 for _ in it.find(query)) for name, it in LISTINGS.items() if name != "worlds"}
        lines = json.dumps(counts, indent=2) if as_json else "\n".join(_overview(counts))
    else:
        items = list(LISTINGS[kind].find(query))
        lines = json.dumps(items, indent=2, default=float) if as_json else "\n".join(_table(LISTINGS[kind], items))
    click.echo(lines)


def _expect_effect(context: click.Context, kind: str | None) -> None:
    """Refuse options on the command line that would change nothing.

    Raises:
        click.UsageError: there is one.
    """
    used = LISTINGS[kind].options if kind else {"vendor", "folders"}
    for parameter in context.command.params:
        is_given = context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
        if is_given and parameter.name in Query._fields and parameter.name not in used:
            raise click.UsageError(f"{parameter.opts[0]} changes nothing in a list of {kind or 'everything'}: leave it out")


def _expect_vendor(query: Query) -> None:
    if not query.vendors:
        from emulator.kernel.errors import NotFound
        from emulator.vendors import VENDORS

        raise click.UsageError(str(NotFound("vendor", str(query.vendor), VENDORS)))


def _overview(counts: Mapping[str, int]) -> Iterator[str]:
    width = max(map(len, LISTINGS))
    for name, kind in LISTINGS.items():
        yield f"{name:{width}}  {counts.get(name, ''):>4}  {kind.about}"
    yield "\n`batch-emulator list KIND` lists one of them; --json for programs"


def _table(kind: Listing, items: Sequence[Item]) -> Iterator[str]:
    """A line for each item, under the titles of its columns."""
    rows = [list(kind.columns), *([escaped(show(it)) for show in kind.columns.values()] for it in items)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
