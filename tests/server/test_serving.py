"""`serve` by hand and under a parent: what it tells, and that nothing a parent does or leaves undone stalls or kills it."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.cli.main import main
from emulator.cli.process import until_stdin_ends
from emulator.cli.startup import startup_lines
from emulator.cli.stderr import MOST_LINES, StandardError, line_of
from emulator.client.transport import InProcess
from emulator.kernel.limits import Limits
from emulator.server.app import create_app, library, worlds_of
from emulator.server.server import ThreadedServer
from emulator.web.access_log import AccessLog
from emulator.web.guard import Guard
from tests.support.commands import Done, invoke
from tests.support.server import Live, through_a_socket

KEY = "abcdefghijkl"
CLIENTS = """
import os, urllib.request
import httpx, requests, stripe
stripe.ca_bundle_path = os.environ["CA"]
client = stripe.StripeClient("sk_test_123", base_addresses={"api": os.environ["URL"]})
account = os.environ["URL"] + "/live/account?api_key=demo"
print(client.v2.core.batch_jobs.retrieve("batchv2_AbCdEfGhIjKlMnOpQrStUvWxYz").status, requests.get(account).status_code,
      httpx.get(account).status_code, urllib.request.urlopen(account).status)
"""
DROP_AFTER = {"at": "serpwow.batches.stopall", "where": "after-commit", "do": "drop", "times": 1}
DROP_BEFORE = {**DROP_AFTER, "where": "before-commit"}


def run(*arguments: str, charset: str = "utf-8", **environment: str) -> Done:
    return invoke(main, arguments, environment, charset)


@contextmanager
def serve_process(*arguments: str, **options: Any) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server in a process of its own, and its URL."""
    command = [sys.executable, "-m", "emulator", "serve", "--port", "0", *arguments]
    with subprocess.Popen(command, **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, **options}) as server:
        assert server.stdout is not None
        try:
            name, _, url = server.stdout.readline().strip().partition("=")
            assert name == "EMULATOR_URL"
            yield server, url
        finally:
            server.terminate()


def lines_of(request: tuple[str, str], *faults: dict[str, Any], host: str = "127.0.0.1", **options: Any) -> list[str]:
    """The lines about one request to a world with these faults."""
    lines: list[str] = []
    app = create_app(worlds_of([library().open("first-run")]), access_log=AccessLog(lambda line: lines.append(line_of(line))))
    with httpx.Client(transport=InProcess(through_a_socket(app)), base_url=f"http://{host}") as client:
        for fault in faults:
            client.post("/_emulator/worlds/default/faults", json=fault, headers={"Host": "localhost"})
        lines.clear()
        try:
            client.request(*request, **options)
        except httpx.TransportError:
            assert faults
    return lines


@pytest.mark.parametrize(
    ("request_", "line"),
    [
        (
            ("GET", f"/live/batches/2A6F94BB/stop?api_key={KEY}"),
            "GET /live/batches/2A6F94BB/stop?api_key=abcd… 200 stopped default/1",
        ),
        (
            ("GET", "/live/batches/%1B%5B31m/stop?api_key=demo"),
            "GET /live/batches/%1B%5B31m/stop?api_key=… 400 unknown_batch default/1",
        ),
        (("GET", "/nothing"), "GET /nothing 404 no-such-path"),
        (("POST", "/_emulator/worlds/default/reset"), "POST /_emulator/worlds/default/reset 200"),
        (("GET", "/_emulator/nothing?token=secretsecret"), "GET /_emulator/nothing?token=secr… 404"),
        (("GET", f"/live/account?api_key=sk_{'live'}_4711"), "GET /live/account?api_key=sk_l… 403 live-key"),
        (("GET", f"/{'a' * 600}"), f"GET /{'a' * 499}... 404 no-such-path"),
        (("GET", "/_emulator/health"), None),
        (("GET", "/_emulator/ready"), None),
    ],
)
def test_each_exchange_is_one_line_in_which_no_credential_can_be_read(request_: tuple[str, str], line: str | None) -> None:
    assert lines_of(request_) == ([] if line is None else [line])


@pytest.mark.parametrize(("path", "error"), [("/live/account", "host-not-allowed"), ("/_emulator/health", "host-not-allowed")])
def test_what_the_guard_turns_away_is_told_too(path: str, error: str) -> None:
    assert lines_of(("GET", path), host="evil.example") == [f"GET {path} 421 {error}"]


@pytest.mark.parametrize(
    ("fault", "end"),
    [(DROP_AFTER, "200 stopped_all default/1 fault-1:drop"), (DROP_BEFORE, "no answer (failed) default/1 fault-1:drop")],
)
def test_the_line_names_the_faults_and_what_the_client_would_have_heard(fault: dict[str, Any], end: str) -> None:
    assert lines_of(("GET", "/live/batches/stopall?api_key=demo"), fault) == [f"GET /live/batches/stopall?api_key=… {end}"]


def test_a_body_that_is_too_large_is_told() -> None:
    path = "/live/batches?api_key=demo"
    assert lines_of(("POST", path), content=bytes(Limits().body + 1)) == ["POST /live/batches?api_key=… 413 body-too-large"]


def test_a_dry_run_is_no_exchange() -> None:
    request = {"method": "GET", "url": "/live/batches/stopall?api_key=demo"}
    path = "/_emulator/worlds/default/dry-run"
    assert lines_of(("POST", path), json=request) == [f"POST {path} 200"]


@pytest.mark.parametrize(
    ("text", "text_shown"),
    [
        ("plain é …", "plain é …"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("two\r\nlines\t", r"two\x0d\x0alines\x09"),
        ("\x9b2J\x7f", r"\x9b2J\x7f"),
        ("a" * 2001, "a" * 2000 + "..."),
    ],
)
def test_a_terminal_finds_nothing_in_a_line_that_it_would_obey(text: str, text_shown: str) -> None:
    assert line_of(text) == text_shown


def test_what_nobody_reads_is_left_out_and_counted() -> None:
    reading, writing = os.pipe()
    count = 3 * MOST_LINES
    with open(reading, encoding="utf-8") as reader, open(writing, "w", encoding="utf-8") as writer:
        stderr = StandardError(writer)
        for n in range(count):
            stderr.say(f"{n} {'x' * 100}")
        lines_read = left_out = 0
        while lines_read + left_out < count - 1:
            if lines_read + left_out == count - 1 - stderr.left_out:
                stderr.say("one more, so that the count is told")
                count += 1
            line = reader.readline()
            if line.startswith("..."):
                left_out += int(line.split()[1])
            else:
                lines_read += 1
        stderr.close()
    assert left_out > 0


def test_a_reader_that_has_gone_is_no_failure() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", encoding="utf-8") as writer:
        stderr = StandardError(writer)
        stderr.say("nobody hears this")
        stderr.close()
        stderr.say("nor this")


@pytest.mark.parametrize("is_closed", [False, True], ids=["unread", "closed"])
def test_a_parent_that_reads_the_first_line_only_does_not_stall_the_server(is_closed: bool) -> None:
    with serve_process() as (server, url), httpx.Client(base_url=url) as client:
        assert server.stdout is not None
        assert server.stderr is not None
        if is_closed:
            server.stdout.close()
            server.stderr.close()
        for _ in range(500):  # of some 300 bytes each: more than a pipe takes
            assert client.get(f"/{'a' * 300}").status_code == 404
        server.send_signal(signal.SIGTERM)
        assert server.wait() == 128 + signal.SIGTERM or server.returncode == -signal.SIGTERM


def test_lines_of_the_line_and_of_the_log_come_out_on_stderr() -> None:
    with serve_process("--clock", "60") as (server, url):
        host, port = url.removeprefix("http://").split(":")
        for nonsense in (b"\x16\x03\x01\r\n\r\n", b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"):
            with closing(socket.create_connection((host, int(port)))) as line:
                line.sendall(nonsense)
                line.recv(1)
        server.terminate()
        assert server.stderr is not None
        output = server.stderr.read()
    assert "time runs 60 times as fast" in output
    assert "- - 400 bad-request (this is no request in HTTP/1.1" in output
    assert f"GET /{'a' * 499}... 414 url-too-long (" in output


def test_quiet_leaves_the_first_line_and_nothing_else() -> None:
    with serve_process("--quiet") as (server, url):
        assert httpx.get(f"{url}/nothing").status_code == 404
        server.terminate()
        assert server.communicate() == ("", "")


@pytest.mark.parametrize("how", ["pipe", "nothing"])
def test_while_stdin_ends_with_standard_input(how: str) -> None:
    with serve_process("--while-stdin", stdin=subprocess.PIPE if how == "pipe" else subprocess.DEVNULL) as (server, url):
        if server.stdin is not None:
            server.stdin.write("whatever a parent says")
            server.stdin.flush()
            assert httpx.get(f"{url}/_emulator/ready").status_code == 200
        _, output = server.communicate()
    assert server.returncode == 0
    assert "Standard input has ended" in output


def test_a_server_whose_standard_streams_are_all_closed_serves() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    script = 'exec "$0" -m emulator serve --port "$1" >&- 2>&- <&-'
    with subprocess.Popen(["sh", "-c", script, sys.executable, str(port)]) as server:
        while server.poll() is None:
            with suppress(httpx.TransportError):
                assert httpx.get(f"http://127.0.0.1:{port}/_emulator/ready").status_code == 200
                break
        server.terminate()
        assert server.wait() in (128 + signal.SIGTERM, -signal.SIGTERM)


def test_while_stdin_needs_one() -> None:
    result = subprocess.run(
        ["sh", "-c", 'exec "$0" -m emulator serve --port 0 --while-stdin <&-', sys.executable],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 2
    assert "there is no standard input" in result.stderr


def test_standard_input_that_does_not_block_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    waits: list[Sequence[int]] = []

    def select(readable: Sequence[int], *_: Any) -> None:
        """The parent goes while it is waited for."""
        waits.append(readable)
        os.close(writing)

    with open(reading, encoding="utf-8") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        monkeypatch.setattr("select.select", select)
        until_stdin_ends()
    assert waits == [[reading]]


def test_a_terminal_that_cannot_be_read_is_an_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with open(tmp_path / "written", "w", encoding="utf-8") as unreadable:
        monkeypatch.setattr("sys.stdin", unreadable)
        until_stdin_ends()


@pytest.mark.parametrize("charset", ["cp437", "cp850", "cp1252", "latin-1", "ascii"])
def test_what_an_encoding_does_not_have_is_replaced(charset: str, live: Live, tmp_path: Path) -> None:
    world = live.load({"given": {"serpwow": {"batches": [{"id": "Ł", "status": "queued"}]}}})
    live.control.get(f"/live/batches/Ł/stop?api_key={KEY}", headers={"Emulator-World": world.id})
    wrong = tmp_path / "Łódź.yaml"
    wrong.write_text("title: Łódź\nsteps: [{send: GET /live/batches/Ł?api_key=k, get: {text: …}}]\nłódź: 1\n", "utf-8")
    right = tmp_path / "Żuraw.yaml"
    right.write_text("title: Łódź\nsteps: [{send: GET /live/batches/Ł?api_key=k, get: {text: Ł}}]\n", "utf-8")
    for command, code in [
        (("explain", "--url", live.url, "--world", world.id), 0),
        (("check", str(wrong)), 1),
        (("play", str(right)), 1),
        (("serve", "Łódź"), 1),
        (("draw", "Łódź"), 1),
        (("explore", "first-run", "--", "Łódź"), 1),
        (("check", "--łódź"), 2),
        (("łódź",), 2),
    ]:
        result = run(*command, charset=charset)
        assert (result.exit_code, isinstance(result.exception, SystemExit | None)) == (code, True), (command, result.exception)
        assert "\\u0141" in result.output or "\\u2026" in result.output or "\\u0142" in result.output, (command, result.output)


def test_a_scenario_of_any_letters_is_printed_under_the_locale_c(tmp_path: Path) -> None:
    (tmp_path / "Łódź.yaml").write_text("title: Łódź\ngarbage: …\n", "utf-8")
    plain = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "emulator", "check", str(tmp_path)]
    result = subprocess.run(command, capture_output=True, check=False, env={**os.environ, **plain})
    assert result.returncode == 1
    assert b"unknown key 'garbage'" in result.stderr
    assert result.stderr.isascii()
    assert b"Traceback" not in result.stderr


Served = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Done, tuple[str, int] | None]]:
    """Calls `serve`, which listens nowhere, and returns where it would have."""

    def call(*arguments: str, error: Exception | None = None, **environment: str) -> tuple[Done, tuple[str, int] | None]:
        addresses: list[tuple[str, int]] = []

        def listen(host: str, port: int) -> socket.socket:
            addresses.append((host, port))
            raise error or OSError(0, "nobody listens in a test")

        monkeypatch.setattr("emulator.server.listening.listen", listen)
        result = run("serve", *arguments, **environment)
        return result, addresses[0] if addresses else None

    return call


@pytest.mark.parametrize("value", ["tcp://10.43.12.7:18081", "tcp://[fd00::7]:18081", "udp://10.0.0.1:53"])
def test_an_address_that_kubernetes_put_into_our_variable_is_set_aside_with_a_word(value: str, serve: Any) -> None:
    result, addresses = serve(EMULATOR_PORT=value, EMULATOR_SERVICE_PORT="18081", EMULATOR_PORT_18081_TCP=value)
    assert addresses == ("127.0.0.1", 8080)
    assert result.stderr.startswith(f"Warning: EMULATOR_PORT={value} is set aside: Kubernetes")
    assert result.stderr.count("Warning") == 1
    assert "not a valid integer" not in run("healthcheck", EMULATOR_PORT=value, EMULATOR_HOST="127.0.0.1").output


@pytest.mark.parametrize("end", ["\n", "\r\n", " ", "\t"])
def test_every_value_of_the_environment_is_taken_without_what_stands_around_it(end: str, serve: Any, live: Live) -> None:
    values = {"HOST": "127.0.0.2", "PORT": "81", "CLOCK": "real", "TLS": "false", "MAX_BODY": "5", "SCENARIO": "first-run"}
    result, addresses = serve(**{f"EMULATOR_{name}": f" {value}{end}" for name, value in values.items()})
    assert addresses == ("127.0.0.2", 81), result.output
    assert run("healthcheck", EMULATOR_URL=f" {live.url}/{end}").exit_code == 0


@pytest.mark.parametrize("url", ["{}", "{}/", " {}/ "])
def test_healthcheck_asks_the_server_that_is_meant(url: str, live: Live) -> None:
    port = live.url.rpartition(":")[2]
    assert run("healthcheck", EMULATOR_URL=url.format(live.url)).output == "ready\n"
    assert run("healthcheck", "--port", port, EMULATOR_URL="http://127.0.0.1:1").exit_code == 0
    assert run("healthcheck", "--host", "0.0.0.0", EMULATOR_PORT=port).exit_code == 0
    assert "http://[::1]:1: " in run("healthcheck", "--host", "::", "--port", "1").stderr
    assert "https://[::1]:1: " in run("healthcheck", "--host", "[::1]", EMULATOR_PORT="1", EMULATOR_TLS="1").stderr


@pytest.mark.parametrize(
    ("at", "says"),
    [
        ("/live", "(401) is no emulator"),
        ("/nothing", "answers 404: no vendor has the path"),
        ("garbage", "not ready: garbage: "),
        ("http://[", "http://[: "),
    ],
)
def test_healthcheck_says_what_it_met(at: str, says: str, live: Live) -> None:
    result = run("healthcheck", "--url", live.url + at if at.startswith("/") else at)
    assert result.exit_code == 1
    assert says in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            OSError(98, "Address already in use"),
            "address already in use: 127.0.0.1:80; choose another with --port, or --port 0",
        ),
        (PermissionError(13, "Permission denied"), "permission denied: 127.0.0.1:80; choose a port above 1023"),
        (socket.gaierror(-2, "Name or service not known"), "cannot listen on 127.0.0.1:80 (--host): Name or service not known"),
        (UnicodeError("label too long"), "cannot listen on 127.0.0.1 (--host): label too long"),
    ],
)
def test_an_address_that_cannot_be_had_is_told_in_a_line_with_what_helps(error: Exception, says: str, serve: Any) -> None:
    result, _ = serve("--port", "80", error=error)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {says}")
    assert result.stderr.count("\n") == 1


def test_a_busy_port_is_told_with_the_option_that_takes_any() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as busy:
        result = run("serve", "--port", str(busy.getsockname()[1]))
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert "--port 0" in result.stderr


@pytest.mark.parametrize(
    ("host", "address"), [("[::1]", "::1"), (" localhost ", "localhost"), ("http://10.0.0.1:80", None), ("10.0.0.1/", None)]
)
def test_a_host_is_a_name_or_an_address_and_no_url(host: str, address: str | None, serve: Any) -> None:
    result, addresses = serve("--host", host, "--control-token", "t")
    assert (addresses and addresses[0]) == address
    assert ("is a URL" in result.stderr) == (address is None)


@pytest.mark.parametrize("token", ["top secret", "t\x1bsecret", "tésecret"])
@pytest.mark.parametrize("command", [("serve",), ("explain", "--url", "http://127.0.0.1:1"), ("play", "first-run")])
def test_a_token_that_no_header_can_carry_is_refused_and_never_printed(command: Sequence[str], token: str) -> None:
    for result in (run(*command, "--control-token", token), run(*command, EMULATOR_CONTROL_TOKEN=token)):
        assert result.exit_code == 2
        assert "EMULATOR_CONTROL_TOKEN" in result.output
        assert "secret" not in result.output


@pytest.mark.parametrize("token", ["", "wrong-secret"])
@pytest.mark.parametrize("command", [("explain", "--url"), ("play", "first-run", "--against")], ids=lambda command: command[0])
def test_who_has_no_token_or_a_wrong_one_is_told_how_to_give_it(command: Sequence[str], token: str) -> None:
    app = create_app(worlds_of([library().open("first-run")]), guard=Guard(token="right-secret"))
    with ThreadedServer(app) as server:
        httpx.get(f"{server.url}/live/account?api_key=demo")
        outcome = run(*command, server.url, EMULATOR_CONTROL_TOKEN=token)
        result = run(*command, server.url, EMULATOR_CONTROL_TOKEN="right-secret\r\n")
    assert outcome.exit_code == 1
    assert "--control-token" in outcome.stderr
    assert "EMULATOR_CONTROL_TOKEN" in outcome.stderr
    assert "secret" not in outcome.output
    assert result.exit_code == 0, result.output


def test_a_variable_that_is_nearly_an_option_is_told_of_it(serve: Any) -> None:
    result, addresses = serve(EMULATOR_MAX_BODDY="5", EMULATOR_SERVICE_HOST="10.0.0.1", EMULATOR_QUEIT="1")
    assert addresses is not None
    assert "Warning: nothing reads EMULATOR_MAX_BODDY; did you mean EMULATOR_MAX_BODY?" in result.stderr
    assert "SERVICE_HOST" not in result.stderr
    assert "Warning" not in run("healthcheck", "--port", "1", EMULATOR_MAX_BODDY="5").stderr


def test_the_names_of_the_shipped_image_are_all_read() -> None:
    image = (Path(__file__).parents[2] / "Dockerfile").read_text("utf-8")
    set_there = {word.partition("=")[0] for word in image.split() if word.startswith("EMULATOR_")}
    assert set_there
    assert set_there <= main.variables()


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080", "http://[::1]:8080", "https://[::1]:8080"])
@pytest.mark.parametrize("certificate", [None, Path("/a folder/it's/ca.pem")])
def test_calls_to_paste_are_words_that_a_shell_takes_as_they_are_meant(url: str, certificate: Path | None) -> None:
    scenario = library().open("first-run")
    lines = list(startup_lines(url, worlds_of([scenario]), scenario, certificate))
    calls = [shlex.split(line) for line in lines if line.startswith("  curl ")]
    assert len(calls) == 3
    for call in calls:
        assert any(word.startswith(f"{url}/") for word in call)
        assert ("-g" in call) == ("[" in url)
        assert (call[call.index("--cacert") + 1] if certificate else None) == (certificate and str(certificate))
    assert f"{url}/." in "".join(lines)


def test_the_calls_that_serve_prints_work_over_tls_when_pasted(tmp_path: Path) -> None:
    folder = tmp_path / "it's a folder"
    environment = {**os.environ, "EMULATOR_TLS_FOLDER": str(folder), "EMULATOR_CONTROL_TOKEN": "t0ken", "NO_PROXY": "*"}
    with serve_process("--tls", env=environment) as (server, url):
        assert server.stderr is not None
        calls = [next(line for line in server.stderr if line.startswith("  curl ")) for _ in range(3)]
        for call in calls:
            result = subprocess.run(["bash", "-c", f"{call.strip()} -fsS"], capture_output=True, text=True, check=False)
            assert result.returncode == 0, result.stderr
            assert json.loads(result.stdout)
        authority = str(folder / "authority" / "ca.pem")
        trusting = {**environment, "URL": url, "CA": authority, "REQUESTS_CA_BUNDLE": authority, "SSL_CERT_FILE": authority}
        clients = subprocess.run([sys.executable, "-c", CLIENTS], capture_output=True, text=True, check=False, env=trusting)
    assert clients.stdout == "cancelling 200 200 200\n", clients.stderr
    assert url.startswith("https://")


def test_each_way_to_start_it_goes_by_its_own_name() -> None:
    result = subprocess.run([sys.executable, "-m", "emulator", "serve", "-h"], capture_output=True, text=True, check=True)
    assert result.stdout.startswith("Usage: python -m emulator serve [OPTIONS] [SCENARIO]...")
    assert invoke(main, ["--version"], prog_name="batch-emulator").output.startswith("batch-emulator, version")


@pytest.mark.parametrize("command", [("explain",), ("list", "worlds")])
def test_the_commands_look_where_serve_listens_with_the_same_environment(command: Sequence[str]) -> None:
    result = run(*command, EMULATOR_HOST="::", EMULATOR_PORT="1", EMULATOR_TLS="true")
    assert "https://[::1]:1" in result.stderr
    assert result.stderr.count("\n") == 1


def test_https_at_the_plain_port_is_named_by_our_own_commands(live: Live) -> None:
    result = run("explain", "--url", live.url.replace("http:", "https:"))
    assert "it does not speak TLS there: use http://" in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a system without /dev/full")
@pytest.mark.parametrize(
    "command", [["list"], ["--help"], ["--version"], ["schema"], ["draw", "serpwow"], ["check", "first-run"]]
)
def test_an_output_that_takes_no_more_is_told_in_a_line(command: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        result = subprocess.run([sys.executable, "-m", "emulator", *command], stdout=full, stderr=subprocess.PIPE, text=True)
    assert result.returncode == 1
    assert result.stderr == "Error: the output cannot be written: No space left on device\n"
