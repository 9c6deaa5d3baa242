"""What is large is shown in pages and written in pieces: nothing is lost, and the rest is counted."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import Emulator, EmulatorServer
from emulator.control import differences
from emulator.control.differences import MAX_TEXT
from emulator.sdk import json_pieces as pieces
from emulator.sdk.exact_json import dump
from emulator.sdk.json_pieces import Room, in_pieces, together
from emulator.text import nearest
from emulator.text.nearest import SEARCHED, near

PAGE = 10
BATCHES = PAGE + 5
SCENARIO = {
    "title": "Many batches",
    "timing": {"serpwow.queue": "never"},
    "given": {
        "serpwow": {"account": {"credits_limit": 10**6}, "batches": [{"repeat": BATCHES, "status": "queued", "searches": 1}]},
    },
}
CHANGED = BATCHES + 1
"""The batches that a stop-all stops, and the account."""


def stop_all(emulator: Emulator) -> str:
    """The target that stops all batches of a world."""
    return f"/live/batches/stopall?api_key={emulator.serpwow.api_key}"


@pytest.fixture
def many_stopped(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """A world in which a stop-all has stopped more batches than a page has."""
    monkeypatch.setattr(differences, "PAGE_SIZE", PAGE)
    with EmulatorServer() as server, Emulator(server=server) as emulator:
        emulator.load(SCENARIO)
        emulator.snapshot("before")
        httpx.get(emulator.serpwow.url.removesuffix("/live") + stop_all(emulator)).raise_for_status()
        yield emulator


@pytest.mark.parametrize("path", ["/diff?from=before", "/journal/last/explain"])
def test_a_page_has_the_first_differences_and_counts_the_rest(many_stopped: Emulator, path: str) -> None:
    page = many_stopped.ask("GET", path)
    assert (len(page["differences"]), page["rest"]) == (PAGE, CHANGED - PAGE)
    sign = "&" if "?" in path else "?"
    few = many_stopped.ask("GET", f"{path}{sign}limit=2")
    assert (few["differences"], few["rest"]) == (page["differences"][:2], CHANGED - 2)


def test_pages_one_after_the_other_have_every_difference_once(many_stopped: Emulator) -> None:
    differences: list[Any] = []
    rest = 1
    while rest:
        page = many_stopped.ask("GET", f"/diff?from=before&limit=4&after={len(differences)}")
        differences, rest = differences + page["differences"], page["rest"]
    assert len(differences) == CHANGED
    assert [difference["text"] for difference in differences] == [str(difference) for difference in many_stopped.diff("before")]


def test_a_commit_of_the_ledger_has_a_page_and_the_totals_of_all(many_stopped: Emulator) -> None:
    commit = many_stopped.ask("GET", "/ledger")["commits"][-1]
    assert (len(commit["differences"]), commit["rest"]) == (PAGE, CHANGED - PAGE)
    assert commit["totals"]["serpwow"]["states"]["batches"]["queued -> idle"]["count"] == BATCHES
    assert len(many_stopped.ledger.commits[-1].differences) == CHANGED


def test_a_patch_and_a_dry_run_answer_with_a_page_and_the_handle_with_all(many_stopped: Emulator) -> None:
    many_stopped.restore("before")
    rehearsal = many_stopped.ask("POST", "/dry-run", {"method": "GET", "url": stop_all(many_stopped)})
    assert (len(rehearsal["differences"]), rehearsal["rest"]) == (PAGE, CHANGED - PAGE)
    assert len(many_stopped.dry_run("GET", stop_all(many_stopped)).differences) == CHANGED
    many = {"serpwow": {"batches": [{"repeat": BATCHES, "status": "idle", "searches": 1}]}}
    rehearsal = many_stopped.ask("PATCH", "/state", many)
    assert (len(rehearsal["differences"]), rehearsal["rest"]) == (PAGE, BATCHES - PAGE)
    assert len(many_stopped.state.change(many)) == BATCHES


@pytest.mark.parametrize("query", ["limit=0", "limit=x", "after=-1"])
def test_a_page_that_is_none_is_refused_by_name(many_stopped: Emulator, query: str) -> None:
    with pytest.raises(Exception, match=query.partition("=")[0]):
        many_stopped.ask("GET", f"/diff?{query}")


def test_a_difference_shows_the_beginning_of_a_long_text_and_the_state_has_all_of_it() -> None:
    content = "".join(f'{{"id":"r{n}","params":{{}}}}\n' for n in range(MAX_TEXT))
    with EmulatorServer() as server, Emulator(server=server) as emulator:
        emulator.load(
            {"title": "A job", "given": {"stripe": {"batch_jobs": [{"id": "batchv2_1", "status": "ready_for_upload"}]}}}
        )
        page = emulator.state.change(
            {"stripe": {"batch_jobs": [{"id": "batchv2_1", "status": "validating", "input": content}]}}
        )
        change = page[0].changed
        assert change is not None
        text = emulator.state["stripe"]["batch_jobs"][0]["input"]
        after = change["input"][1]
    assert len(after) < MAX_TEXT + 100
    assert after.startswith(text[:MAX_TEXT])
    assert f"({len(text):,} characters)" in after
    assert text.count("\n") == MAX_TEXT


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.decimals(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner, max_size=12) | st.dictionaries(st.text(), inner, max_size=12),
    max_leaves=60,
)


@given(VALUES)
def test_pieces_together_are_the_value(value: Any) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pieces, "PART", 1)
        patch.setattr(pieces, "LETTERS", 4)
        patch.setattr(pieces, "SIZE", 16)
        parts = [*in_pieces(value)]
        assert b"".join(together(iter(parts), Room(1_000_000))) == b"".join(parts) == dump(value)


@pytest.mark.parametrize(
    "large",
    [
        {"batches": [{"id": n, "payments": [{"amount": Decimal("1.50")}] * 2000} for n in range(3)], "input": "é\n" * 10**6},
        {"batches": [{"name": "n" * 9_000}] * 300},
        [{"headers": [["x", "v" * 9_000]] * 300}],
        {f"batch{n}": "n" * 9_000 for n in range(300)},
    ],
    ids=["many items and a long text", "long items", "an item of long items", "long members"],
)
def test_a_piece_is_small_however_large_the_value_is(large: Any) -> None:
    parts = [*in_pieces(large)]
    assert b"".join(parts) == dump(large)
    assert max(map(len, parts)) < 3 * pieces.LETTERS


@given(st.data())
def test_among_many_words_the_one_that_a_slip_made_another_of_is_found(data: st.DataObject) -> None:
    words = [
        f"{first}-{second}" for first in ("world", "suite", "checkout", "nightly") for second in ("alpha", "beta", "gamma")
    ]
    words += [f"filler-{n:05}" for n in range(2 * SEARCHED)]
    word = data.draw(st.sampled_from(words[:12]))
    place = data.draw(st.integers(1, len(word) - 2))
    slips = [word[:place] + word[place + 1 :], word[:place] + word[place] + word[place:]]
    assert word in near(data.draw(st.sampled_from(slips)), words)


def test_of_many_words_few_are_compared_letter_by_letter(monkeypatch: pytest.MonkeyPatch) -> None:
    comparisons: list[str] = []
    rank_of = nearest.rank_of

    def counting(name: str, word: str) -> Any:
        comparisons.append(word)
        return rank_of(name, word)

    monkeypatch.setattr(nearest, "rank_of", counting)
    assert near("wolrd-77", [f"world-{n}" for n in range(10_000)]) == ["world-77"]
    assert len(comparisons) == SEARCHED
