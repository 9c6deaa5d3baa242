"""The Dockerfile, compose.yaml and the page "In CI" agree with each other and with the commands; what can run here is run."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from emulator.cli.main import COMMANDS, main
from emulator.client.server import EmulatorServer
from emulator.server.app import create_app, worlds_of
from emulator.server.server import ThreadedServer
from emulator.vendors import VENDORS
from emulator.web.guard import Guard
from tests.support.loading import LIBRARY
from tests.support.pages import snippets

ROOT = Path(__file__).parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
COMPOSE = yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))
PAGE = (ROOT / "docs" / "recipes" / "in-ci.md").read_text("utf-8")
SNIPPETS = snippets(PAGE)
RECIPES = [yaml.safe_load(snippet.text) for snippet in SNIPPETS if snippet.language == "yaml"]
PORT = 8080
TOKEN = "ci"


def instructions(name: str) -> list[str]:
    """Return the arguments of each instruction of that name in the last stage."""
    last_stage = DOCKERFILE[DOCKERFILE.rindex("\nFROM ") :]
    return re.findall(rf"^{name} (.*)$", last_stage, re.MULTILINE)


def image_environment() -> dict[str, str]:
    words = [word for line in instructions("ENV") for word in shlex.split(line)]
    return dict(word.split("=", 1) for word in words)


def options() -> set[str]:
    """Every environment variable that a command reads."""
    variables = {str(option.envvar) for name in COMMANDS for option in main.command_of(name).params if option.envvar}
    code = "".join(path.read_text("utf-8") for path in (ROOT / "emulator").rglob("*.py"))
    return variables | set(re.findall(r'environ\.get\("(EMULATOR_\w+)"', code))


def settings(recipe: Any) -> Iterator[tuple[str, str]]:
    """Every EMULATOR_... that a YAML document sets, at whatever depth."""
    if isinstance(recipe, dict):
        for key, value in recipe.items():
            if str(key).startswith("EMULATOR_"):
                yield key, str(value)
            yield from settings(value)
    elif isinstance(recipe, list):
        for value in recipe:
            yield from settings(value)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Serve the first-run world behind a token, as the container does."""
    app = create_app(worlds_of([LIBRARY.get("first-run")]), guard=Guard(frozenset(), TOKEN))
    with ThreadedServer(app) as server:
        yield server.url


@pytest.mark.parametrize(
    "text", [DOCKERFILE, (ROOT / "compose.yaml").read_text("utf-8"), PAGE], ids=["Dockerfile", "compose", "page"]
)
def test_every_variable_named_is_one_that_a_command_reads(text: str) -> None:
    assert set(re.findall(r"EMULATOR_[A-Z_]+", text)) <= options()


def test_the_image_runs_the_command_itself_without_a_shell() -> None:
    (entrypoint,), (command,), (health,) = instructions("ENTRYPOINT"), instructions("CMD"), instructions("HEALTHCHECK")
    assert json.loads(entrypoint) == ["batch-emulator"]
    assert json.loads(command)[0] in COMMANDS
    program, verb = json.loads(health.partition("CMD ")[2])
    assert (program, verb in COMMANDS) == ("batch-emulator", True)


def test_the_image_names_its_port_and_user_by_number() -> None:
    assert instructions("EXPOSE") == [image_environment()["EMULATOR_PORT"]] == [str(PORT)]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", instructions("USER")[0])


def test_every_stage_has_the_python_that_was_asked_for() -> None:
    assert set(re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)) == {"python:${PYTHON}-slim"}


def test_what_the_build_copies_is_let_in_and_nothing_else() -> None:
    names = {name for line in re.findall(r"^COPY (?!--)(.*) \S+$", DOCKERFILE, re.MULTILINE) for name in line.split()}
    let_in = re.findall(r"^!(.*)$", (ROOT / ".dockerignore").read_text("utf-8"), re.MULTILINE)
    assert names == set(let_in)
    assert all((ROOT / name).exists() for name in names)


def test_compose_publishes_the_port_to_this_machine_only() -> None:
    assert COMPOSE["services"]["emulator"]["ports"] == [f"127.0.0.1:{PORT}:{PORT}"]


def test_compose_mounts_a_folder_that_exists_where_the_image_looks() -> None:
    (volume,) = COMPOSE["services"]["emulator"]["volumes"]
    assert volume["target"] == image_environment()["EMULATOR_SCENARIOS"]
    assert volume["read_only"]
    assert (ROOT / volume["source"]).is_dir()


def test_compose_gives_the_client_the_token_of_the_emulator() -> None:
    services = COMPOSE["services"].values()
    assert len({service["environment"]["EMULATOR_CONTROL_TOKEN"] for service in services}) == 1


def test_the_client_in_compose_works(url: str) -> None:
    client = COMPOSE["services"]["client"]
    assert client["environment"]["EMULATOR_URL"] == f"http://emulator:{PORT}"
    _, *arguments = client["command"]
    variables = {**os.environ, "EMULATOR_URL": url, "EMULATOR_CONTROL_TOKEN": TOKEN}
    result = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=variables, check=False)
    assert result.returncode == 0, result.stderr
    assert "'success': True" in result.stdout
    assert "'credits_limit': 15000" in result.stdout


@pytest.mark.parametrize("recipe", [COMPOSE, *RECIPES], ids=lambda recipe: "-".join(map(str, recipe)))
def test_a_recipe_sets_what_it_may_and_names_what_there_is(recipe: Any) -> None:
    variables = dict(settings(recipe))
    assert variables
    for name, value in variables.items():
        if name == "EMULATOR_SCENARIO":
            assert value in LIBRARY.names()
        elif name == "EMULATOR_URL":
            assert re.fullmatch(r"http://(127\.0\.0\.1|emulator):8080|https://127\.0\.0\.1:443", value)


def test_the_recipe_for_gitlab_serves_what_there_is() -> None:
    (recipe,) = [recipe["tests"] for recipe in RECIPES if "tests" in recipe]
    (service,) = recipe["services"]
    verb, scenario = service["command"]
    assert verb in COMMANDS
    assert scenario in LIBRARY.names()
    assert recipe["variables"]["EMULATOR_URL"] == f"http://{service['alias']}:{PORT}"


def test_the_aliases_are_names_of_the_vendors() -> None:
    (recipe,) = [recipe for recipe in RECIPES if "services" in recipe]
    aliases = recipe["services"]["emulator"]["networks"]["default"]["aliases"]
    assert set(aliases) <= {host for vendor in VENDORS.values() for host in vendor.hosts}
    assert {next(name for name, vendor in VENDORS.items() if alias in vendor.hosts) for alias in aliases} == set(VENDORS)


def test_the_recipe_for_a_shell_makes_a_world(url: str, tmp_path: Path) -> None:
    (script,) = [snippet.text for snippet in SNIPPETS if snippet.language == "sh" and "docker" not in snippet.text]
    variables = {**os.environ, "EMULATOR_URL": url, "EMULATOR_CONTROL_TOKEN": TOKEN, "NO_PROXY": "*"}
    command = ["bash", "-euc", script]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=variables, check=False)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["id"] == "mine"


class Container:
    """Stands in for Testcontainers' own: takes what the recipe sets, and serves from here."""

    def __init__(self, url: str) -> None:
        self.url = httpx.URL(url)
        self.taken: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if not name.startswith(("with_", "waiting_for")):
            raise AttributeError(name)

        def take(*values: Any, **named: Any) -> Container:
            self.taken[name] = named or values
            return self

        return take

    def __enter__(self) -> Container:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def get_container_host_ip(self) -> str:
        return self.url.host

    def get_exposed_port(self, port: int) -> int | None:
        assert (port,) == self.taken["with_exposed_ports"]
        return self.url.port


def test_the_recipe_for_testcontainers_leads_to_the_server(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    container = Container(url)
    modules = {
        "container": {"DockerContainer": lambda *_: container},
        "wait_strategies": {"HttpWaitStrategy": lambda *arguments: arguments},
    }
    for name in ("testcontainers", "testcontainers.core"):
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    for name, members in modules.items():
        module = types.ModuleType(f"testcontainers.core.{name}")
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, module.__name__, module)
    recipe: dict[str, Any] = {}
    exec("".join(snippet.text for snippet in SNIPPETS if snippet.language == "python"), recipe)
    urls = recipe["emulator_url"].__wrapped__()
    variables = next(urls)
    assert variables == url
    assert httpx.get(variables + container.taken["waiting_for"][0][1]).status_code == 200
    servers: Iterator[EmulatorServer] = recipe["emulator_server"].__wrapped__(variables)
    assert next(servers).ask("GET", "/worlds")["worlds"]
    assert [*servers, *urls] == []


@pytest.mark.skipif(shutil.which("node") is None and "CI" not in os.environ, reason="Node is not installed")
def test_the_recipe_for_testcontainers_in_node_is_javascript(tmp_path: Path) -> None:
    (script,) = [snippet.text for snippet in SNIPPETS if snippet.language == "js"]
    (tmp_path / "recipe.mjs").write_text(script)
    subprocess.run(["node", "--check", "recipe.mjs"], cwd=tmp_path, check=True)
