"""The names that `import emulator` offers."""

from __future__ import annotations

import pydoc

import pytest

import emulator


def test_every_public_name_is_there_and_found_by_completion() -> None:
    assert {*emulator.__all__} <= {*dir(emulator)}
    assert all(getattr(emulator, name) for name in emulator.__all__)


def test_help_tells_of_the_handle() -> None:
    assert "class Emulator(" in pydoc.plain(pydoc.render_doc(emulator))


def test_a_former_name_works_and_names_the_new_one() -> None:
    with pytest.warns(DeprecationWarning, match=r"emulator\.Refused is called emulator\.ControlError") as warnings:
        from emulator import Refused
    assert Refused is emulator.ControlError
    assert warnings[0].filename == __file__


def test_a_former_name_is_not_offered() -> None:
    assert "Refused" not in dir(emulator)


def test_there_are_no_other_names() -> None:
    with pytest.raises(AttributeError, match="module 'emulator' has no attribute 'Sandbox'"):
        emulator.Sandbox  # noqa: B018
