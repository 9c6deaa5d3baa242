"""A story as a test: a file that pytest runs, in which a client of httpx hears what it heard."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from emulator.recording.events import Event
from emulator.recording.named import kept_by, names_in, own_field, paired
from emulator.recording.python_code import WIDTH, Python, identifier, is_float, literal
from emulator.recording.recorder import Story
from emulator.scenario.document import MARK, JsonObject
from emulator.sdk.exact_json import dump
from emulator.text.escape import escaped
from emulator.text.pattern import pattern

TAKEN = frozenset({"answer", "body", "client", "emulator", "httpx", "pytest", "str", "test"})
"""Names in the file that no value gets."""

_HEADERS = frozenset({"headers"})
SHORT_CUTS = {"GET": _HEADERS, "DELETE": _HEADERS} | dict.fromkeys(("POST", "PUT", "PATCH"), _HEADERS | {"json", "content"})
"""The methods of HTTP that the client has methods for, and what these take."""

_TARGET = pattern(r"/(?!/)[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*")
_DOTS = pattern(r"/\.\.?(?:[/?]|$)")


def pytest_file(story: Story, events: Sequence[Event], own: Mapping[str, str]) -> str:
    """Return a test in which what happened happens again, and the last answer is that of the last event."""
    return "".join(f"{line}\n" if line else "\n" for line in _Test(story, events, own).lines())


class _Test:
    """A test in the making. `own` are the fields of the world's own credentials by name."""

    def __init__(self, story: Story, events: Sequence[Event], own: Mapping[str, str]) -> None:
        self._parts, self._said = story.parts, [*paired(events, story.said)]
        self._taken = {*TAKEN}
        steps = [it.step for _, it in self._said if it.step]
        used = {name for step in steps for name in names_in(step) if name in own}
        vendors = {it.vendor.name: it.vendor.python_name for it, _ in self._said if it}
        self._own = {name: identifier(_variable(name, vendors), self._taken) for name in sorted(used)}
        self._names, self._picking = dict(self._own), {*self._own}
        self._code = Python(self._names)

    def lines(self) -> Iterator[str]:
        """Yield the lines of the file."""
        call = self._said[-1][0]
        assert call is not None  # noqa: S101  the last event is a request
        beginning = Python({}).value(_unmarked(self._parts), column=len("SCENARIO = "))
        steps = [*self._steps()]
        text = "\n".join([beginning, *steps])
        outcome = "is not answered" if _is_lost(self._said[-1][1].step) else f"is answered {call.status}"
        title = f"{self._parts['title']}: {call.operation} {outcome}"
        yield f'"""{title}"""' if re.fullmatch(r"[\w ,.:;()/-]+", title) else literal(escaped(title))
        yield ""
        if 'Decimal("' in text:
            yield from ("from decimal import Decimal", "")
        yield from ("import httpx", "import pytest", "", f"SCENARIO = {beginning}", "", "")
        yield "@pytest.mark.scenario(SCENARIO)"
        yield f"def test_{re.sub('[^a-z0-9]+', '_', call.operation.lower()).strip('_')}(emulator):"
        for name, variable in self._own.items():
            yield f"    {variable} = {_credential(name)}"
        yield f"    with httpx.Client(base_url=emulator.url{self._world()}) as client:"
        yield from (f"        {line}" for line in steps)

    def _world(self) -> str:
        """Return how the client names its world, where a request has no credential that picks it."""
        steps = [it.step for call, it in self._said if call and it.step]
        is_named = all(it["send"].split(" ")[1].startswith("{") or not self._picking.isdisjoint(names_in(it)) for it in steps)
        return "" if is_named else ', headers={"Emulator-World": emulator.id}'

    def _steps(self) -> Iterator[str]:
        last = len(self._said) - 1
        for place, (call, said) in enumerate(self._said):
            if said.step is None:
                yield f"# {said.comment}"
            elif call is None:
                yield from self._done(said.step)
            else:
                yield from self._sent(said.step)
                yield from self._heard(said.step["get"], in_full=place == last)
                if place == last and _is_lost(said.step):
                    yield f"assert emulator.journal.exchanges()[-1].status == {call.status}  # nobody heard it"
                kept = kept_by(call, said.step)
                for name, it in kept.items():
                    variable = identifier(name, self._taken)
                    yield f"{variable} = answer.json(){_way(it.path)}"
                    self._names[name] = variable
                    self._picking |= {name} if it.is_secret else set()

    def _done(self, step: JsonObject) -> Iterator[str]:
        """Yield the lines of what time or a controller does."""
        ((verb, what),) = step.items()
        if verb == "advance":
            by = f"to={literal(what['to'])}" if isinstance(what, Mapping) else literal(what)
            yield f"emulator.clock.advance({by})"
        elif verb == "set":
            yield from self._call("emulator.state.change", [self._plain(what)])
        elif verb == "revoke":
            yield from self._call("emulator.timeline.add", ['after="0s"', f"revoke={self._plain(what)}"])
        else:
            words = {f"{name}_" if name == "for" else name: part for name, part in what.items()}
            adding = {"fault": "emulator.faults.add", "reply": "emulator.replies.add"}[verb]
            yield from self._call(adding, [f"{name}={self._plain(part)}" for name, part in words.items()])

    def _plain(self, value: Any) -> str:
        return Python({}).value(value, 12, 20)

    def _sent(self, step: JsonObject) -> Iterator[str]:
        method, _, target = step["send"].partition(" ")
        more = {"headers": dict(step.get("headers", {})), **_content(step)}
        if "content" in more and "json" in step:
            more["headers"].setdefault("Content-Type", "application/json")
        more = {name: part for name, part in more.items() if part not in ({}, None)}
        arguments = [f"{name}={self._code.value(part, 12, 20)}" for name, part in more.items()]
        url, options = self._url(target)
        is_short = more.keys() <= SHORT_CUTS.get(method, frozenset())
        function, first = (f"client.{method.lower()}", [url]) if is_short else ("client.request", [literal(method), url])
        if "fails" in step["get"]:
            yield "with pytest.raises(httpx.TransportError):"
            yield from (f"    {line}" for line in self._call(function, [*first, *arguments, *options]))
        else:
            yield from self._call(f"answer = {function}", [*first, *arguments, *options])

    def _url(self, target: str) -> tuple[str, list[str]]:
        """Return an expression for a path with its query, and how it is sent as it is where the client would mend it."""
        if _TARGET.fullmatch(re.sub(r"\{[^{}]*\}", "x", target)) and not _DOTS.search(target.partition("?")[0]):
            return self._code.text(target), []
        if target.startswith("{"):
            return self._code.text(target), []
        return '"/"', [f'extensions={{"target": {self._code.text(target)}.encode()}}']

    def _call(self, function: str, arguments: Iterable[str]) -> Iterator[str]:
        """Yield the lines of a call: one, or one for each argument."""
        arguments = [*arguments]
        line = f"{function}({', '.join(arguments)})"
        if len(line) <= WIDTH - 8 and "\n" not in line:
            yield line
            return
        yield f"{function}("
        for it in arguments:
            yield from f"    {it},".replace("\n" + " " * 8, "\n").split("\n")
        yield ")"

    def _heard(self, expected: JsonObject, in_full: bool) -> Iterator[str]:
        if "fails" in expected:
            return
        yield f"assert answer.status_code == {expected['status']}"
        if not in_full:
            return
        if "text" in expected:
            yield f"assert answer.text == {self._code.text(expected['text'])}"
        if isinstance(expected.get("json"), (Mapping, list)):
            yield "body = answer.json()"
            yield from self._found("body", expected["json"])
        elif "json" in expected:
            yield from self._found("answer.json()", expected["json"])

    def _found(self, place: str, expected: Any) -> Iterator[str]:
        """Yield the assertions on what is expected at a place."""
        if isinstance(expected, Mapping) and expected:
            for name, part in expected.items():
                yield from self._found(f"{place}[{literal(name)}]", part)
        elif isinstance(expected, list) and expected:
            yield f"assert len({place}) == {len(expected)}"
            for index, part in enumerate(expected):
                yield from self._found(f"{place}[{index}]", part)
        elif isinstance(expected, bool) or expected is None:
            yield f"assert {place} is {expected}"
        elif isinstance(expected, (str, int, list, Mapping)) or is_float(expected):
            yield f"assert {place} == {self._code.value(expected)}"


def _content(step: JsonObject) -> dict[str, Any]:
    """Return a body as the client takes it: a JSON value where floats are as exact, else a text."""
    if "json" in step:
        is_taken = step["json"] not in ({}, None) and _is_exact(step["json"])
        return {"json": step["json"]} if is_taken else {"content": dump(step["json"]).decode()}
    return {"content": step["body"]} if "body" in step else {}


def _is_lost(step: JsonObject | None) -> bool:
    """Tell whether the client of a step does not hear the answer."""
    return step is not None and "fails" in step.get("get", ())


def _is_exact(value: Any) -> bool:
    if isinstance(value, Mapping):
        return all(map(_is_exact, value.values()))
    if isinstance(value, list):
        return all(map(_is_exact, value))
    return value is None or isinstance(value, (str, int)) or is_float(value)


def _way(path: Iterable[str | int]) -> str:
    return "".join(f"[{literal(it) if isinstance(it, str) else it}]" for it in path)


def _variable(name: str, vendors: Mapping[str, str]) -> str:
    """Return a name for a variable that has a credential: the vendor's, as Python spells it, and the field's."""
    own = own_field(name)
    return "_".join(it for it in (vendors.get(own.vendor, own.vendor), own.account, own.field) if it)


def _credential(name: str) -> str:
    own = own_field(name)
    account = f".as_account({literal(own.account)})" if own.account else ""
    return f"emulator[{literal(own.vendor)}]{account}.{own.field}"


def _unmarked(value: Any) -> Any:
    """Return a scenario in which no parameter is read."""
    if isinstance(value, Mapping):
        return {_unmarked(name): _unmarked(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [*map(_unmarked, value)]
    return value.replace(MARK, f"${MARK}") if isinstance(value, str) else value
