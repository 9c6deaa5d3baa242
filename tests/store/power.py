"""Cuts of power, by what strace saw of a process: its files as a disk has them that keeps what was synced, and of the rest what it likes.

A name is kept once its folder was synced after the file was made, and a byte once its file was synced after it was written.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

SECTOR = 512
"""Bytes that are written wholly or not at all."""

CALLS = "openat,pwrite64,write,ftruncate,fdatasync,fsync,unlink"
_LINE = re.compile(r"(\d+) +(\w+)\((.*?)(?:\) += (-?\d+).*| <unfinished \.\.\.>)")
_RESUMED = re.compile(r"(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d+).*")
_PLACE = re.compile(r"^\d+<([^>]*)>(?:, )?")
_TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


class Event(NamedTuple):
    """A call that a process made: of `write` the bytes and where they go; what it says on its standard output is `say`."""

    call: str
    path: str
    data: bytes = b""
    at: int = 0


def traced(folder: Path, *arguments: str) -> list[Event]:
    """Run this Python, and return what it did to files in a folder, and said, in order. The test is skipped without strace."""
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("there is no strace here")
    log = folder.parent / "strace.log"
    command = [strace, "-f", "-qq", "-y", "-xx", "-s", "1000000", "-e", f"trace={CALLS}", "-o", str(log)]
    done = subprocess.run([*command, sys.executable, *arguments], capture_output=True, text=True, check=False)
    if "PTRACE" in done.stderr or "ptrace" in done.stderr:
        pytest.skip("no process may be traced here")
    assert done.returncode == 0, done.stderr
    within = (str(folder), f"{folder}{os.sep}")
    return [
        event for event in _events(log.read_text("ascii").splitlines()) if event.call == "say" or event.path.startswith(within)
    ]


def _events(lines: list[str]) -> Iterator[Event]:
    """Yield calls when they are over, and what is said when that begins."""
    begun: dict[str, str] = {}
    for line in lines:
        if resumed := _RESUMED.fullmatch(line):
            thread, call, rest, result = resumed.groups()
            arguments = begun.pop(thread) + rest
            is_said = False
        elif whole := _LINE.fullmatch(line):
            thread, call, arguments, result = whole.groups()
            is_said = call == "write" and arguments.startswith("1<")
            if result is None:
                begun[thread] = arguments
        else:
            continue
        if is_said:
            yield Event("say", "", _bytes(_TEXT.findall(arguments)[0]))
        elif result is not None and int(result) >= 0 and not arguments.startswith("1<"):
            yield from _event(call, arguments)


def _event(call: str, arguments: str) -> Iterator[Event]:
    texts = [_bytes(text) for text in _TEXT.findall(arguments)]
    if call in ("openat", "unlink"):
        if call == "unlink" or "O_CREAT" in arguments:
            yield Event("unlink" if call == "unlink" else "create", os.fsdecode(texts[0]))
        return
    place = _PLACE.match(arguments)
    assert place is not None, arguments
    path, numbers = os.fsdecode(_bytes(place[1])), [int(number) for number in re.findall(r", (\d+)", arguments)]
    if call == "ftruncate":
        yield Event("truncate", path, at=int(arguments[place.end() :]))
    elif call == "pwrite64":
        yield Event("write", path, texts[0], numbers[-1])
    elif call in ("fsync", "fdatasync"):
        yield Event("sync", path)


def _bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace("\\x", ""))


class _File:
    """What is surely on the disk of a file, and what may be: changes since it was synced."""

    def __init__(self) -> None:
        self.has_name = False
        self.is_gone = False
        self.synced = bytearray()
        self.waiting: list[Event] = []


class Disk:
    """Files, as they are after some events."""

    def __init__(self) -> None:
        self._files: dict[str, _File] = {}

    def apply(self, event: Event) -> None:
        """Have an event happen."""
        if event.call == "create":
            self._files.setdefault(event.path, _File())
        elif event.call in ("write", "truncate"):
            self._files[event.path].waiting.append(event)
        elif event.call == "unlink":
            self._files[event.path].is_gone = True
        elif event.call == "sync":
            self._sync(event.path)

    def _sync(self, path: str) -> None:
        if path in self._files:
            file = self._files[path]
            for change in file.waiting:
                _change(file.synced, change)
            file.waiting.clear()
            return
        for name, file in [*self._files.items()]:
            if os.path.dirname(name) == path:
                file.has_name = True
                if file.is_gone:
                    del self._files[name]

    def left(self, chance: Random | None = None) -> dict[str, bytes]:
        """Return the files after a cut of power now: what was synced, and of the rest nothing, or what chance leaves."""
        return {name: self._left(file, chance) for name, file in self._files.items() if _is_left(file, chance)}

    def _left(self, file: _File, chance: Random | None) -> bytes:
        content = file.synced[:]
        for change in file.waiting if chance else ():
            if chance and chance.random() < 0.5:
                _change(content, change if chance.random() < 0.8 else _torn(change, chance))
        return bytes(content)


def _is_left(file: _File, chance: Random | None) -> bool:
    is_sure = file.has_name and not file.is_gone
    return is_sure or (file.has_name and chance is None) or (chance is not None and chance.random() < 0.5)


def _torn(change: Event, chance: Random) -> Event:
    """Return a change of which only some sectors came to the disk."""
    return change._replace(data=change.data[: chance.randrange(len(change.data) + 1) // SECTOR * SECTOR])


def _change(content: bytearray, change: Event) -> None:
    end = change.at + len(change.data)
    if change.call == "truncate":
        del content[change.at :]
    content.extend(bytes(max(0, end - len(content))))
    content[change.at : end] = change.data
