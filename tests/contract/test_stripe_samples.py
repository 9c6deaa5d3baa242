"""The two samples of Stripe's cancel page are what the cancel calls answer, letter by letter but for white space."""

from __future__ import annotations

import re

import pytest

from emulator.client.in_process import InProcessClient
from emulator.contract.fixtures import fixtures_folder
from emulator.scenario.client import Headers, ReceivedResponse
from emulator.scenario.player import play
from tests.support.loading import LIBRARY

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\S')
LINK = re.compile(r'"http[^"]*/(?:files|_files)/[^"]*"')
"""The link to the results: theirs ends in three dots, ours leads here."""


def letters_of(text: str) -> str:
    """Return JSON without white space between its parts, every number and key as it is written."""
    return LINK.sub('"LINK"', "".join(_TOKEN.findall(text)))


class Recording(InProcessClient):
    """A client that keeps the text of each answer to a cancel."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def send(self, method: str, target: bytes, headers: Headers = (), content: bytes | None = None) -> ReceivedResponse:
        response = super().send(method, target, headers, content)
        if target.endswith(b"/cancel"):
            self.texts.append(response.text)
        return response


@pytest.mark.parametrize(
    ("scenario", "sample"),
    [
        ("stripe/cancel-page-sample-cancelling", "cancel-accepted"),
        ("stripe/cancel-page-sample-canceled", "cancel-canceled"),
    ],
)
def test_a_cancel_answers_with_the_sample_of_its_page(scenario: str, sample: str) -> None:
    client = Recording()
    assert play(LIBRARY.get(scenario), client).differences == []
    text = (fixtures_folder() / "stripe" / "samples" / f"{sample}.json").read_text("utf-8")
    assert [letters_of(answer) for answer in client.texts] == [letters_of(text)]


@pytest.mark.parametrize(
    "other", ['{"b": 1, "a": 2}', '{"a": 2.0, "b": 1}', '{"a": 2, "b": 1, "c": null}', '{"a": "2", "b": 1}']
)
def test_another_order_number_or_key_is_another_text(other: str) -> None:
    assert letters_of(other) != letters_of('{ "a": 2,\n "b": 1 }')
