"""A refusal tells of what is wrong below the name of a secret, or in a header, without a word of the value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from emulator.cli.check import check
from emulator.web.guard import PREFIX
from tests.support.server import Live

TEXT, NUMBER = "hunterZq2secretvalue", 9876543210123
BROKEN = {"X-Password": f"{TEXT}\n"}
WORLD = "/worlds/default"
CALL = {"method": "GET", "url": "/live/batches"}
AT = {"at": "serpwow.batches.list"}
STEP = {"send": "GET /live/batches"}
JOB = {"id": "batchv2_A", "status": "in_progress", "rows": 3}


def scenario(**content: Any) -> dict[str, Any]:
    return {"scenario": {"title": "A", **content}}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{WORLD}/dry-run", {**CALL, "headers": BROKEN}),
        (f"{WORLD}/dry-run", {**CALL, "headers": {"X-Plain": f"{TEXT}\n"}}),
        (f"{WORLD}/dry-run", {**CALL, "headers": {"X-Api-Key": NUMBER}}),
        (f"{WORLD}/verify", {"called": [{**AT, "headers": {"X-Api-Key": NUMBER}}]}),
        ("/worlds", scenario(steps=[{**STEP, "headers": BROKEN}])),
        ("/worlds", scenario(steps=[{**STEP, "expect": {"headers": {"X-Api-Key": NUMBER}}}])),
        ("/worlds", scenario(steps=[{"send": f"GET /live/batches?api_key={TEXT}&b c"}])),
        ("/worlds", scenario(replies=[{**AT, "status": 200, "headers": BROKEN}])),
        ("/worlds", scenario(replies=[{**AT, "status": 200, "headers": {"X-Api-Key": NUMBER}}])),
        ("/worlds", scenario(credentials={"stripe": TEXT})),
        ("/worlds", scenario(credentials={"stripe": [NUMBER]})),
        ("/worlds", scenario(credentials={"6dot50": [{"key": "k", "secret": NUMBER}]})),
        ("/worlds", scenario(credentials={"6dot50": [{"key": "k", "secret": [TEXT]}]})),
        ("/worlds", scenario(credentials={"6dot50": [{"key": TEXT, "secret": TEXT, "x": TEXT}]})),
        ("/worlds", scenario(credentials={"6dot50": [{"key": TEXT, "secret": "s"}, {"key": TEXT, "secret": TEXT}]})),
        ("/worlds", scenario(given={"stripe": {"batch_jobs": [{**JOB, "metadata": {"token": NUMBER}}]}})),
        (f"{WORLD}/snapshots", {"name": f"sk_test_{TEXT}"}),
    ],
)
def test_a_refusal_shows_no_secret(live: Live, path: str, body: dict[str, Any]) -> None:
    response = live.control.post(PREFIX + path, json=body)
    assert response.status_code in (409, 422), response.text
    assert TEXT not in response.text
    assert str(NUMBER) not in response.text


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (f'steps: [{{send: GET /live/batches, headers: {{X-Password: "{TEXT}\\n"}}}}]', "cannot be the value of a header"),
        (f"credentials: {{stripe: [!!int {TEXT}]}}", "the tag !!int"),
    ],
)
def test_the_command_check_shows_no_secret(tmp_path: Path, content: str, reason: str) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(f"title: A\n{content}\n")
    result = CliRunner().invoke(check, [str(file)])
    assert reason in result.output
    assert TEXT not in result.output
