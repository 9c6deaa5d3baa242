"""The files of the console: small, without markup from texts, and without anything from elsewhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import emulator
from emulator.kernel.delivery_faults import EFFECTS
from emulator.kernel.faults import DO, INVALID_COMBINATIONS, WHERE

FOLDER = Path(emulator.__file__).parent / "console"
FILES = sorted(it for it in FOLDER.iterdir() if it.is_file())
MODULES = [it for it in FILES if it.suffix == ".js"]
MARKUP = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|\beval\b|new Function|setHTML"
)
KEPT = re.compile(r"localStorage|sessionStorage|document\.cookie|indexedDB")
ADDRESS = re.compile(r"(?:https?:)?//[\w.-]+\.\w+")


def test_all_files_together_have_less_than_150_kilobytes() -> None:
    assert sum(it.stat().st_size for it in FILES) < 150_000


@pytest.mark.parametrize("module", MODULES, ids=lambda it: it.name)
def test_a_module_says_its_job_and_stays_small(module: Path) -> None:
    lines = module.read_text("utf-8").splitlines()
    assert lines[0].startswith("/** ")
    assert len(lines) <= 300


@pytest.mark.parametrize("file", FILES, ids=lambda it: it.name)
def test_no_text_is_read_as_markup_nothing_is_stored_and_nothing_comes_from_elsewhere(file: Path) -> None:
    text = file.read_text("utf-8")
    assert MARKUP.findall(text) == []
    assert KEPT.findall(text) == []
    assert set(ADDRESS.findall(text)) <= {"http://www.w3.org"}  # the name of SVG


def test_each_module_imports_only_what_there_is() -> None:
    for module in MODULES:
        named = re.findall(r'from "\./([\w.]+)"', module.read_text("utf-8"))
        assert {*named} <= {it.name for it in MODULES}, module.name


def test_every_module_is_used() -> None:
    text = "\n".join(it.read_text("utf-8") for it in FILES)
    assert [it.name for it in MODULES if it.name not in text] == []


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
def test_the_form_offers_the_faults_that_mean_something_and_no_others() -> None:
    program = f"import * as it from '{(FOLDER / 'fault_grammar.js').as_uri()}'; console.log(JSON.stringify([Object.keys(it.WHERE).map((at) => [at, it.doable(at)]), Object.keys(it.DELIVERY)]))"
    done = subprocess.run(
        ["node", "--input-type=module", "--no-warnings", "-e", program], capture_output=True, text=True, check=True
    )
    calls, deliveries = json.loads(done.stdout)
    meant = {where: {do for do in DO if (where, do) not in INVALID_COMBINATIONS} for where in WHERE}
    assert {where: {*dos} for where, dos in calls} == meant
    assert {*deliveries} == {*EFFECTS}
