"""The checker of histories finds each mistake that a store can make, and none where there is none."""

from __future__ import annotations

import pytest

from tests.store.history import Found, History, Outcome, Wish

ACKNOWLEDGED, REFUSED, UNKNOWN = Outcome


def told(*attempts: tuple[Outcome, str]) -> History:
    """Return the history of attempts one after another, each of records that are single letters, in the world `w`."""
    history = History()
    for outcome, letters in attempts:
        history.end(history.begin(*(Wish("w", letter.encode()) for letter in letters)), outcome)
    return history


def read(letters: str, *numbers: int) -> Found:
    return {"w": [*zip(numbers or range(1, len(letters) + 1), (letter.encode() for letter in letters), strict=True)]}


RIGHT = {
    "nothing": (told(), {}),
    "all is kept": (told((ACKNOWLEDGED, "a"), (ACKNOWLEDGED, "bc")), read("abc")),
    "what was refused is not there": (told((ACKNOWLEDGED, "a"), (REFUSED, "b"), (ACKNOWLEDGED, "c")), read("ac")),
    "unknown and there": (told((UNKNOWN, "ab")), read("ab")),
    "unknown and not there": (told((UNKNOWN, "ab")), {}),
    "unknown and there after what began later": (told((UNKNOWN, "a"), (ACKNOWLEDGED, "b")), read("ba")),
}


@pytest.mark.parametrize("right", RIGHT)
def test_nothing_is_found_where(right: str) -> None:
    history, found = RIGHT[right]
    assert history.contradictions(found) == []


WRONG = {
    "lost": (told((ACKNOWLEDGED, "a"), (ACKNOWLEDGED, "b")), read("a"), "b'b' of 'w' was acknowledged and is lost"),
    "lost with its world": (told((ACKNOWLEDGED, "a")), {}, "b'a' of 'w' was acknowledged and is lost"),
    "in another world": (
        told((ACKNOWLEDGED, "a")),
        {"v": [(1, b"a")]},
        "b'a' of 'v' is there as number 1, and nobody wanted it",
    ),
    "refused and there": (told((REFUSED, "a")), read("a"), "b'a' of 'w' was refused and is there"),
    "twice": (told((ACKNOWLEDGED, "a")), read("aa"), "b'a' of 'w' is there 2 times"),
    "unknown and twice": (told((UNKNOWN, "a")), read("aa"), "b'a' of 'w' is there 2 times"),
    "unknown and in part": (
        told((UNKNOWN, "ab")),
        read("b"),
        "of b'a' of 'w', b'b' of 'w' a part is there, and the rest is not",
    ),
    "from nowhere": (told(), read("a"), "b'a' of 'w' is there as number 1, and nobody wanted it"),
    "torn": (told((ACKNOWLEDGED, "a")), {"w": [(1, b"")]}, "b'' of 'w' is there as number 1, and nobody wanted it"),
    "a gap": (told((ACKNOWLEDGED, "ab")), read("ab", 1, 3), "the records of 'w' are numbered 1, 3"),
    "begun late": (told((ACKNOWLEDGED, "ab")), read("ab", 2, 3), "the records of 'w' are numbered 2, 3"),
    "a number twice": (told((ACKNOWLEDGED, "ab")), read("ab", 1, 1), "the records of 'w' are numbered 1, 1"),
    "in another order": (
        told((ACKNOWLEDGED, "a"), (ACKNOWLEDGED, "b")),
        read("ba"),
        "b'a' of 'w' was over before b'b' began, and comes after it",
    ),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_it_is_found_that_a_record_is(wrong: str) -> None:
    history, found, contradiction = WRONG[wrong]
    assert contradiction in history.contradictions(found)


def test_it_is_found_that_a_record_has_another_number_than_its_client_chose() -> None:
    history = History()
    history.end(history.begin(Wish("w", b"a", 2)), ACKNOWLEDGED)
    assert history.contradictions(read("a")) == ["b'a' of 'w' is there as number 1, and should be number 2"]
