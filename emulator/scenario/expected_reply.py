"""A reply as a step of a scenario expects it: a sentence for each difference."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.kernel.calls import fits_status
from emulator.scenario.client import ReceivedResponse, read_foreign
from emulator.scenario.document import JsonObject
from emulator.state.compare import differences, exact_difference, header_difference, safe_text
from emulator.text.redact import redact_header, redact_text


def reply_differences(expected: JsonObject, reply: ReceivedResponse) -> Iterator[str]:
    """Yield in what a reply is not as expected."""
    statuses = expected.get("status", reply.status)
    if not fits_status(reply.status, statuses if isinstance(statuses, list) else [statuses]):
        shown = " or ".join(map(str, statuses)) if isinstance(statuses, list) else statuses
        yield f"the status is {reply.status}, not {shown}; the body is {safe_text(reply.text)}"
    for name, value in expected.get("headers", {}).items():
        yield from _header_differences(name, value, reply.header(name))
    if "text" in expected and reply.text != expected["text"]:
        yield from differences(expected["text"], reply.text)
    if "json" in expected:
        compare = exact_difference if expected.get("exactly") else differences
        yield from compare(expected["json"], json_of(reply))


def _header_differences(name: str, expected: str | None, actual: str | None) -> Iterator[str]:
    if expected is None and actual is not None:
        yield f"the header {redact_text(name)} is {redact_header(name, actual)!r}, and should not be there"
    elif expected is not None and actual is None:
        yield f"there is no header {redact_text(name)}, which should be {redact_header(name, expected)!r}"
    elif expected is not None and actual is not None and actual != expected:
        yield header_difference(name, actual, expected)


def json_of(reply: ReceivedResponse) -> Any:
    """Return the JSON of a reply, or the text of one that is none."""
    try:
        return read_foreign(reply.content)
    except ValueError:
        return reply.text
