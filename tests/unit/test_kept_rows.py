"""Rows and outcomes of a file that anybody may have written are refused, or can be read to the last of them."""

from __future__ import annotations

import random
from base64 import b64encode
from copy import deepcopy
from math import gcd
from typing import Any
from zlib import DEFLATED, compressobj

import orjson
import pytest

from emulator.sdk.exact_json import load
from emulator.vendors.stripe.files.model.kept import LONGEST_OPENED, WINDOW, opened
from emulator.vendors.stripe.files.model.outcomes import FailureRule, RowOutcomes, plan
from emulator.vendors.stripe.files.requests import JsonlReader
from emulator.vendors.stripe.model.endpoints import Endpoint

LINES = b"".join(orjson.dumps({"id": f"r{n}", "path_params": {"customer": f"cus_{n}"}}) + b"\n" for n in range(100))
NUMBERS: list[Any] = [-1, 0, 1, 2**63, 10**30, None, "", "AAAA", "//////////////////////8=", [], {}, "x" * 100, 0.5, True]


def work() -> RowOutcomes:
    reader = JsonlReader()
    reader.feed(LINES + b"no row\n")
    return plan(reader.rows(), Endpoint(), [FailureRule(ids=("r7",))], "batchv2_1")


def bomb() -> bytes:
    compressor = compressobj(9, DEFLATED, WINDOW)
    return compressor.compress(b"0" * (LONGEST_OPENED + 1)) + compressor.flush()


def test_what_is_kept_of_rows_and_outcomes_gives_the_same() -> None:
    assert RowOutcomes.from_kept(load(orjson.dumps(work().kept()))) == work()


def test_a_block_that_would_fill_the_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="larger than any"):
        opened(bomb())


def test_outcomes_with_such_a_block_are_refused() -> None:
    kept = work().kept()
    kept[0][0] = b64encode(bomb()).decode()
    with pytest.raises(ValueError, match="a block"):
        RowOutcomes.from_kept(kept)


@pytest.mark.parametrize("seed", range(300))
def test_what_is_changed_anywhere_is_refused_or_can_be_read(seed: int) -> None:
    chance, kept = random.Random(seed), deepcopy(work().kept())
    holder, key = chance.choice([*places(kept)])
    holder[key] = changed(holder[key], chance)
    try:
        found = RowOutcomes.from_kept(kept)
    except (ValueError, TypeError, LookupError, OverflowError):
        return
    assert gcd(found.order.step, len(found.rows)) == 1
    for row in range(len(found.rows)):
        found.id(row)
        outcome = found.outcomes[found.order.row(row)]
        assert outcome == 0 or orjson.dumps(found.failures[outcome - 1].error)


def places(value: Any) -> Any:
    for key in range(len(value)):
        yield value, key
        if isinstance(value[key], list):
            yield from places(value[key])


def changed(value: Any, chance: random.Random) -> Any:
    """Return something else: of a text in Base64 one that differs in a letter, or is shorter."""
    if isinstance(value, str) and len(value) > 8 and chance.random() < 0.6:
        place = chance.randrange(len(value))
        return value[:place] + chance.choice(["A", "/", "AAAA", ""]) + value[place + chance.choice([1, 4]) :]
    return chance.choice(NUMBERS)
