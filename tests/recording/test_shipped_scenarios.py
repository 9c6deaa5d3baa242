"""What the steps of a shipped scenario do is recorded as a scenario that does the same."""

from __future__ import annotations

import re

import pytest

from emulator.sdk.exact_json import dump
from emulator.server.app import create_app, worlds_of
from emulator.web.connection import App
from tests.support.loading import LIBRARY
from tests.support.recordings import played, read

TOO_MUCH = {"serpwow/schedule-by-days-and-minutes": "its journal has made room for newer entries"}
"""The scenarios that cannot be recorded, and why."""


@pytest.fixture(scope="module")
def app() -> App:
    return create_app(worlds_of([]))


def covered(transcript: object) -> str:
    """A transcript without the first characters of secrets: a recording has others in their places."""
    return re.sub(r"[\w-]{1,4}…", "…", dump(transcript).decode())


@pytest.mark.parametrize("name", sorted({*LIBRARY.names()} - {*TOO_MUCH}))
def test_a_recording_plays_with_the_same_transcript_and_is_recorded_the_same(name: str, app: App) -> None:
    original = played(LIBRARY.get(name), app)
    again = played(read(original.recording, name), app)
    assert again.differences == []
    assert covered(again.transcript) == covered(original.transcript)
    assert again.recording == original.recording


@pytest.mark.parametrize("name", TOO_MUCH)
def test_what_cannot_be_recorded_is_refused(name: str, app: App) -> None:
    refused = played(LIBRARY.get(name), app)
    assert refused.status == 409
    assert "of this journal made room for newer ones: a recording would begin in the middle" in refused.recording
