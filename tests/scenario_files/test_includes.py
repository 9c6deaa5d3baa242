"""A scenario file includes others: only where it may, within bounds, merged as documented; and no message repeats what is in them."""

from __future__ import annotations

import json
import os
from itertools import zip_longest
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from emulator import Emulator, EmulatorServer
from emulator.cli.main import main
from emulator.client.in_process import InProcessClient
from emulator.kernel.errors import BadInput
from emulator.scenario import includes
from emulator.scenario.includes import MAX_FILES, MAX_NESTED, MAX_TOTAL
from emulator.scenario.loader import ScenarioFiles, load_file
from emulator.scenario.player import play
from emulator.scenario.scenario import Scenario
from emulator.server.app import create_app, library, worlds_of
from emulator.server.server import ThreadedServer
from emulator.vendors import VENDORS

SECRET = "hunter2-and-more"


def write(folder: Path, files: dict[str, str]) -> Path:
    """Write files, and return the first."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder / next(iter(files))


def load(folder: Path, files: dict[str, str], *folders: Path) -> Scenario:
    return ScenarioFiles(VENDORS, folders).load(write(folder, files))


def mistakes(folder: Path, files: dict[str, str], *folders: Path) -> list[str]:
    with pytest.raises(BadInput) as excinfo:
        load(folder, files, *folders)
    return [line.replace(f"{folder}/", "") for line in excinfo.value.lines()]


MAIN = """title: A story
include: [parts/a.yaml, parts/b.json]
given:
  serpwow:
    account: {name: Main}
    batches: [{id: M1}, {id: M2, searches: 3}]
seed: 3
steps:
  - send: GET /live/batches/M2?api_key={key}
    expect: {status: 200}
"""
A = """given:
  serpwow:
    account: {name: A, email: a@example.com, credits_limit: 77}
    batches: [{id: A1}]
  stripe: {batch_jobs: [{id: batchv2_A}]}
seed: 1
timing: {serpwow.run: 5s}
steps:
  - send: GET /live/account?api_key={serpwow.api_key}
    capture: {key: account_info.api_key}
"""
B = json.dumps({"seed": 2, "title": "B", "given": {"serpwow": {"account": {"credits_limit": 88}, "batches": [{"id": "B1"}]}}})
STORY = {"main.yaml": MAIN, "parts/a.yaml": A, "parts/b.json": B}


def test_objects_are_merged_lists_joined_and_plain_values_of_the_including_file_stand(tmp_path: Path) -> None:
    content = load(tmp_path, STORY).content
    serpwow = content["given"]["serpwow"]
    assert serpwow["account"] == {"name": "Main", "email": "a@example.com", "credits_limit": 88}
    assert [batch["id"] for batch in serpwow["batches"]] == ["A1", "B1", "M1", "M2"]
    assert content["given"]["stripe"] == {"batch_jobs": [{"id": "batchv2_A"}]}
    assert (content["title"], content["seed"], content["timing"]) == ("A story", 3, {"serpwow.run": "5s"})
    assert "include" not in content


def test_steps_of_what_is_included_come_first_and_say_where_they_stand(tmp_path: Path) -> None:
    scenario = load(tmp_path, STORY)
    assert [step.place.replace(f"{tmp_path}/", "") for step in scenario.steps] == ["parts/a.yaml:9", "main.yaml:9"]
    assert play(scenario, InProcessClient()).differences == []
    broken = load(tmp_path, {**STORY, "parts/a.yaml": A + "    expect: {status: 201}\n"})
    (difference,) = play(broken, InProcessClient()).differences
    assert str(difference).startswith(f"{tmp_path}/parts/a.yaml:9: the status is 200, not 201")


def test_a_file_that_is_included_by_several_counts_once(tmp_path: Path) -> None:
    files = {
        "main.yaml": "title: x\ninclude: [a.yaml, b.yaml]\n",
        "a.yaml": "include: [common.yaml]\n",
        "b.yaml": "include: [common.yaml]\n",
        "common.yaml": "given: {serpwow: {batches: [{id: C}]}}\n",
    }
    assert load(tmp_path, files).content["given"] == {"serpwow": {"batches": [{"id": "C"}]}}


def test_files_are_found_from_the_file_that_includes_them_on_and_then_below_the_folders(tmp_path: Path) -> None:
    files = {
        "own/main.yaml": "title: x\ninclude: [parts/a.yaml]\n",
        "own/parts/a.yaml": "include: [b.yaml, shared/c.yaml]\nseed: 1\n",
        "own/parts/b.yaml": "given: {serpwow: {batches: [{id: B}]}}\n",
        "common/shared/c.yaml": "include: [../d.yaml]\ngiven: {serpwow: {batches: [{id: C}]}}\n",
        "common/d.yaml": "given: {serpwow: {batches: [{id: D}]}}\n",
    }
    assert [it["id"] for it in load(tmp_path, files, tmp_path / "common").content["given"]["serpwow"]["batches"]] == [
        "B",
        "D",
        "C",
    ]


def test_mistakes_stand_at_their_place_in_the_file_that_is_included(tmp_path: Path) -> None:
    files = {
        "main.yaml": "title: x\ninclude: [a.yaml]\ngiven: {serpwow: {batches: [{id: A1}]}}\nclock: {rat: 1}\n",
        "a.yaml": "include: [b.yaml]\ngiven:\n  serpwow:\n    batches:\n      - {id: A1, serches: 4}\n",
        "b.yaml": "timing: {serpwow.run: soon}\nassume: {serpwow.unknown-batch: 40}\n",
    }
    assert mistakes(tmp_path, files) == [
        "main.yaml:3:34: the id 'A1' is given twice",
        "main.yaml:4:14: unknown key 'rat'; did you mean 'rate'?",
        "a.yaml:5:27: unknown key …; did you mean 'searches'?",
        "b.yaml:1:23: … is not a duration such as 500ms, 1.5s, 1m30s, 60d or PT90S, or a number of seconds; what has no end is written 'never'",
        "b.yaml:2:33: … is not one of 400, 404; did you mean '400' or '404'?",
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"password: {SECRET}\n", "secret.yaml:1:11: unknown key …"),
        (f"{SECRET}: 1\n", "secret.yaml:1:19: unknown key …"),
        (f"seed: {SECRET}{'x' * 2_000}\n", "secret.yaml:1:7: expected a whole number, not …"),
        (f"? {SECRET}{'x' * 2_000}\n: 1\n", "secret.yaml:2:3: unknown key …"),
        (f"clock: {{start: \"{SECRET}'\\\\{'x' * 2_000}\"}}\n", "secret.yaml:1:16: …"),
        (f"title: [{SECRET}\n", "secret.yaml:2:1: not YAML: "),
        (f"- {SECRET}\n", "secret.yaml:1:1: a file that is included holds keys of a scenario"),
        (f"{SECRET}\n", "secret.yaml:1:1: a file that is included holds keys of a scenario"),
        (f"seed: {SECRET}\n", "secret.yaml:1:7: expected a whole number, not …"),
        ("seed: -481516\n", "secret.yaml:1:7: … is less than the minimum of 0"),
        (f"clock: {{start: {SECRET}}}\n", "secret.yaml:1:16: "),
        (f"clock: {{start: {SECRET}, start: b}}\n", "secret.yaml:1:34: "),
        (f"x: &{SECRET} 1\ny: *{SECRET}1\n", "secret.yaml:2:4: the alias …"),
        (f"seed: !{SECRET} 1\n", "secret.yaml:1:7: the tag … is not allowed before a scalar: leave it out"),
        (f"seed: ${{{SECRET}}}\n", "secret.yaml:1:7: the scenario has no parameters, and so no …"),
        (f"include: [{SECRET}.yaml]\n", "secret.yaml:1:11: … is no file"),
        (f"include: [../{SECRET}.yaml]\n", "secret.yaml:1:11: … leads out of the folder"),
        (f"steps: [{{send: 'GET /live/account?api_key={{{SECRET}}}'}}]\n", "secret.yaml:1:16: no step before this one keeps …"),
        (f"steps: [{{send: GET /, headers: {{{SECRET}: a, {SECRET.upper()}: b}}}}]\n", "secret.yaml:1:51: the header … is given twice"),
        (f"given: {{serpwow: {{batches: [{{id: {SECRET}}}, {{id: {SECRET}}}]}}}}\n", "secret.yaml:1:58: the id … is given twice"),
        ("given: {serpwow: {account: {credits_limit: 1, credits_used: 481516}}}\n", "secret.yaml:1:"),
    ],
)  # fmt: skip
def test_no_message_repeats_what_stands_in_a_file_that_is_included(text: str, line: str, tmp_path: Path) -> None:
    lines = mistakes(tmp_path, {"main.yaml": "title: x\ninclude: [secret.yaml]\n", "secret.yaml": text})
    assert lines[0].startswith(line), lines
    assert all(SECRET not in it and SECRET.upper() not in it and "481516" not in it for it in lines), lines


def test_over_http_a_problem_in_a_file_that_is_included_repeats_nothing_either(tmp_path: Path) -> None:
    write(tmp_path, {"main.yaml": "title: x\ninclude: [mine.yaml]\n", "mine.yaml": f"{SECRET}: 1\n"})
    with ThreadedServer(create_app(worlds_of([]), library(tmp_path))) as server:
        for answer in (
            httpx.post(f"{server.url}/_emulator/worlds", json={"scenario": "main"}),
            httpx.get(f"{server.url}/_emulator/scenarios"),
            httpx.get(f"{server.url}/_emulator/scenarios/main"),
        ):
            assert "mine.yaml:1:19: unknown key …" in answer.text, answer.text
            assert SECRET not in answer.text


OUTSIDE = "leads out of the folder of this file: only what is below that, or below a folder of --scenarios, is read"
LINKED = "is a link, or is behind one, that leads out of the folders in which it may be"
NOT_RELATIVE = "is not relative: name the file from the folder of this one on"
NOT_WRITTEN = "is not written as the path of a file is, with / between folders"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../outside.yaml", OUTSIDE),
        ("../missing.yaml", OUTSIDE),
        ("parts/../../outside.yaml", OUTSIDE),
        ("../../../../../../etc/x.yaml", OUTSIDE),
        ("link.yaml", LINKED),
        ("linked/outside.yaml", LINKED),
        ("linked/missing.yaml", LINKED),
        ("to-a-link.yaml", LINKED),
        ("/etc/passwd", NOT_RELATIVE),
        ("/tmp/outside.yaml", NOT_RELATIVE),
        ("~/outside.yaml", NOT_RELATIVE),
        ("C:/outside.yaml", NOT_RELATIVE),
        ("C:outside.yaml", NOT_RELATIVE),
        ("//host/share/outside.yaml", NOT_RELATIVE),
        ("..\\outside.yaml", NOT_WRITTEN),
        ("a\0.yaml", NOT_WRITTEN),
        ("http://example.com/a.yaml", "is no file: nothing is fetched from elsewhere"),
        ("file:///etc/a.yaml", "is no file: nothing is fetched from elsewhere"),
        ("passwd", "does not end as a scenario file does, in .yaml, .yml or .json"),
        ("", "does not end as a scenario file does, in .yaml, .yml or .json"),
        ("parts/acounts.yaml", "is no file; did you mean 'accounts.yaml'?"),
        ("parts/zzz.yaml", "is no file"),
        ("loop.yaml", "is a link that leads back to itself"),
        ("parts", "does not end as a scenario file does"),
        ("folder.yaml", "is a folder, not a scenario: name a file in it"),
        ("main.yaml", "includes this file itself, or is included by what it includes"),
        ("./main.yaml", "includes this file itself, or is included by what it includes"),
        ("pipe.yaml", "is no regular file: name one that ends"),
    ],
)
def test_only_a_file_below_the_folder_is_included(name: str, reason: str, tmp_path: Path) -> None:
    main_file = write(
        tmp_path, {"own/main.yaml": f"title: x\ninclude: [{json.dumps(name)}]\n", "own/parts/accounts.yaml": "seed: 1\n"}
    )
    write(tmp_path, {"outside.yaml": f"{SECRET}: 1\n"})
    own = main_file.parent
    (own / "link.yaml").symlink_to(tmp_path / "outside.yaml")
    (own / "linked").symlink_to(tmp_path)
    (own / "to-a-link.yaml").symlink_to("link.yaml")
    (own / "loop.yaml").symlink_to("loop.yaml")
    (own / "folder.yaml").mkdir()
    os.mkfifo(own / "pipe.yaml")
    with pytest.raises(BadInput) as excinfo:
        load_file(main_file, VENDORS)
    (line,) = excinfo.value.lines()
    assert reason in line
    assert SECRET not in line
    assert line.startswith(str(own))


def test_a_link_that_stays_within_the_folder_is_followed(tmp_path: Path) -> None:
    write(tmp_path, {"main.yaml": "title: x\ninclude: [link.yaml]\n", "parts/a.yaml": "seed: 5\n"})
    (tmp_path / "link.yaml").symlink_to("parts/a.yaml")
    assert load_file(tmp_path / "main.yaml", VENDORS).content["seed"] == 5


def test_what_a_file_behind_a_link_includes_is_looked_for_where_that_file_is(tmp_path: Path) -> None:
    """Otherwise a link could make another folder the one from which files are named."""
    write(tmp_path, {"own/main.yaml": "title: x\ninclude: [away/back.yaml]\n", "own/real.yaml": "include: [secret.yaml]\n"})
    write(tmp_path, {"outside/secret.yaml": "seed: 5\n"})
    (tmp_path / "own/away").symlink_to(tmp_path / "outside")
    (tmp_path / "outside/back.yaml").symlink_to(tmp_path / "own/real.yaml")
    with pytest.raises(BadInput, match="… is no file"):
        load_file(tmp_path / "own/main.yaml", VENDORS)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"main.yaml": "title: x\ninclude: [a.yaml, a.yaml]\n", "a.yaml": "seed: 1\n"}, ["main.yaml:2:19: 'a.yaml' is included twice: leave one out"]),
        ({"main.yaml": "title: x\ninclude: a.yaml\n"}, ["main.yaml:2:10: 'include' is a list of files, such as [parts/accounts.yaml]"]),
        ({"main.yaml": "title: x\ninclude: [1]\n"}, ["main.yaml:2:10: 'include' is a list of files, such as [parts/accounts.yaml]"]),
        (
            {"main.yaml": "title: x\ninclude: [a.yaml]\n", "a.yaml": "include: [b.yaml]\n", "b.yaml": "include: [a.yaml]\n"},
            ["b.yaml:1:11: … includes this file itself, or is included by what it includes"],
        ),
        (
            {"main.yaml": "title: x\ninclude: [a.yaml]\nfaults: {}\ngiven: []\n", "a.yaml": "faults: []\ngiven: {}\n"},
            ["main.yaml:3:9: expected a list, not an object", "main.yaml:3:9: this is an object, and a list in a file that is included",
             "main.yaml:4:8: expected an object, not a list", "main.yaml:4:8: this is a list, and an object in a file that is included"],
        ),
        ({"main.yaml": "title: x\nformat: 1\ninclude: [a.yaml]\n", "a.yaml": "format: 2\n$schema: x\n"}, ["a.yaml:1:9: the format is not 1, the only format"]),
        ({"main.yaml": "title: x\ninclude: [a.yaml]\n", "a.yaml": ""}, ["a.yaml:1:1: a file that is included holds keys of a scenario"]),
        ({"main.yaml": "title: x\ninclude: [a.yaml]\n", "a.yaml": "\ufeff\xff"}, ["a.yaml:"]),
    ],
)  # fmt: skip
def test_what_cannot_be_included_or_merged_is_refused_at_its_place(
    files: dict[str, str], expected: list[str], tmp_path: Path
) -> None:
    lines = sorted(mistakes(tmp_path, files))
    assert [line[: len(start)] for line, start in zip_longest(lines, expected, fillvalue="")] == expected, "\n".join(lines)


def test_a_chain_of_files_is_bounded(tmp_path: Path) -> None:
    files = {"main.yaml": "title: x\ninclude: [f1.yaml]\n"}
    files |= {f"f{n}.yaml": f"include: [f{n + 1}.yaml]\n" for n in range(1, MAX_NESTED)} | {f"f{MAX_NESTED}.yaml": "seed: 1\n"}
    assert load(tmp_path, files).content["seed"] == 1
    files |= {f"f{MAX_NESTED}.yaml": f"include: [f{MAX_NESTED + 1}.yaml]\n", f"f{MAX_NESTED + 1}.yaml": "seed: 1\n"}
    assert mistakes(tmp_path, files) == [f"f{MAX_NESTED}.yaml:1:11: … is included more than {MAX_NESTED} deep"]


def test_the_number_of_files_is_bounded(tmp_path: Path) -> None:
    names = [f"f{n}.yaml" for n in range(MAX_FILES + 1)]
    files = {"main.yaml": f"title: x\ninclude: [{', '.join(names)}]\n"} | dict.fromkeys(names, "seed: 1\n")
    (line,) = mistakes(tmp_path, files)
    assert f"'f{MAX_FILES}.yaml' is one file too many: a scenario includes at most {MAX_FILES}" in line


def test_the_size_of_all_files_together_is_bounded(tmp_path: Path) -> None:
    large = "# " + "x" * (MAX_TOTAL // 5 + 1) + "\n"
    names = [f"f{n}.yaml" for n in range(5)]
    files = {"main.yaml": f"title: x\ninclude: [{', '.join(names)}]\n"} | dict.fromkeys(names, large + "seed: 1\n")
    (line,) = mistakes(tmp_path, files)
    assert f"'f4.yaml' makes more than {MAX_TOTAL} characters of this, with all that is included" in line


def test_no_file_is_read_beyond_the_values_that_all_have_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(includes, "MAX_VALUES", 100)
    many = f"proves: &all [{'a, ' * 40}]\n"
    files = {"main.yaml": "title: x\ninclude: [a.yaml, b.yaml, c.yaml, d.yaml]\n"}
    found = mistakes(tmp_path, files | dict.fromkeys(("a.yaml", "b.yaml", "c.yaml"), many) | {"d.yaml": "["})
    too_many = "makes more than 100 values of this, with all that is included"
    assert [line for line in found if "evidence" not in line] == [
        f"main.yaml:2:27: 'c.yaml' {too_many}",
        f"main.yaml:2:35: 'd.yaml' {too_many}",
    ]


@pytest.mark.parametrize("content_type", ["application/json", "application/yaml"])
def test_a_scenario_that_is_sent_includes_nothing(content_type: str, tmp_path: Path) -> None:
    write(tmp_path, {"secret.yaml": f"{SECRET}: 1\n"})
    with ThreadedServer(create_app(worlds_of([]), library(tmp_path))) as server:
        value: Any = {"title": "x", "include": ["secret.yaml"]}
        body = json.dumps(value if content_type == "application/yaml" else {"scenario": value})
        for path in ("/worlds", "/worlds/default/reset"):
            answer = httpx.post(f"{server.url}/_emulator{path}", content=body, headers={"Content-Type": content_type})
            assert answer.status_code == 422
            assert "only a file includes others, and a scenario that is sent is none" in answer.json()["detail"]
            assert SECRET not in answer.text


def test_a_name_in_a_folder_of_scenarios_includes_and_is_read_again_when_that_changes(tmp_path: Path) -> None:
    write(tmp_path, {"main.yaml": "title: x\ninclude: [parts/a.yaml]\n", "parts/a.yaml": "seed: 5\n"})
    known = library(tmp_path)
    first = known.get("main")
    assert known.get("main") is first
    (tmp_path / "parts/a.yaml").write_text("seed: 6\n")
    os.utime(tmp_path / "parts/a.yaml", ns=(1, 1))
    assert (first.content["seed"], known.get("main").content["seed"]) == (5, 6)


def test_a_part_needs_to_be_no_scenario_by_itself(tmp_path: Path) -> None:
    write(tmp_path, {"main.yaml": "title: x\ninclude: [parts/a.yaml]\nparameters: {n: 5}\n", "parts/a.yaml": "seed: ${n}\n"})
    result = CliRunner().invoke(main, ["check", str(tmp_path)])
    assert (result.exit_code, result.output) == (0, "1 scenario, no mistakes\n")
    listed = CliRunner().invoke(main, ["list", "scenarios", "--scenarios", str(tmp_path), "--json"])
    assert [it["name"] for it in json.loads(listed.stdout) if it["name"] in ("main", "parts/a")] == ["main"]
    with EmulatorServer(scenarios=tmp_path) as server:
        names = [it["name"] for it in server.ask("GET", "/scenarios")["scenarios"]]
        assert ("main" in names, "parts/a" in names) == (True, False)
        assert server.ask("POST", "/worlds", {"scenario": "main"})["parameters"] == {"n": 5}
    (tmp_path / "parts/a.yaml").write_text("sed: ${n}\n")
    result = CliRunner().invoke(main, ["check", str(tmp_path)])
    assert [line.rpartition("/")[2].partition(";")[0] for line in result.output.splitlines()] == [
        "main.yaml:3:17: nothing uses this parameter: write ${n} where it is meant",
        "a.yaml:1:6: unknown key …",
    ][1:]


def test_a_handle_reads_what_a_file_includes_here_and_sends_it_whole(tmp_path: Path) -> None:
    with Emulator() as emulator:
        emulator.load(write(tmp_path, STORY))
        assert [it.id for it in emulator.serpwow.batches] == ["A1", "B1", "M1", "M2"]


def test_a_file_without_these_keys_reads_none_of_this() -> None:
    """What includes and hides is imported where it is needed: a start is not slower for it."""
    import subprocess
    import sys

    code = "import sys; from emulator.server.app import library; library().get('first-run'); print([it for it in ('includes', 'withheld') if f'emulator.scenario.{it}' in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
