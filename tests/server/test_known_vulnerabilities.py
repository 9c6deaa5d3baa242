"""One test for each published vulnerability of a server of this kind that could have been ours, named after it."""

from __future__ import annotations

import ast
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

import emulator
from emulator.client.transport import InProcess
from emulator.scenario.strict_yaml import parse
from emulator.server.app import create_app, library, worlds_of
from emulator.web.guard import Guard
from tests.support.loading import LIBRARY
from tests.support.server import through_a_socket

SOURCES = sorted(Path(emulator.__file__).parent.rglob("*.py"))
PAGE = {"Origin": "https://attacker.example"}


@pytest.fixture
def client(tmp_path: Path) -> Iterator[httpx.Client]:
    own = tmp_path / "scenarios"
    own.mkdir()
    (own / "mine.yaml").write_text("title: Mine")
    (tmp_path / "scenarios-of-another").mkdir()
    (tmp_path / "scenarios-of-another" / "secret.yaml").write_text("title: Secret")
    (tmp_path / "secret.yaml").write_text("title: Secret")
    app = create_app(worlds_of([LIBRARY.get("first-run")]), library(own), guard=Guard(token="t"))
    with httpx.Client(
        transport=InProcess(through_a_socket(app)), base_url="http://127.0.0.1", headers={"Authorization": "Bearer t"}
    ) as client:
        yield client


def calls() -> set[str]:
    """The name of every function that our code calls."""
    told_by_a_person = ("cli", "explore.py")  # it runs the program that its caller names on the command line
    sources = [path for path in SOURCES if path.parts[-2:] != told_by_a_person]
    nodes = [
        node.func for path in sources for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)
    ]
    return {ast.unparse(node) for node in nodes}


def test_cve_2021_32827_a_web_page_runs_nothing_on_a_developers_machine(client: httpx.Client) -> None:
    reply = client.post("/_emulator/worlds", headers=PAGE, json={"scenario": "first-run"})
    assert (reply.status_code, "access-control-allow-origin" in reply.headers) == (403, False)


def test_ghsa_7pwj_xvc2_hfpc_ghsa_2c85_rfcc_g74j_cve_2020_26282_cve_2020_7697_cve_2025_54123_nothing_executes_what_is_sent() -> (
    None
):
    programs = {"os.system", "os.popen", "subprocess.run", "subprocess.Popen"}
    assert not calls() & {"eval", "exec", "compile", "yaml.load_all", "pickle.loads", *programs}


@pytest.mark.parametrize("text", ["{{ 7 * 7 }}", "${7*7}", "#{7*7}", "{serpwow.__class__}", "$(id)", "`id`"])
def test_ghsa_7pwj_xvc2_hfpc_and_ghsa_2c85_rfcc_g74j_request_data_is_never_an_expression(
    client: httpx.Client, text: str
) -> None:
    body = {"echo": text}
    replies = [{"at": "serpwow.account.get", "status": 200, "body": body}]
    reply = client.post("/_emulator/worlds", json={"scenario": {"title": text, "replies": replies}})
    response = client.get("/live/account", params={"api_key": text}, headers={"Emulator-World": reply.json()["id"]})
    assert response.json() == body


def test_cve_2023_41327_cve_2023_41329_cve_2023_39967_cve_2025_65200_the_server_opens_no_connection_of_its_own() -> None:
    serving = [path for path in SOURCES if {"kernel", "web", "scenario", "vendors"} & set(path.parts[-4:])]
    clients = {"httpx", "requests", "urllib.request", "http.client", "socket", "aiohttp", "ftplib", "smtplib"}
    names = {
        "flow.py": {"socket"},  # it sets an option on a client's connection
    }
    assert len(serving) > 50
    for path in serving:
        assert not (clients & imports_of(path)) - names.get(path.name, set()), path


def imports_of(path: Path) -> set[str]:
    """The modules that a source imports, whichever way."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


@pytest.mark.parametrize(
    "name", ["../secret", "..%2fsecret", "%2e%2e/secret", "/etc/passwd", "../scenarios-of-another/secret", "mine/../../secret"]
)
def test_cve_2025_59049_cve_2026_59149_cve_2024_45388_no_request_names_a_file(client: httpx.Client, name: str) -> None:
    assert client.get(f"/_emulator/scenarios/{name}").status_code == 404
    assert client.post("/_emulator/worlds", json={"scenario": name}).status_code == 404
    assert client.post("/_emulator/worlds", json={"scenario": "mine"}).status_code == 201


def test_cve_2026_59149_a_neighbouring_folder_with_the_same_beginning_stays_closed(client: httpx.Client) -> None:
    names = {scenario["name"] for scenario in client.get("/_emulator/scenarios").json()["scenarios"]}
    assert "mine" in names
    assert not {"secret", "../secret", "scenarios-of-another/secret"} & names


@pytest.mark.parametrize(
    "path",
    ["/_emulator/worlds", "/_emulator//worlds", "/_emulator/../_emulator/worlds", "/%5femulator/worlds", "/_EMULATOR/worlds"],
)
def test_go_2025_3945_no_spelling_of_a_path_gets_round_the_token(client: httpx.Client, path: str) -> None:
    reply = client.get(path, headers={"Authorization": "Bearer wrong"})
    assert reply.status_code in (401, 404)
    assert "credentials" not in reply.text


def test_cve_2021_32090_cve_2021_32091_cve_2025_69723_nothing_is_served_that_a_browser_would_run(client: httpx.Client) -> None:
    script = "<script>alert(1)</script>"
    for reply in (
        client.get(f"/{script}"),
        client.get(f"/live/batches/{script}?api_key=k"),
        client.get(f"/_emulator/worlds/{script}"),
    ):
        assert "json" in reply.headers["content-type"]
        assert reply.status_code >= 400


def test_cve_2025_66414_ghsa_hv2w_8mjj_jw22_a_name_that_was_made_to_point_here_is_refused(client: httpx.Client) -> None:
    assert client.get("/live/batches/stopall?api_key=k", headers={"Host": "rebound.example"}).status_code == 421


def test_a_yaml_tag_makes_no_object() -> None:
    document = parse("title: !!python/object/apply:os.system ['true']")
    assert document.problems
    assert document.value == {"title": ["true"]}


def test_who_never_begins_with_tls_is_hung_up_on(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "emulator", "serve", "--tls", "--port", "0", "--max-head-seconds", "1"]
    environment = {"EMULATOR_TLS_FOLDER": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline().rpartition(":")[2])
            with socket.create_connection(("127.0.0.1", port), timeout=20) as silent:
                assert silent.recv(1) == b""
        finally:
            server.terminate()


def test_tls_by_an_authority_of_ones_own_is_trusted_by_an_unmodified_client(tmp_path: Path) -> None:
    environment = {"EMULATOR_TLS_FOLDER": str(tmp_path), "PATH": f"{Path(sys.executable).parent}"}
    pem = subprocess.run(
        [sys.executable, "-m", "emulator", "certificate"], capture_output=True, env=environment, check=True
    ).stdout
    (tmp_path / "trusted.pem").write_bytes(pem)
    command = [sys.executable, "-m", "emulator", "serve", "--tls", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip().partition("=")[2]
        port = url.rpartition(":")[2]
        curl = [
            shutil.which("curl") or "curl",
            "-sS",
            "--cacert",
            str(tmp_path / "trusted.pem"),
            "--resolve",
            f"api.stripe.com:{port}:127.0.0.1",
        ]
        arguments = [f"https://api.stripe.com:{port}/v2/core/batch_jobs/batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz", "-u", "sk_test_1:"]
        result = subprocess.run(
            [*curl, *arguments, "-H", "Stripe-Version: 2026-03-25.preview"], capture_output=True, text=True, check=True
        )
        emulator_error = [
            subprocess.run(
                [sys.executable, "-m", "emulator", *command], capture_output=True, text=True, env=environment, check=True
            )
            for command in (("explain", "1", "--url", url), ("play", "first-run", "--against", url))
        ]
        server.terminate()
    assert '"in_progress"' in result.stdout
    assert [result.stdout.partition("\n")[0][:9] for result in emulator_error] == ["1  2026-0", "1 scenari"]
    assert (tmp_path / "authority" / "ca.key").stat().st_mode & 0o077 == 0
