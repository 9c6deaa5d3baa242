"""The program behind the commands: it prints in any encoding, and reads variables without what stands around their values."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple, TextIO

import click

from emulator.client.environment import PREFIX, misspelt, strip_all
from emulator.text.escape import escaped, escaped_lines
from emulator.text.garbage import gc_paused

QUIET = "healthcheck"
"""The command that runs every few seconds, and does not repeat what another has said."""

BESIDE_OPTIONS = frozenset({"EMULATOR_URL", "EMULATOR_TLS_FOLDER", "EMULATOR_KEEP"})
"""Variables that are read and are no option of every command's."""

UNWRITABLE = frozenset({errno.ENOSPC, errno.EIO, errno.EFBIG, errno.EDQUOT})
"""Errors of an output that takes no more: a full disk, a file at its bound."""


class Program(click.Group):
    """A group of commands that prints in any encoding, and names variables that look like a misspelt option.

    `functions` are those of the commands by name, each in the module of that name, which is imported when it is asked for.
    """

    def __init__(self, *args: Any, functions: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._functions = functions

    def list_commands(self, _context: click.Context) -> list[str]:
        """Return the names of the commands, in order."""
        return sorted(self._functions)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """Return the command of that name, if there is one."""
        return self.command_of(name) if name in self._functions else None

    def command_of(self, name: str) -> click.Command:
        """Return the command of a name that there is."""
        with gc_paused():
            command: click.Command = getattr(import_module(f"emulator.cli.{name}"), self._functions[name])
            return command

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command that the arguments name."""
        occupy_standard_descriptors()
        before = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = map(printing_anything, before)
        strip_all(os.environ)
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            if error.errno not in UNWRITABLE:
                raise
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what is still buffered would fail again at the end
            click.echo(f"Error: the output cannot be written: {error.strerror}", err=True)
            sys.exit(1)
        finally:
            sys.stdout, sys.stderr = before

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant."""
        name, command, rest = super().resolve_command(ctx, args)
        if (
            command is not None
            and name != QUIET
            and (unread := {it for it in os.environ if it.startswith(PREFIX)} - _read_by(command))
        ):
            for variable, meant in misspelt(unread, self.variables()):
                click.echo(f"Warning: nothing reads {variable}; did you mean {meant}?", err=True)
        return name, command, rest

    def variables(self) -> frozenset[str]:
        """Return the name of every variable that something of ours reads."""
        return BESIDE_OPTIONS.union(*(_read_by(self.command_of(name)) for name in self._functions))


def _read_by(command: click.Command) -> set[str]:
    """Return the names of the variables that the options of a command read."""
    names = (param.envvar or () for param in command.params)
    return {name for each in names for name in ([each] if isinstance(each, str) else each)}


def occupy_standard_descriptors() -> None:
    """Open nothing in place of standard streams that are closed, or a socket takes their numbers, at which libuv aborts."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free


class _Printable(io.TextIOBase):
    """A stream in front of another that escapes what a terminal would obey, and what the other's encoding does not have.

    Where that is ASCII it names no encoding, and so click writes no UTF-8 past it.
    """

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self._stream = stream
        self._ascii = codecs.lookup(stream.encoding).name == "ascii"

    @property
    def encoding(self) -> Any:  # type: ignore[override]
        """The encoding of the stream behind it; None of ASCII."""
        return None if self._ascii else self._stream.encoding

    def write(self, text: str) -> int:
        printable = escaped_lines(text)
        self._stream.write(printable.encode("ascii", "backslashreplace").decode() if self._ascii else printable)
        return len(text)

    def write_styled(self, text: str) -> None:
        """Write a text whose colours a terminal is to obey, and in which all else is escaped already."""
        self._stream.write(text.encode("ascii", "backslashreplace").decode() if self._ascii else text)
        self._stream.flush()

    def write_bytes(self, content: bytes) -> None:
        """Write what is no text, as it is."""
        self._stream.flush()
        self._stream.buffer.write(content)
        self._stream.buffer.flush()

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()

    def fileno(self) -> int:
        return self._stream.fileno()


class Piece(NamedTuple):
    """A part of a line, and its colour, by click's name, None for the terminal's own."""

    text: str
    colour: str | None = None


def echo_bytes(content: bytes) -> None:
    """Print what is no text, as it is."""
    stream: Any = sys.stdout
    if isinstance(stream, _Printable):
        stream.write_bytes(content)
    else:
        stream.buffer.write(content)


def echo_styled(*pieces: Piece) -> None:
    """Print a line of pieces, which are escaped, in their colours where there is a terminal that has some.

    NO_COLOR, if it is not empty, turns them off (no-color.org).
    """
    stream = sys.stdout
    has_colours = stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    if has_colours and isinstance(stream, _Printable):
        stream.write_styled("".join([click.style(escaped(it.text), fg=it.colour) for it in pieces]) + "\n")
    else:
        click.echo(escaped("".join([it.text for it in pieces])))


def printing_anything(stream: TextIO) -> TextIO | _Printable:
    """Return a stream that writes as an escape (`\\u2026`) what a terminal would obey or the encoding does not have."""
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    stream.reconfigure(errors="backslashreplace")
    return _Printable(stream)
