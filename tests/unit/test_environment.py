"""Values from the environment are taken as they are meant, whatever files, secrets and Kubernetes leave around them."""

from __future__ import annotations

import pytest

from emulator.client.environment import BadToken, env, is_service_address, misspelt, strip_all, usable_token

KNOWN = [
    "EMULATOR_URL",
    "EMULATOR_SCENARIOS",
    "EMULATOR_MAX_BODY",
    "EMULATOR_MAX_WORLDS",
    "EMULATOR_HOST",
    "EMULATOR_PORT",
    "EMULATOR_CONTROL_TOKEN",
]
AROUND = ["ci\n", "ci\r\n", "ci ", " ci", "\tci\r", "ci"]


@pytest.mark.parametrize("value", AROUND)
def test_what_stands_around_a_value_is_not_part_of_it(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMULATOR_CONTROL_TOKEN", value)
    assert (env("EMULATOR_CONTROL_TOKEN"), usable_token(value)) == ("ci", "ci")
    environ = {"EMULATOR_URL": value, "OTHER": value}
    strip_all(environ)
    assert environ == {"EMULATOR_URL": "ci", "OTHER": value}


@pytest.mark.parametrize("value", ["", " ", "\r\n"])
def test_a_blank_value_is_none(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMULATOR_CONTROL_TOKEN", value)
    assert (env("EMULATOR_CONTROL_TOKEN"), usable_token(None)) == (None, None)
    assert env("EMULATOR_NOBODY_SETS_THIS") is None


@pytest.mark.parametrize("value", ["se cret", "se\ncret", "sécret", "se\x00cret", "se\x7fcret", "se\udcffcret"])
def test_a_token_that_no_header_can_carry_is_refused_and_not_shown(value: str) -> None:
    with pytest.raises(BadToken, match="EMULATOR_CONTROL_TOKEN") as excinfo:
        usable_token(value)
    assert "cret" not in str(excinfo.value)


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ("tcp://10.43.12.7:8080", True),
        ("tcp://[fd00::7]:8080", True),
        ("udp://10.0.0.1:1", True),
        ("TCP://1.2.3.4:80", True),
        ("8080", False),
        ("tcp", False),
    ],
)
def test_an_address_of_a_service_is_known_from_a_port(value: str, is_one: bool) -> None:
    assert is_service_address(value) is is_one


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("EMULATOR_MAX_BODDY", "EMULATOR_MAX_BODY"),
        ("EMULATOR_HOTS", "EMULATOR_HOST"),
        ("EMULATOR_TOKEN", "EMULATOR_CONTROL_TOKEN"),
        ("EMULATOR_PORTS", "EMULATOR_PORT"),
        ("EMULATOR_SCENARIOS_DIR", "EMULATOR_SCENARIOS"),
        ("EMULATOR_URLS", "EMULATOR_URL"),
        ("EMULATOR_MAX_BODY", None),
        ("EMULATOR_SERVICE_HOST", None),
        ("EMULATOR_SERVICE_PORT_HTTP", None),
        ("EMULATOR_PORT_8080_TCP_PORT", None),
        ("EMULATOR_PORT_8080_TCP", None),
        ("EMULATOR_NAME", None),
        ("EMULATOR_COLOUR", None),
        ("ANDROID_EMULATOR_PORTS", None),
    ],
)
def test_a_misspelt_variable_is_told_of_its_nearest_and_others_are_left_alone(name: str, hint: str | None) -> None:
    assert list(misspelt([name], KNOWN)) == ([(name, hint)] if hint else [])
