"""Sizes as people write them: a number of bytes, or one with a unit, in options, variables and the settings of pytest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.cli.main import main
from emulator.client.bounds import read_limits
from emulator.kernel.errors import BadInput
from emulator.kernel.limits import LARGEST_SIZE, Limits, whole_bytes
from tests.support.commands import invoke

POWERS = {"": 1, "B": 1, "k": 10**3, "kB": 10**3, "KB": 10**3, "M": 10**6, "GB": 10**9, "gb": 10**9, "T": 10**12}
POWERS |= {"Ki": 2**10, "KiB": 2**10, "MiB": 2**20, "Gi": 2**30, "GIB": 2**30, "TiB": 2**40}


@given(st.integers(1, 10**6), st.sampled_from([*POWERS]), st.sampled_from(["", " "]))
def test_a_size_is_a_number_with_a_unit(number: int, unit: str, space: str) -> None:
    assert whole_bytes(f"{number}{space}{unit}".strip()) == number * POWERS[unit]


@pytest.mark.parametrize(("text", "size"), [(2_000, 2_000), ("2_000", 2_000), ("1.5GB", 1_500_000_000), ("0.5KiB", 512)])
def test_a_size_may_have_a_point_and_underscores(text: object, size: int) -> None:
    assert whole_bytes(text) == size


@pytest.mark.parametrize(
    "text",
    ["", "0", "0GB", "-1", "1.5", "0.3KiB", "GB", "2 bytes", "2GBs", "1e9", True, "٢GB", "9" * 200, f"{LARGEST_SIZE}k"],
)
def test_what_is_no_size_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"size|whole number of bytes"):
        whole_bytes(text)


def test_the_bounds_in_bytes_take_units_and_others_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMULATOR_MAX_MEMORY", "2GB")
    assert read_limits({"body": "64 kB"}) == Limits(memory=2_000_000_000, body=64_000)
    with pytest.raises(BadInput, match="the bound 'worlds': '2k' is no whole number from 1 on"):
        read_limits({"worlds": "2k"})
    monkeypatch.setenv("EMULATOR_MAX_MEMORY", "2 gig")
    with pytest.raises(BadInput, match="EMULATOR_MAX_MEMORY: '2 gig' is no size: give 64kB, 2GB"):
        read_limits()


@pytest.mark.parametrize(
    ("text", "message"), [("2 gig", "'2 gig' is no size: give 64kB, 2GB or 1.5GiB"), ("0", "no whole number")]
)
def test_an_option_says_how_sizes_are_written(text: str, message: str) -> None:
    result = invoke(main, ["serve", "--max-memory", text])
    assert (result.exit_code, message in result.output) == (2, True)


def test_the_help_says_how_sizes_are_written() -> None:
    help_text = invoke(main, ["serve", "--help"]).output
    assert "--max-memory SIZE" in help_text
    assert "64kB, 2GB or 1.5GiB" in " ".join(help_text.split())
