"""An exchange to take away: a command of curl, a step, or a test. A credential becomes the world's own, by its name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate, takewhile
from typing import Any

from emulator.kernel.errors import Conflict
from emulator.kernel.world import World
from emulator.kernel.worlds import DEFAULT
from emulator.recording.curl import Values, curl
from emulator.recording.events import Call, Event
from emulator.recording.named import Kept, kept_by, names_in, paired, with_values
from emulator.recording.pytest_file import pytest_file
from emulator.recording.recorder import LONGEST_BODIES, Story, check_length, credentials_of, own_fields, tell
from emulator.recording.worlds import beginning_of, check_whole, events_until, start_of
from emulator.scenario.document import Document, JsonDict
from emulator.scenario.layout import step_lines
from emulator.scenario.loader import load_document
from emulator.sdk.exact_json import dump
from emulator.sdk.vendor import Vendors
from emulator.text.escape import escaped
from emulator.text.redact import redact_text

NEAREST = 500
"""Events before an exchange in which the values are looked for that it was sent with."""

MOST_IDLE = 20
"""Times that a scenario is looked through for what can have no effect, each time without what was found before."""


def as_test(world: World, vendors: Vendors, n: int) -> str:
    """Return the file of a test that plays what happened in a world up to exchange `n`, and asserts the answer to it.

    Raises:
        Conflict: the journal lost its first entries, no client can send that request again, or it would be too long.
    """
    check_whole(world)
    events = events_until(world, vendors, n)
    beginning = _without_idle(beginning_of(world, vendors), vendors)
    story = tell(beginning, start_of(world), events, credentials_of(world, vendors, events), last_in_full=True)
    _last_step(story, n)
    text = pytest_file(story, events, own_fields(world, vendors))
    check_length(text)
    return text


def as_step(world: World, vendors: Vendors, n: int) -> str:
    """Return exchange `n` of a world as a step, as it stands below `steps`; comments say what steps before it keep.

    Raises:
        Conflict: no step can send that request.
    """
    step, kept = _step_of(world, vendors, n)
    comments = [f"  # {_keeping(name, kept[name])}" for name in names_in(step) if name in kept]
    return "".join(f"{line}\n" for line in (*comments, *step_lines(step)))


def as_curl(world: World, vendors: Vendors, n: int, base_url: str) -> str:
    """Return exchange `n` of a world as a command of curl that sends it to that URL once more.

    Raises:
        Conflict: no command can send that request.
    """
    values = Values(own_fields(world, vendors), {}, vendors, base_url, None if world.id == DEFAULT else world.id)
    step, kept = _step_of(world, vendors, n)
    return curl(step, values._replace(kept=kept))


def as_request(world: World, vendors: Vendors, n: int) -> JsonDict:
    """Return exchange `n` of a world as a request to be written anew: its method, URL, headers and body.

    Names in braces stand for credentials, and for what answers gave and may not be read.

    Raises:
        Conflict: no client can send that request.
    """
    step, kept = _step_of(world, vendors, n)
    values = {name: f"{{entry/{it.call.n}/{it.place}}}" if it.is_secret else it.value for name, it in kept.items()}
    is_picked = any(name in own_fields(world, vendors) or (name in kept and kept[name].is_secret) for name in names_in(step))
    step = with_values({name: step[name] for name in ("send", "headers", "json", "body") if name in step}, values)
    method, _, url = step["send"].partition(" ")
    headers = dict(step.get("headers", {}))
    headers |= {} if is_picked or world.id == DEFAULT else {"Emulator-World": world.id}
    body = step.get("json", step.get("body"))
    if "json" in step and not isinstance(body, (dict, list)):
        headers.setdefault("Content-Type", "application/json")
        body = dump(body).decode()
    return {"method": method, "url": url, "headers": headers, "body": body}


def _keeping(name: str, kept: Kept) -> str:
    """Return the words that say where a value is from that a step needs."""
    path = escaped(redact_text(kept.place))
    return (
        f"a step before it has: keep: {{{name}: {path}}}, of {escaped(redact_text(f'{kept.call.method} {kept.call.target}'))}"
    )


def _step_of(world: World, vendors: Vendors, n: int) -> tuple[JsonDict, dict[str, Kept]]:
    """Return the step of an exchange, and the values that answers before it gave."""
    events = _nearest(events_until(world, vendors, n))
    beginning = beginning_of(world, vendors)
    story = tell(beginning, start_of(world), events, credentials_of(world, vendors, events), last_in_full=True)
    kept: dict[str, Kept] = {}
    for call, said in paired(events, story.said[:-1]):
        kept |= kept_by(call, said.step) if call and said.step else {}
    step = dict(_last_step(story, n))
    step.pop("keep", None)
    return step, kept


def _nearest(events: list[Event]) -> list[Event]:
    """Return the newest events, so many that their bodies have room in a recording."""
    sizes = accumulate(len(it.body) if isinstance(it, Call) else 0 for it in reversed(events))
    count = sum(1 for _ in takewhile(lambda size: size <= LONGEST_BODIES, sizes))
    return events[-min(max(count, 1), NEAREST) :]


def _last_step(story: Story, n: int) -> JsonDict:
    """Return the step of the last event.

    Raises:
        Conflict: there is none, and why.
    """
    step, comment = story.said[-1]
    if step is None:
        raise Conflict(f"exchange {n} cannot be copied: {comment}")
    return step


def _without_idle(scenario: JsonDict, vendors: Vendors) -> JsonDict:
    """Return a scenario without the parts that can have no effect, which a test's own may not have."""
    for _ in range(MOST_IDLE):
        idle = load_document(Document(scenario), vendors, titled=False).warnings
        if not idle:
            break
        for path in sorted({it.path for it in idle}, key=lambda path: [str(part).zfill(9) for part in path], reverse=True):
            scenario = _without(scenario, path)
    return scenario


def _without(value: Any, path: Sequence[str | int]) -> Any:
    """Return a value without what is at a path."""
    key, rest = path[0], path[1:]
    if isinstance(value, Mapping):
        parts = {name: _without(it, rest) if name == key and rest else it for name, it in value.items()}
        return {name: it for name, it in parts.items() if rest or name != key}
    parts_of_list = [_without(it, rest) if place == key and rest else it for place, it in enumerate(value)]
    return [it for place, it in enumerate(parts_of_list) if rest or place != key]
