"""Lines on standard error that nobody waits for: a parent that reads none of them, or closes the pipe, stalls nothing."""

from __future__ import annotations

import logging
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import copy
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, TextIO

from emulator.text.escape import escaped, escaped_lines

MOST_LINES = 4_096
"""Lines that wait to be written; what comes on top is left out, and counted."""

LONGEST = 2_000
"""Characters of a line that are shown."""

SECONDS_AT_THE_END = 0.3
"""Seconds that the last lines may take at the end of the process."""


def line_of(text: str) -> str:
    """Return one line in which a terminal finds nothing to obey, cut where it is too long."""
    return escaped(text if len(text) <= LONGEST else f"{text[:LONGEST]}...")


class StandardError:
    """A thread that writes lines to a stream.

    It holds no lock of Python's while it waits for a reader, or the process could not end.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._stream = stream
        self.left_out = 0
        self._thread = Thread(target=self._write_all, name="batch-emulator-stderr", daemon=True)
        self._thread.start()

    def say(self, line: str) -> None:
        """Write a line some time soon, or leave it out where thousands wait already."""
        if self._lines.qsize() < MOST_LINES:
            self._lines.put(line)
        else:
            self.left_out += 1

    def close(self) -> None:
        """Write what waits, for as long as that may take."""
        self._lines.put(None)
        self._thread.join(SECONDS_AT_THE_END)

    def _write_all(self) -> None:
        with suppress(OSError, ValueError):  # who has closed the pipe wants no more
            while (lines := self._waiting())[-1] is not None:
                self._write("".join(f"{line}\n" for line in lines))
                self._write_left_out()
            self._write("".join(f"{line}\n" for line in lines[:-1]))

    def _waiting(self) -> list[str | None]:
        lines = [self._lines.get()]
        with suppress(Empty):
            while lines[-1] is not None:
                lines.append(self._lines.get_nowait())
        return lines

    def _write_left_out(self) -> None:
        if left_out := self.left_out:
            self.left_out -= left_out
            self._write(f"... {left_out} lines are left out: nobody read them in time\n")

    def _write(self, text: str) -> None:
        write_past_buffers(self._stream, text)


def write_past_buffers(stream: TextIO | None, text: str) -> None:
    """Write to the file itself where the stream has one; nowhere where there is no stream.

    Raises:
        OSError: nobody reads any more.
    """
    if stream is None:
        return
    try:
        descriptor = stream.fileno()
    except (OSError, ValueError):
        stream.write(text)
        stream.flush()
        return
    rest = text.encode(stream.encoding or "ascii", "backslashreplace")
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            select.select([], [descriptor], [])


class _Formatter(logging.Formatter):
    """Formats a record as one line, with a traceback indented below it, so that no text from outside looks like a record."""

    def format(self, record: logging.LogRecord) -> str:
        plain = copy(record)
        plain.exc_text = None  # as another handler has formatted it, where there is one
        return super().format(plain)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  the name is logging's
        from emulator.text.redact import redact_text

        return line_of(redact_text(super().formatMessage(record)))

    def formatException(self, ei: Any) -> str:  # noqa: N802  the name is logging's
        return _indented(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802  the name is logging's
        return _indented(stack_info)


def _indented(text: str) -> str:
    from emulator.text.redact import redact_text

    return "\n".join(f"  {escaped_lines(line)}" for line in redact_text(text).split("\n"))


class _Handler(logging.Handler):
    """Says what is logged."""

    def __init__(self, stderr: StandardError) -> None:
        super().__init__()
        self.setFormatter(_Formatter("%(levelname)s: %(message)s"))
        self._stderr = stderr

    def emit(self, record: logging.LogRecord) -> None:
        self._stderr.say(self.format(record))


@contextmanager
def standard_error() -> Iterator[StandardError]:
    """Lines to standard error, those that are logged included, until the end of the block."""
    stderr = StandardError(sys.stderr)
    handler = _Handler(stderr)
    logging.getLogger().addHandler(handler)
    try:
        yield stderr
    finally:
        logging.getLogger().removeHandler(handler)
        stderr.close()
