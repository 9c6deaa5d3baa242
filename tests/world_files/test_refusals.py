"""What is no whole world is refused by name, with what to do, and nothing is left behind."""

from __future__ import annotations

import json
import random
from collections import deque
from collections.abc import Iterator
from copy import deepcopy
from gc import collect
from gzip import compress, decompress
from hashlib import blake2b
from typing import Any

import httpx
import pytest

from emulator import Emulator, EmulatorServer
from emulator.kernel.budget import Budget, Quota
from emulator.kernel.errors import BadInput
from emulator.kernel.limits import Limits
from emulator.store.events import KeptExchange
from emulator.store.file import WorldFile

WORLDS = "/_emulator/worlds"
LIMITS = {"memory": 4_000_000, "snapshots": 3}


@pytest.fixture(scope="module")
def client() -> Iterator[httpx.Client]:
    with EmulatorServer(limits=LIMITS) as server, httpx.Client(base_url=server.url, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def file() -> bytes:
    """The lines of the file of a world in which much has happened."""
    with Emulator("first-run") as emulator, httpx.Client(transport=emulator.transport(), base_url="http://127.0.0.1") as client:
        client.headers["Emulator-World"] = emulator.id
        client.get("/live/batches/2A6F94BB/start", params={"api_key": emulator.serpwow.api_key})
        client.post("/live/batches", params={"api_key": emulator.serpwow.api_key}, json={"name": "another"})
        emulator.snapshot("before")
        emulator.clock.advance("30s")
        client.get("/live/batches/2A6F94BB/stop", params={"api_key": emulator.serpwow.api_key})
        content: bytes = emulator.export()
    return decompress(content)


def signed(lines: list[bytes]) -> bytes:
    """Return a file of these lines, with the end that fits them."""
    image = lines[1:-2]
    digest = blake2b(b"".join(it + b"\n" for it in image), digest_size=32).hexdigest()
    end = json.dumps({"end": {"lines": len(image), "blake2b": digest}}).encode()
    return b"\n".join([lines[0], *image, end, b""])


def changed(file: bytes, old: bytes, new: bytes) -> bytes:
    """Return a file in which something else is written, with an end that fits."""
    assert old in file
    return signed(file.replace(old, new).split(b"\n"))


def flipped(file: bytes) -> bytes:
    return file.replace(b'"seed":0', b'"seed":1', 1)


def with_line(file: bytes, name: str, place: list[Any], value: Any) -> bytes:
    """Return a file in whose first line of a name something else stands at a place, with an end that fits."""
    lines = file.split(b"\n")
    number = next(n for n, it in enumerate(lines) if it.startswith(b'{"%b":' % name.encode()))
    holder = line = json.loads(lines[number])
    for key in (name, *place[:-1]):
        holder = holder[key]
    holder[place[-1]] = value
    lines[number] = json.dumps(line).encode()
    return signed(lines)


BAD: dict[str, Any] = {
    "nothing": (lambda _: b"", "the body is empty: send a file that `batch-emulator export` wrote"),
    "a text": (lambda _: b"hello", "this file is no world"),
    "JSON of another kind": (lambda _: b'{"a":1}\n', "this file is no world"),
    "a file of another kind": (
        lambda file: file.replace(b"batch-emulator world", b"a picture", 1),
        "this file is no world, but 'a picture'",
    ),
    "a newer format": (
        lambda file: file.replace(b'"format":1', b'"format":2', 1),
        "this file has format 2, written by version",
    ),
    "gzip of nothing": (lambda _: compress(b""), "this file is no world"),
    "gzip that was cut short": (lambda file: compress(file)[:-200], "it was cut short"),
    "gzip without its end": (lambda file: compress(file)[:-4], "it was cut short"),
    "gzip with something behind": (lambda file: compress(file) + b"more", "something stands behind the world"),
    "two in one": (lambda file: compress(file) * 2, "something stands behind the world"),
    "lines that were cut short": (lambda file: file[: len(file) // 2], "it was cut short"),
    "a last line that is missing": (lambda file: file[: file[:-1].rindex(b"\n")], "it was cut short"),
    "a header alone": (lambda file: file.split(b"\n")[0], "it was cut short"),
    "another seed": (flipped, "this file was changed since it was written, or damaged"),
    "a bomb": (lambda _: compress(b"0" * 60_000_000), "a line of more than 1000000 bytes"),
    "a header that is longer than any": (
        lambda file: file.replace(b'{"file":{', b'{"file":{"more":"%b",' % (b"a" * 65_536), 1),
        "it does not begin as one does",
    ),
    "a line that is nested too deep": (
        lambda file: changed(file, b'{"moment":', b'{"parts":' + b"[" * 90_000 + b"]" * 90_000 + b'}\n{"moment":'),
        "line",
    ),
    "a part that is no value of one": (
        lambda file: changed(file, b'{"moment":', b'{"parts":[["Searches",5]]}\n{"moment":'),
        "line",
    ),
    "a line that is no JSON": (
        lambda file: changed(file, b'{"moment":', b'{"parts":[\n{"moment":'),
        "of the world: DecodeError",
    ),
    "a second present": (lambda file: changed(file, b'"name":"beginning"', b'"name":"now"'), "a moment 'now' already"),
    "a status that no answer has": (lambda file: with_line(file, "events", [0, 11], -(10**38)), "a status or a count"),
    "a count beyond all numbers": (lambda file: with_line(file, "journal", ["last"], 10**30), "beyond all numbers"),
    "clocks that are too far apart": (
        lambda file: changed(file, b'"skew":"P0D"', b'"skew":"P999999999D"'),
        "its clocks are",
    ),
    "no image": (lambda file: signed([*file.split(b"\n")[:1], b"", b""]), "before all of it is there"),
    "a line of another name": (lambda file: changed(file, b'{"history"', b'{"hystory"'), "no line has 'hystory'"),
    "a kind that there is not": (lambda file: changed(file, b'"serpwow.batch"', b'"serpwow.botch"'), "'serpwow.botch'"),
    "a field that there is not": (lambda file: changed(file, b'"searches":', b'"sorches":'), "line"),
    "an instant that is none": (lambda file: changed(file, b'"now":"2026', b'"now":"2o26'), "line"),
    "a status that there is not": (lambda file: changed(file, b'"status":"queued"', b'"status":"odd"'), "makes no sense"),
    "a choice that there is not": (
        lambda file: changed(file, b'"serpwow.places":"by-size"', b'"serpwow.places":"odd"'),
        "the assumption serpwow.places has no choice 'odd'",
    ),
    "a scenario that is none": (lambda file: with_line(file, "world", ["source", "odd"], 1), "its scenario has"),
    "a scenario that is a text": (lambda file: with_line(file, "world", ["source"], "odd"), "its scenario has"),
    "parameters that are none": (
        lambda file: with_line(file, "world", ["rules", "parameters"], [1]),
        "its parameters are no object",
    ),
    "a rate that no clock has": (lambda file: changed(file, b'"rate":0.0', b'"rate":-1.0'), "a rate from 0 to"),
    "an operation that no vendor has": (
        lambda file: changed(file, b'"serpwow.batches.stop","GET"', b'"odd.batches.stop","GET"'),
        "no vendor has the operation 'odd.batches.stop'",
    ),
    "a state that nobody can have written": (
        lambda file: with_line(file, "commits", [0, 6], [1]),
        "what a controller wrote has",
    ),
    "a journal in no order": (lambda file: changed(file, b'"entries":[[1,', b'"entries":[[9,'), "in no order"),
}


def test_a_file_of_more_than_the_memory_holds_is_refused_whatever_its_lines_are(file: bytes) -> None:
    header, lines = file.split(b"\n")[0] + b"\n", b"".join(b"%d" % n + b"a" * 100 + b"\n" for n in range(320_000))
    bomb = (b"0" * 99_999 + b"\n") * 600
    for content, memory, reason in (bomb, 256_000_000, "more than 300"), (lines, 4_000_000, "more than 32000000 bytes"):
        limits = Limits(memory=memory)
        with pytest.raises(BadInput, match=reason):
            deque(WorldFile(compress(header + content), limits, Quota(Budget.of(limits))).image(), 0)


def test_empty_lines_take_no_time(file: bytes) -> None:
    limits = Limits()
    content = file.replace(b"\n", b"\n\n" * 1_000_000, 1)
    assert [*WorldFile(content, limits, Quota(Budget.of(limits))).image()] == file.split(b"\n")[1:-2]


def test_as_many_moments_are_read_as_a_world_may_have(client: httpx.Client, file: bytes) -> None:
    lines = file.split(b"\n")
    moment = next(it for it in lines if b'"beginning"' in it and it.startswith(b'{"moment"'))
    more = [moment.replace(b"beginning", b"more %d" % n) for n in range(4)]
    answer = client.post(f"{WORLDS}/import", content=signed([*lines[:-2], *more, *lines[-2:]]))
    assert (answer.status_code, "3 snapshots at most" in answer.json()["detail"]) == (422, True)


SIZE = 1 + KeptExchange.__struct_fields__.index("size")
"""The place of its size in an exchange, behind the word that says what it is."""


def test_an_exchange_counts_for_what_it_has_whatever_is_said_of_it(client: httpx.Client, file: bytes) -> None:
    lines = file.split(b"\n")
    number = next(n for n, it in enumerate(lines) if it.startswith(b'{"events"'))
    events = json.loads(lines[number])
    for it in events["events"]:
        if it[0] == "exchange":
            it[SIZE] = -(10**9)
    lines[number] = json.dumps(events).encode()
    answer = client.post(f"{WORLDS}/import", content=signed(lines))
    assert answer.status_code == 201
    assert client.get(WORLDS).json()["memory"]["used"] > 0
    client.delete(f"{WORLDS}/{answer.json()['id']}")


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_world_is_refused_by_name(client: httpx.Client, file: bytes, name: str) -> None:
    make, reason = BAD[name]
    collect()
    before = client.get(WORLDS).json()
    answer = client.post(f"{WORLDS}/import", content=make(file))
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    assert reason in answer.json()["detail"]
    collect()
    after = client.get(WORLDS).json()
    assert [it["id"] for it in after["worlds"]] == [it["id"] for it in before["worlds"]]
    assert after["memory"]["used"] <= before["memory"]["used"]


def test_a_file_that_is_larger_than_an_answer_may_be_is_refused_with_the_option(client: httpx.Client) -> None:
    answer = client.post(f"{WORLDS}/import", content=b"\x1f\x8b" + bytes(LIMITS["memory"] // 4))
    assert (answer.status_code, "--max-memory" in answer.json()["detail"]) == (413, True)


@pytest.mark.parametrize(("id", "status"), [("default", 409), ("a/b", 422), ("sk_test_51H00000000000", 422), ("fine", 201)])
def test_a_world_from_a_file_has_an_id_of_its_own(client: httpx.Client, file: bytes, id: str, status: int) -> None:
    assert client.post(f"{WORLDS}/import", params={"id": id}, content=file).status_code == status


def test_a_world_keeps_its_id_where_that_is_free_and_is_found_by_it(client: httpx.Client, file: bytes) -> None:
    first, second = (client.post(f"{WORLDS}/import", content=compress(file)).json() for _ in range(2))
    former = json.loads(file.split(b"\n")[0])["file"]["world"]
    assert (first["id"] == former, second["id"] == former) == (True, False)
    for world in (first, second):
        key = world["credentials"]["serpwow"]["api_key"]
        client.get("/live/account", params={"api_key": key}).raise_for_status()
        assert client.get(f"{WORLDS}/{world['id']}/journal").json()["entries"][-1]["operation"] == "serpwow.account.get"


def test_what_a_file_needs_is_on_a_socket_and_in_this_process_alike() -> None:
    with (
        EmulatorServer() as server,
        httpx.Client(base_url=server.url) as client,
        Emulator("first-run", server=server) as emulator,
    ):
        over_a_socket = client.get(f"{WORLDS}/{emulator.id}/export").content
        here = emulator.export()
    assert decompress(here).split(b"\n")[1:] == decompress(over_a_socket).split(b"\n")[1:]


def test_an_exchange_whose_path_leads_nowhere_here_is_explained(client: httpx.Client, file: bytes) -> None:
    elsewhere = changed(file, b'"/live/batches/2A6F94BB/stop', b'"/nowhere/2A6F94BB/stop')
    assert client.post(f"{WORLDS}/import", params={"id": "nowhere"}, content=elsewhere).status_code == 201
    fault = {"at": "serpwow", "where": "before-commit", "do": "drop"}
    client.post(f"{WORLDS}/nowhere/faults", json=fault).raise_for_status()
    journal = client.get(f"{WORLDS}/nowhere/journal").json()["entries"]
    assert {client.get(f"{WORLDS}/nowhere/journal/{it['n']}/explain").status_code for it in journal} == {200}


MUTATIONS = 150


def mutated(file: bytes, chance: random.Random) -> bytes:
    """Return a file in which some value, name or number is another, with an end that fits."""
    lines = file.split(b"\n")
    place = chance.randrange(1, len(lines) - 2)
    line = json.loads(lines[place])
    holder, key = chance.choice([*_places(line)])
    if chance.random() < 0.15:
        del holder[key]
    else:
        others = [deepcopy(value[at]) for value, at in _places(line)]
        holder[key] = chance.choice(
            [None, True, -1, 0, 2**63, 1.5, "", "x", "2026-01-01T00:00:00Z", [], {}, [[]], *others[:40]]
        )
    lines[place] = json.dumps(line).encode()
    return signed(lines)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    parts = [*value.items()] if isinstance(value, dict) else [*enumerate(value)] if isinstance(value, list) else []
    for key, part in parts:
        yield value, key
        yield from _places(part)


SHOWN = (
    "",
    "/state",
    "/journal",
    "/ledger",
    "/clock",
    "/snapshots",
    "/faults",
    "/replies",
    "/timeline",
    "/deliveries",
    "/pending",
)


@pytest.mark.parametrize("seed", range(8))
def test_a_file_that_is_changed_anywhere_is_refused_or_becomes_a_world_that_can_be_shown(
    client: httpx.Client, file: bytes, seed: int
) -> None:
    chance, failures = random.Random(seed), list[str]()
    for _ in range(MUTATIONS // 8):
        answer = client.post(f"{WORLDS}/import", params={"id": "mutant"}, content=mutated(file, chance))
        if answer.status_code == 201:
            for path in (*SHOWN, "/diff", "/journal/1/explain", "/overview", "/resources", "/record"):
                shown = client.get(f"{WORLDS}/mutant{path}")
                failures += [f"{path}: {shown.text[:300]}"] if shown.status_code >= 500 else []
            for path in ("/undo", "/clock/advance", "/reset"):
                done = client.post(f"{WORLDS}/mutant{path}", json={"by": "1h"} if "clock" in path else {})
                failures += [f"{path}: {done.text[:300]}"] if done.status_code >= 500 else []
            assert client.delete(f"{WORLDS}/mutant").status_code == 204
        elif answer.status_code not in (422, 429):
            failures.append(answer.text[:300])
    assert failures == []
