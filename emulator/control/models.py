"""The records of a server and its worlds, from which schemas, responses and the handle's records are made."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from emulator.control.delivery_models import OutgoingDelivery
from emulator.control.journal_models import Basis, Difference
from emulator.control.record import TEXT, As, Count, Key, LeftOut, Record, ref
from emulator.scenario.document import JsonDict, JsonObject
from emulator.scenario.schema import DURATION

WORLD_ID = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$", "description": "letters, digits, - _ ."}

State = Annotated[JsonDict, As(ref("state"))]
"""The state of a world by vendor, as a scenario writes it in `given`."""


class Health(Record, component="health"):
    """The answer of a server that is up."""

    status: Literal["ok"]
    version: str


class VendorLink(Record):
    """A vendor, and the base URL for its clients."""

    name: str
    url: str


class WorldLink(Record):
    """A world, and where it is shown."""

    id: str
    url: str


class Index(Record, component="index"):
    """The index of a server. `worlds` is None for a client without the control token."""

    name: str
    version: str
    vendors: tuple[VendorLink, ...]
    worlds: tuple[WorldLink, ...] | None
    links: dict[str, str]


class ScenarioSummary(Record, component="scenario-summary"):
    """A scenario of the library: its title, or the problems of one that cannot be read."""

    name: str
    title: LeftOut[str]
    problems: LeftOut[tuple[str, ...]]


class Scenarios(Record):
    """The scenarios of the library."""

    scenarios: tuple[ScenarioSummary, ...]


class ScenarioText(Record):
    """A scenario as it is written."""

    name: str
    title: str
    scenario: Annotated[JsonObject, As(ref("scenario"))]


class Mistake(Record):
    """A mistake in a scenario, or what in it can have no effect, and where that stands, None where nobody can tell."""

    line: Count | None
    column: Count | None
    message: str


class Checked(Record):
    """The mistakes of a scenario, and where it has none, the warnings; `untold` counts those that are left out."""

    mistakes: tuple[Mistake, ...]
    warnings: tuple[Mistake, ...]
    untold: Count


class OperationSummary(Record):
    """An operation of a vendor, at its path below the vendor's mounts."""

    name: str
    method: str
    path: str


class Machine(Record):
    """The states of one kind of resource, and its rows."""

    kind: str
    states: tuple[str, ...]
    rows: tuple[JsonDict, ...]


class TimerSummary(Record):
    """A timer that a scenario can set."""

    default: str
    source: str


class Assumption(Record):
    """A choice where evidence is silent."""

    id: str
    question: str
    choices: tuple[str, ...]
    default: str
    reason: str


class Evidence(Record):
    """A fact about a vendor."""

    id: str
    kind: Basis
    source: str
    says: str


class Vendor(Record, component="vendor"):
    """A vendor: operations, machines, timers, assumptions and evidence."""

    name: str
    mounts: tuple[str, ...]
    operations: tuple[OperationSummary, ...]
    machines: tuple[Machine, ...]
    timers: Annotated[dict[str, TimerSummary], Key("waits")]
    assumptions: tuple[Assumption, ...]
    evidence: tuple[Evidence, ...]


class Vendors(Record):
    """Every vendor of a server."""

    vendors: tuple[Vendor, ...]


class Clock(Record, component="clock"):
    """The clock of a world: its time, its rate, the next timer, and how far it is behind, None where it is not.

    `because` says why time stands where there is no room for what is due. `skew` is how far the vendors' clocks are ahead of
    it, None where they agree: what a vendor dates, the journal too, is in the vendor's time.
    """

    now: datetime
    rate: Annotated[Any, As({"anyOf": [{"enum": ["frozen", "real"]}, {"type": "number"}]})]
    next: datetime | None
    behind: LeftOut[Annotated[str, As(DURATION)]]
    because: LeftOut[str]
    skew: LeftOut[str]


BY_ACCOUNT = {"anyOf": [TEXT, {"type": "object", "additionalProperties": {"type": "object", "additionalProperties": TEXT}}]}
"""The schema of a field of a vendor's credentials, or of those of its accounts by their ids."""


class World(Record, component="world"):
    """A world, and by vendor the URL and the credentials with which its clients reach it, each account where it has several.

    `title` and `parameters` are those of its scenario. It is dropped where no request reaches it for its `ttl`. Where it was
    just made, `warnings` say what in its scenario can have no effect.
    """

    id: Annotated[str, As(WORLD_ID)]
    seed: Count
    clock: Clock
    credentials: dict[str, dict[str, Annotated[Any, As(BY_ACCOUNT)]]]
    title: LeftOut[str]
    parameters: LeftOut[JsonDict]
    ttl: LeftOut[Annotated[str, As(DURATION)]]
    warnings: LeftOut[tuple[str, ...]]


class Memory(Record):
    """The bytes that worlds take, of at most `limit`."""

    used: Count
    limit: Count
    worlds: dict[str, Count]


class Worlds(Record):
    """Every world of a server."""

    worlds: tuple[World, ...]
    memory: Memory


class Advance(Record):
    """The time after a clock was advanced, and the changes on the way, each as JSON.

    Where time stands before it is `to`, the `deliveries` have to be made and their answers reported first.
    """

    now: datetime
    fired: Annotated[Sequence[Any], As({"type": "array", "items": ref("change")})]
    to: LeftOut[datetime]
    deliveries: LeftOut[tuple[OutgoingDelivery, ...]]


class Moment(Record, component="moment"):
    """A moment of a world that has a name."""

    name: str
    at: datetime


class Snapshots(Record):
    """The snapshots of a world."""

    snapshots: tuple[Moment, ...]


class Comparison(Record, component="comparison"):
    """The differences between two moments."""

    source: Annotated[Moment, Key("from")]
    to: Moment
    differences: tuple[Difference, ...]
    rest: Count


class Position(Record, component="place"):
    """The present of a world: its clock, and the number of its newest journal entry."""

    clock: Clock
    journal: Count


class Recording(Record, component="recording"):
    """A recording of a world: the text of a scenario in YAML, and each request that no step can send, with the reason."""

    scenario: str
    left_out: tuple[str, ...]


class Copied(Record, component="copied"):
    """An exchange of a client as a text to be taken away, or as a request to be written anew."""

    text: LeftOut[str] = None
    method: LeftOut[str] = None
    url: LeftOut[str] = None
    headers: LeftOut[dict[str, str]] = None
    body: LeftOut[Any] = None


class PendingTimer(Record, component="pending"):
    """A timer that will fire."""

    at: datetime
    vendor: str
    resource: str
    id: str
    timer: str


class Pending(Record):
    """The timers that fire next."""

    pending: tuple[PendingTimer, ...]
