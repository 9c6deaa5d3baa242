"""A scenario file is taken by each of its endings, wherever it lies; one that cannot be taken is told why."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import click
import pytest

from emulator import Emulator, EmulatorError
from emulator.cli.main import main
from emulator.cli.options import ScenarioName
from emulator.client.environment import paths_in
from emulator.kernel.errors import BadInput
from emulator.scenario.strict_json import parse_json
from emulator.server.app import library, worlds_of
from tests.support.commands import invoke

YAML = "title: A batch waits\ngiven: {serpwow: {batches: [{id: B, status: queued}]}}\n"
JSON = '{\n\t"title": "A batch waits",\n\t"given": {"serpwow": {"batches": [{"id": "B", "status": "queued"}]}}\n}'


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("s.yaml", YAML.encode()),
        ("s.YAML", YAML.encode()),
        ("s.Yml", YAML.encode()),
        ("s.json", JSON.encode()),
        ("s.JSON", JSON.encode()),
        ("with blanks in it.yaml", YAML.encode()),
        ("bom.yaml", b"\xef\xbb\xbf" + YAML.encode()),
        ("bom.json", b"\xef\xbb\xbf" + JSON.encode()),
        ("crlf.yaml", YAML.replace("\n", "\r\n").encode()),
        ("crlf.json", JSON.replace("\n", "\r\n").encode()),
    ],
)
def test_a_scenario_file_is_taken_by_every_door(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / "my tests" / name
    path.parent.mkdir()
    path.write_bytes(content)
    for arguments in (["check", str(path)], ["check", str(path.parent)], ["play", str(path)]):
        result = invoke(main, arguments)
        assert (result.exit_code, result.stderr) == (0, ""), result.output
    assert library().open(str(path)).title == "A batch waits"
    assert library(tmp_path).get(f"my tests/{path.stem}").title == "A batch waits"
    for argument in (path, str(path)):
        with Emulator(argument) as emulator:
            assert emulator.serpwow.batch("B").status == "queued"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("s.txt", YAML.encode(), "s.txt: a scenario file ends in .yaml, .yml or .json"),
        ("s", YAML.encode(), "s: a scenario file ends in .yaml, .yml or .json"),
        ("s.yaml", None, "s.yaml: is a folder, not a scenario: name a file in it"),
        ("s.yaml", b"", "s.yaml:1:1: the file is empty: a scenario has a title at least"),
        ("s.yaml", b"# later\n", "s.yaml:1:1: the file is empty"),
        ("s.yaml", b"title: \xff", "s.yaml: is not text in UTF-8 (byte 8 is none of it): save it as UTF-8"),
        ("s.yaml", "title: A".encode("utf-16"), "s.yaml: is not text in UTF-8 (it is UTF-16): save it as UTF-8"),
        ("s.yaml", b"title: \x00", "s.yaml:1:8: the character #x0000 is not allowed in YAML"),
        ("s.json", b"", "s.json:1:1: not JSON: "),
        ("s.json", YAML.encode(), "s.json:1:1: not JSON: "),
        ("s.json", b'{"title": "A",\n "titel": 1}', "s.json:2:11: unknown key 'titel'; did you mean 'title'?"),
        ("s.json", b'{"title": "A",\n}', "s.json:1:14: not JSON: trailing comma is not allowed"),
        ("s.json", b'{"title": "A", "title": "B"}', "the key 'title' is given twice"),
    ],
)
def test_what_is_no_scenario_file_is_told_why(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    path = tmp_path / name
    path.mkdir() if content is None else path.write_bytes(content)
    with pytest.raises(BadInput) as excinfo:
        library().open(str(path))
    assert message in str(excinfo.value)


def test_a_file_that_is_missing_is_told_with_its_neighbour(tmp_path: Path) -> None:
    (tmp_path / "stops.yaml").write_text(YAML)
    with pytest.raises(EmulatorError, match=r"stop.yaml: there is no such file; did you mean '.*stops.yaml'\?$"):
        library().open(str(tmp_path / "stop.yaml"))


def test_a_folder_without_scenarios_is_told_which_files_are_looked_for(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("title: A")
    result = invoke(main, ["check", str(tmp_path)])
    assert (result.exit_code, "no file in it ends in .yaml, .yml or .json" in result.stderr) == (1, True)


def test_json_is_read_as_json_even_where_yaml_would_not_have_it() -> None:
    document = parse_json('{"a": "\\ud83d\\ude00", "b": 1e2, "c": 1.10}')
    assert document.value == {"a": "\N{GRINNING FACE}", "b": Decimal(100), "c": Decimal("1.10")}


@pytest.mark.parametrize(
    ("variable", "names"),
    [
        ("first-run", ["first-run"]),
        ("first-run serpwow/stopall-23", ["first-run", "serpwow/stopall-23"]),
        ("first-run\nserpwow/stopall-23\n", ["first-run", "serpwow/stopall-23"]),
        (f"first-run{os.pathsep}serpwow/stopall-23", ["first-run", "serpwow/stopall-23"]),
        (f"no such/a b.yaml{os.pathsep}first-run", ["no such/a b.yaml", "first-run"]),
        (" first-run ", ["first-run"]),
        ("   ", []),
    ],
)
def test_a_variable_names_one_scenario_or_several(variable: str, names: list[str]) -> None:
    assert ScenarioName().split_envvar_value(variable) == names


def test_a_path_with_blanks_in_a_variable_is_one_where_it_exists(tmp_path: Path) -> None:
    path = tmp_path / "a b.yaml"
    path.write_text(YAML)

    @click.command()
    @click.argument("scenario", nargs=-1, type=ScenarioName(), envvar="EMULATOR_SCENARIO")
    def show(scenario: tuple[str, ...]) -> None:
        click.echo("|".join(scenario))

    assert invoke(show, [], env={"EMULATOR_SCENARIO": str(path)}).output == f"{path}\n"


def test_the_world_of_a_file_with_blanks_in_its_name_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "a b.yaml").write_text(YAML)
    worlds = worlds_of([library().get("first-run"), library().open(str(tmp_path / "a b.yaml"))])
    assert [world.id for world in worlds] == ["default", "a-b"]


def test_folders_of_scenarios_are_several_and_may_have_blanks_in_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = tmp_path / "my first", tmp_path / "my second"
    for folder, names in ((first, ("one", "both")), (second, ("two", "both"))):
        folder.mkdir()
        for name in names:
            (folder / f"{name}.yaml").write_text(f"title: {name} of {folder.name}")
    variable = f" {first} {os.pathsep}{os.pathsep}{second}\n"
    twice = ["--scenarios", str(first), "--scenarios", str(second)]
    for arguments, environment in (([], variable), (twice, None)):
        result = invoke(main, ["list", "scenarios", *arguments], env={"EMULATOR_SCENARIOS": environment})
        titles = [line.split(maxsplit=1)[1] for line in result.output.splitlines() if line.split()[0] in ("one", "both", "two")]
        assert titles == ["both of my first", "one of my first", "two of my second"]
    monkeypatch.setenv("EMULATOR_SCENARIOS", variable)
    for name in ("one", "two", "both"):
        Emulator(name).close()
    monkeypatch.setenv("EMULATOR_SCENARIOS", f"{first}{os.pathsep}nowhere")
    with pytest.raises(BadInput, match=r"^there is no folder 'nowhere' \(EMULATOR_SCENARIOS\)$"):
        Emulator()


def test_a_folder_with_a_separator_in_its_name_is_one_where_it_exists(tmp_path: Path) -> None:
    folder = tmp_path / f"a{os.pathsep}b"
    folder.mkdir()
    assert paths_in(f"{folder}\n") == [str(folder)]


def test_json_that_is_plainly_no_scenario_is_passed_over_by_name(tmp_path: Path) -> None:
    for name, content in {
        "good.json": JSON,
        "nearly.json": '{"titel": "A"}',
        "misplaced.json": '{"serpwow": {"batches": []}}',
        "cut.json": '{"name": "x", ',
        "package.json": '{"name": "x", "version": "1.0.0", "scripts": {}}',
        "sub/answer.json": '[{"title": "A"}]',
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    line = f"passed over, with no key of a scenario at the top: {tmp_path / 'package.json'}, {tmp_path / 'sub/answer.json'}\n"
    own = ("--scenarios", str(tmp_path))
    listing = invoke(main, ["list", "scenarios", *own])
    assert (listing.exit_code, listing.stderr) == (0, line)
    names = {row.split()[0] for row in listing.stdout.splitlines()} & {
        "good",
        "nearly",
        "misplaced",
        "cut",
        "package",
        "sub/answer",
    }
    assert names == {"good", "nearly", "misplaced", "cut"}
    completed_process = invoke(main, ["check", str(tmp_path)])
    assert completed_process.exit_code == 1
    assert completed_process.stderr.startswith(line)
    for message in ("nearly.json:1:11: unknown key 'titel'", "misplaced.json:1:", "cut.json:1:"):
        assert message in completed_process.stderr
    assert "package.json:" not in completed_process.stderr
    outcome = invoke(main, ["play", "package", *own])
    assert (outcome.exit_code, outcome.stderr) == (1, f"{line}package: no scenario is called 'package'\n")
    result = invoke(main, ["check", str(tmp_path / "package.json")])
    assert (result.exit_code, "unknown key 'name'" in result.stderr) == (1, True)


def test_a_folder_of_other_json_alone_holds_no_scenario(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text("{}")
    result = invoke(main, ["check", str(tmp_path)])
    assert result.exit_code == 1
    assert result.stderr.startswith("passed over, with no key of a scenario at the top: ")
    assert "holds no scenario" in result.stderr
