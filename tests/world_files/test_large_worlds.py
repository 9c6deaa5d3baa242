"""A world that is as large as vendors allow becomes a file and a world again, in lines that are read in turns."""

from __future__ import annotations

import json
from gzip import decompress
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator import Emulator
from emulator.kernel.errors import BadInput
from emulator.store.long_lines import LONG, MOST_VALUES, contents_of, read_in_turns

TEXTS = ['x\\"é😀' * 20_000, "\\" * 70_001, "\U0001f600" * 30_000, "", "\n\t" * 50_000]
VALUE: Any = {"a": [1, 2.5, -3, True, None, {"": {}}], "b": [[], TEXTS], "é": 0}


@pytest.mark.parametrize("is_ascii", [True, False])
def test_what_is_read_in_turns_is_what_was_written(is_ascii: bool) -> None:
    line = json.dumps({"world": VALUE}, separators=(",", ":"), ensure_ascii=is_ascii).encode()
    assert len(line) > LONG
    assert [(name, json.loads(bytes(raw))) for name, raw in contents_of(line)] == [("world", VALUE)]


@pytest.mark.parametrize(
    "line", [b"", b"[", b"[1", b'{"a"}', b'"', b'"\\', b"[1,]", b"[ 1]", b"[" * 9_999, b"0," * MOST_VALUES]
)
def test_what_is_no_line_is_refused(line: bytes) -> None:
    with pytest.raises(BadInput):
        read_in_turns(line)


def test_searches_that_come_in_many_loads_are_in_short_lines_and_shared_again(tmp_path: Path) -> None:
    with Emulator("first-run") as emulator, httpx.Client(transport=emulator.transport(), base_url="http://a") as client:
        query = {"api_key": emulator.serpwow.api_key}
        batch = client.post("/live/batches", params=query, json={"name": "many"}).json()["batch"]["id"]
        searches = [{"q": "pizza", "custom_id": str(n), "more": "x" * 200} for n in range(500)]
        for _ in range(4):
            assert client.put(f"/live/batches/{batch}", params=query, json={"searches": searches}).status_code == 200
        file, before = emulator.export(tmp_path / "large.world.gz"), emulator.state["serpwow"]
        parts = [it for it in decompress(file).split(b"\n") if it.startswith(b'{"parts"')]
        with Emulator.open(tmp_path / "large.world.gz") as other:
            assert other.state["serpwow"] == before
            again = [it for it in decompress(other.export()).split(b"\n") if it.startswith(b'{"parts"')]
    assert len(parts) == 4
    assert max(map(len, parts)) < 1.01 * min(map(len, parts))  # each request is in them once
    assert again == parts
