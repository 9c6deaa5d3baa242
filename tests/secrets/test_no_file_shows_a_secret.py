"""No secret can be read in the file of a world: a stand-in is in its place, the same one wherever it is."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator
from gzip import decompress
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator import Emulator, EmulatorServer
from emulator.client.transport import InProcess
from emulator.text.secrets import COVER, is_secret
from emulator.text.stand_ins import Form, StandIns, of_parts
from tests.support.secret_texts import LIKE
from tests.support.server import through_a_socket
from tests.support.shown_secrets import readable_in, requests_of


@pytest.fixture(scope="module")
def server() -> Iterator[EmulatorServer]:
    with EmulatorServer() as server:
        yield server


def file_of(server: EmulatorServer, world: str, query: str = "") -> bytes:
    """Return the lines of the file of a world."""
    response = httpx.get(f"{server.url}/_emulator/worlds/{world}/export{query}")
    assert response.status_code == 200, response.text
    return decompress(response.content)


def opened(server: EmulatorServer, file: bytes, id: str) -> Any:
    """Make a world of a file."""
    response = httpx.post(f"{server.url}/_emulator/worlds/import", params={"id": id}, content=file)
    assert response.status_code == 201, response.text
    return response.json()


def image(file: bytes) -> list[bytes]:
    """Return the lines behind the header."""
    return file.split(b"\n")[1:]


@pytest.fixture(scope="module")
def files(server: EmulatorServer) -> tuple[bytes, bytes]:
    """The file of a world whose clients put a secret in every place of a request, and that of the world which it becomes."""
    assert server.app is not None
    with Emulator("first-run", server=server) as emulator:
        transport = InProcess(through_a_socket(server.app))
        with httpx.Client(transport=transport, base_url="http://127.0.0.1", headers={"Emulator-World": emulator.id}) as client:
            for request in requests_of(emulator):
                client.request(request.method, request.target, headers=request.headers, content=request.body)
            for secret in LIKE:
                client.post("/live/batches", params={"api_key": emulator.serpwow.api_key}, json={"name": secret})
        first = file_of(server, emulator.id)
        opened(server, first, "again")
    opened(server, file_of(server, "again"), emulator.id)
    return first, file_of(server, emulator.id)


def test_no_secret_of_a_request_can_be_read(files: tuple[bytes, bytes]) -> None:
    assert readable_in(files[0].decode()) == []


def test_what_stands_in_place_of_a_secret_stays_there_when_the_world_is_written_again(files: tuple[bytes, bytes]) -> None:
    first, again = map(image, files)
    assert again == first


SERPWOW, STRIPE, KEY, SECRET = (
    "0F1E2D3C4B5A69788796A5B4C3D2E1F0",
    "sk_test_Zq7RvXw2Kp9LmNt4",
    "Zq7-RvXw2-Key",
    'S3c"ret/of it+%',
)
BUCKET, SIGNING, USER = "wJalrXUtnFEMI/K7MDENG+bPxRfi", "whsec_Zq7RvXw2Kp9LmNt4Zq7RvXw2Kp9=", "S3cretOfTheHook"
ALL = (SERPWOW, STRIPE, KEY, SECRET, BUCKET, SIGNING, USER)
GIVEN = {
    "title": "Secrets everywhere",
    "credentials": {"serpwow": [SERPWOW], "stripe": [STRIPE], "6dot50": [{"key": KEY, "secret": SECRET}]},
    "given": {
        "serpwow": {
            "account": {"credits_limit": 100},
            "destinations": [
                {
                    "id": "d",
                    "name": "n",
                    "type": "s3",
                    "settings": {"s3_secret_access_key": BUCKET, "s3_access_key_id": "AKIAIOSFODNN7EXAMPLE"},
                }
            ],
            "batches": [{"id": "B1", "status": "idle", "searches": 1, "notification_webhook": f"https://me:{USER}@h.test/"}],
        },
        "stripe": {"event_destinations": [{"id": "ed_1", "url": "https://h.test/", "signing_secret": SIGNING}]},
    },
    "faults": [
        {"at": "serpwow.batches.start", "where": "before-commit", "do": "status", "status": 500, "body": {"password": SECRET}}
    ],
}


def spellings(secret: str) -> Iterator[str]:
    """Yield a secret as it stands, as JSON and URLs spell it, and in Base64 of texts that it begins at any place of."""
    yield from (secret, json.dumps(secret)[1:-1], json.dumps(json.dumps(secret))[3:-3], quote(secret, ""))
    yield re.sub("%..", lambda found: found[0].lower(), quote(secret, ""))
    yield from (b64encode(b"x" * offset + secret.encode() + b"yyy").decode() for offset in range(3))


def kernel(spelling: str) -> str:
    """Return the part of a spelling that has nothing but the secret in it."""
    return spelling[4:-4] if spelling.endswith(("eXl5", "5eXk=", "l5eQ==")) else spelling


@pytest.fixture(scope="module")
def given_file(server: EmulatorServer) -> Iterator[tuple[Emulator, bytes]]:
    with Emulator(GIVEN, server=server) as emulator, httpx.Client(base_url=server.url) as client:
        world = {"Emulator-World": emulator.id}
        client.get("/live/account", params={"api_key": SERPWOW}, headers=world).raise_for_status()
        client.get("/v2/core/batch_jobs/j", auth=(STRIPE, ""), headers=world | {"Stripe-Version": "2026-03-25.preview"})
        token = client.post("/za/pay/authentication/getToken", json={"key": KEY, "secret": SECRET}, headers=world).json()[
            "token"
        ]
        client.get("/za/pay/accounts", headers=world | {"Authorization": f"Bearer {token}"})
        for text in (it for secret in ALL for it in spellings(secret)):
            client.post("/live/batches", params={"api_key": SERPWOW}, json={"name": f"about {text}."}, headers=world)
        client.post("/live/batches", params={"api_key": SERPWOW}, content=b"\xff" + SECRET.encode(), headers=world)
        yield emulator, file_of(server, emulator.id)


def test_no_secret_that_a_scenario_gives_can_be_read_however_it_is_spelt(given_file: tuple[Emulator, bytes]) -> None:
    text = given_file[1].decode()
    assert [it for secret in ALL for it in spellings(secret) if kernel(it) in text] == []


def test_no_credential_of_the_world_itself_can_be_read(given_file: tuple[Emulator, bytes]) -> None:
    emulator, file = given_file
    fields = [value for own in emulator.credentials.values() for name, value in own.items() if name != "url"]
    assert (len(fields), [it for it in fields if it in file.decode()]) == (4, [])


def test_a_file_of_an_equal_world_is_equal_but_for_its_header(server: EmulatorServer) -> None:
    with Emulator("first-run", server=server) as emulator:
        files = [file_of(server, emulator.id) for _ in range(2)]
    assert (files[0].split(b"\n")[0] == files[1].split(b"\n")[0], image(files[0]) == image(files[1])) == (False, True)


def test_secrets_stay_where_that_is_asked_for(server: EmulatorServer, given_file: tuple[Emulator, bytes]) -> None:
    text = file_of(server, given_file[0].id, "?secrets=true").decode()
    assert [it for it in ALL if json.dumps(it)[1:-1] not in text] == []


def test_the_world_that_a_file_becomes_accepts_what_stands_in_place_of_its_credentials(
    server: EmulatorServer, given_file: tuple[Emulator, bytes]
) -> None:
    emulator, file = given_file
    rules = json.loads(image(file)[0])["world"]["rules"]
    world = opened(server, file, "reopened")
    version = {"Stripe-Version": "2026-03-25.preview"}
    with httpx.Client(base_url=server.url) as client:
        statuses: dict[str, list[int]] = {}
        for name in ("serpwow", "stripe", "6dot50"):
            statuses[name] = []
            for credential, fields in rules["credentials"][name].items():
                if name == "serpwow":
                    answer = client.get("/live/account", params={"api_key": credential})
                elif name == "stripe":
                    answer = client.get("/v2/core/event_destinations", auth=(credential, ""), headers=version)
                else:
                    secret = fields.get("secret", world["credentials"]["6dot50"]["secret"])
                    answer = client.post("/za/pay/authentication/getToken", json={"key": credential, "secret": secret})
                statuses[name].append(answer.status_code)
        journal = client.get("/_emulator/worlds/reopened/journal").json()
    assert statuses == {"serpwow": [200, 200], "stripe": [200, 200], "6dot50": [200, 200]}
    assert journal["last"] > emulator.ask("GET", "/journal")["last"]


TEXTS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)


@given(st.lists(TEXTS | st.from_regex(r"(sk_test_|whsec_|AKIA)[A-Za-z0-9]{3,20}", fullmatch=True), unique=True, max_size=20))
def test_each_secret_has_a_stand_in_of_its_own_which_no_secret_is(secrets: list[str]) -> None:
    stand_ins = StandIns({})
    for secret in secrets:
        stand_ins.note(secret)
    stand_ins.settle()
    found = [stand_ins.of(secret) for secret in secrets]
    plain = [it for it in secrets if it.replace("+", " ") == it or it.replace("+", " ") not in secrets]
    assert len({stand_ins.of(it) for it in plain}) == len(plain)
    assert [it for it, secret in zip(found, secrets, strict=True) if it in secrets and it != secret] == []
    assert [stand_ins.of(it) for it in found] == found


@pytest.mark.parametrize("secret", [*LIKE[:7], *LIKE[9:16], SIGNING, "S3cret", "f945d71c-b00f-4e77-8175-253093157a2f"])
def test_a_stand_in_has_the_length_and_the_beginning_of_its_secret(secret: str) -> None:
    stand_in = Form.of(secret).make(1)
    assert (len(stand_in), Form.of(stand_in)) == (len(secret), Form.of(secret))


def test_nothing_is_covered_otherwise_once_a_file_is_written(files: tuple[bytes, bytes]) -> None:
    assert (files[0] != b"", COVER.by) == (True, None)


def test_the_name_of_a_secret_is_none() -> None:
    assert (is_secret("api_key"), of_parts("api_key", str.upper, str.upper), of_parts("abc", str.upper, str)) == (
        True,
        "api_key",
        "ABC",
    )
