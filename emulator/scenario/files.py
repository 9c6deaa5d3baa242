"""Scenario files on disk: by which endings they are known, and their text."""

from __future__ import annotations

import codecs
import os
from errno import ELOOP
from os.path import isabs, isdir, islink
from pathlib import Path
from stat import S_ISREG

from emulator.kernel.errors import BadInput, Problem
from emulator.scenario.document import MAX_BYTES

SUFFIXES = (".yaml", ".yml", ".json")
ENDINGS = ".yaml, .yml or .json"

_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def is_scenario_file(path: Path) -> bool:
    """Tell whether a path ends as scenario files do, in small letters or capitals."""
    return path.suffix.lower() in SUFFIXES


def changed(path: str) -> int:
    """Return the moment at which a file was changed, as the system has it; 0 where there is none."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def looks_like_path(text: str) -> bool:
    """Tell whether a text names a file: by how it begins, or as the folder that it names is there."""
    with_slashes = text.replace("\\", "/")
    return isabs(text) or with_slashes.startswith(("./", "../", "~/")) or ("/" in with_slashes and isdir(Path(text).parent))


class FileTooLarge(ValueError):
    """A file that has more bytes than are read of it."""


class NoRegularFile(FileTooLarge):
    """A pipe or a device, which may never end."""


def read_bounded(path: Path, most: int) -> bytes:
    """Return the content of a file, whose kind and size are looked at before it is read.

    One that becomes a pipe meanwhile is not waited for.

    Raises:
        FileTooLarge: it has more than `most` bytes, or is no regular file.
        OSError: it cannot be read.
    """
    _check_kind_and_size(path.stat(), most)
    with open(path, "rb", opener=_open_without_waiting) as file:
        _check_kind_and_size(os.fstat(file.fileno()), most)
        content = file.read(most + 1)
    if len(content) > most:
        raise FileTooLarge(f"larger than {most} bytes")
    return content


def _check_kind_and_size(status: os.stat_result, most: int) -> None:
    if not S_ISREG(status.st_mode):
        raise NoRegularFile("is no regular file: name one that ends")
    if status.st_size > most:
        raise FileTooLarge(f"larger than {most} bytes")


def _open_without_waiting(path: str, flags: int) -> int:
    """Open a file; where it is a pipe that nobody writes to, at once."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def read_text(path: Path) -> str:
    """Return the text of a file, without the mark that some editors put before UTF-8.

    Raises:
        BadInput: there is none, it cannot be read, is larger than a scenario may be, or it is not UTF-8.
    """
    if isdir(path):
        raise BadInput([Problem("is a folder, not a scenario: name a file in it")], str(path))
    try:
        content = read_bounded(path, MAX_BYTES)
    except FileTooLarge as error:
        raise BadInput([Problem(str(error))], str(path)) from None
    except FileNotFoundError:
        raise BadInput([Problem("is a link to nothing" if islink(path) else "there is no such file")], str(path)) from None
    except OSError as error:
        if error.errno == ELOOP:
            raise BadInput([Problem("is a link that leads back to itself")], str(path)) from None
        raise BadInput([Problem(f"cannot be read: {error.strerror or error}")], str(path)) from None
    try:
        return content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        kind = "it is UTF-16" if content.startswith(_WIDE) else f"byte {error.start + 1} is none of it"
        raise BadInput([Problem(f"is not text in UTF-8 ({kind}): save it as UTF-8")], str(path)) from None
