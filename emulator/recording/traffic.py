"""A file of traffic as a recording: what a client did, and what there must have been before it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from emulator.kernel.errors import BadInput
from emulator.kernel.time import format_instant
from emulator.recording.credentials import Credentials
from emulator.recording.events import Call
from emulator.recording.given import given_by, tokens_by
from emulator.recording.har import read_har
from emulator.recording.recorder import Recording, record
from emulator.sdk.vendor import Vendors

TO_FILL_IN = (
    "Traffic does not tell what there was before it, but for what its first answers show. Add to `given` what else these",
    "requests find, and to `timing` how long things take.",
)
"""Comments in a recording that does not play yet."""


class TrafficRecording(NamedTuple):
    """A recording, how many requests to each host are left out, being no vendor's, and how many differences it plays with."""

    recording: Recording
    others: Mapping[str, int]
    differences: int


def record_har(
    content: bytes,
    vendors: Vendors,
    only: frozenset[str] = frozenset(),
    title: str | None = None,
    count_differences: Callable[[str], int] = lambda _text: 0,
) -> TrafficRecording:
    """Return what a client did, from the content of a HAR file, of some vendors only where they are named.

    `count_differences` plays a recording. One that does not play says what is to be filled in.

    Raises:
        BadInput: it is no HAR file, or has no request of a vendor, or too many.
        Conflict: the recording is longer than a scenario may be.
    """
    start, events, others = read_har(content, vendors, only)
    calls = [it for it in events if isinstance(it, Call)]
    if not calls:
        names = ", ".join(only or vendors)
        raise BadInput.at(f"none of its requests is one of {names}, as far as their hosts and paths tell: name the vendor")
    beginning = {"clock": {"start": format_instant(start)}, "given": given_by(calls, vendors, {"start": format_instant(start)})}
    credentials = Credentials({}, lambda _vendor, _credential: True, events)
    for vendor, tokens in tokens_by(calls, credentials).items():
        beginning["given"][vendor] = tokens | beginning["given"].get(vendor, {})
    parts = {name: part for name, part in beginning.items() if part}
    recording = record(parts, start, events, credentials, title)
    differences = count_differences(recording.text)
    if differences:
        recording = record(parts, start, events, credentials, title, TO_FILL_IN)
    return TrafficRecording(recording, others, differences)
