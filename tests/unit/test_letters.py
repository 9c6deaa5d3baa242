"""Long texts are searched and compared in pieces, with the same result as whole ones."""

from __future__ import annotations

import re
from collections.abc import Callable
from time import thread_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.text import letters
from emulator.text.checkpoint import WORK
from emulator.text.letters import PIECE, Sortable, has_words, is_in

TEXTS = st.text(alphabet="aAbBéÉİ_- 1", max_size=40)
WORDS = st.sets(st.text(alphabet="ab1", min_size=1, max_size=5), max_size=5)
FOLDS = st.sampled_from([str, str.lower])


@pytest.fixture(params=[1, 3, 7], ids="pieces of {}".format)
def size(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "PIECE", request.param)


@pytest.mark.usefixtures("size")
class TestPieces:
    @given(TEXTS, TEXTS, FOLDS)
    def test_a_term_is_found_across_the_ends_of_pieces(self, term: str, text: str, fold: Callable[[str], str]) -> None:
        assert is_in(term, text, fold) == (fold(term) in fold(text))
        assert is_in(text[2:9], text, fold)

    @given(WORDS, TEXTS)
    def test_a_word_is_found_across_the_ends_of_pieces(self, words: set[str], text: str) -> None:
        assert has_words(words, text) == (words <= {*re.split(r"[\W_]+", text.lower())})

    @given(TEXTS, TEXTS, FOLDS)
    def test_texts_have_the_same_order(self, one: str, two: str, fold: Callable[[str], str]) -> None:
        assert (Sortable(one, fold) < Sortable(two, fold)) == (fold(one) < fold(two))


@pytest.mark.parametrize(
    "work",
    [
        lambda text: is_in("z", text, str.lower),
        lambda text: has_words({"z"}, text[:-2]),
        lambda text: has_words({*"wxyz"}, text),
        lambda text: Sortable(text, str.lower) < Sortable("A" + text[1:], str.lower),
    ],
)
def test_a_long_text_has_a_checkpoint_before_each_piece(work: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints: list[None] = []
    monkeypatch.setattr(WORK, "pause", lambda: checkpoints.append(None))
    work("a" * 9 * PIECE + "a")
    assert len(checkpoints) == 10


def test_a_text_that_has_not_the_letters_of_a_word_is_not_taken_apart() -> None:
    text = "_a" * 10 * PIECE
    assert _seconds(lambda: has_words({"zz"}, text)) < 30 * _seconds(text.lower)


def _seconds(function: Callable[[], object]) -> float:
    """Return the seconds of this thread that a function takes: the least of some tries, for what else runs only adds to it."""

    def once() -> float:
        start = thread_time()
        function()
        return thread_time() - start

    return min(once() for _ in range(7))
