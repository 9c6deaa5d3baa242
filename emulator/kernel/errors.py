"""The emulator's own errors. A vendor's refusal is an answer, and never one of these.

EmulatorError
 ├── BadInput              something a person wrote is wrong: a list of Problems, each with its place
 ├── Conflict              well-formed, but at odds with what is there (a credential another world owns)
 ├── TooLarge              a body has more bytes than there may be
 ├── TooMany               there are as many of something as there may be
 ├── NotFound              no such world, scenario or vendor; names the nearest one there is
 ├── TimeRunsForward       somebody asked a clock to go back
 └── MachineError          a table of rows with a gap, a duplicate or a state nobody reaches
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from emulator.kernel.resource import Struct, structs
from emulator.text.escape import escaped
from emulator.text.nearest import hint

MAX_PROBLEMS = 100
"""Mistakes of one input that are shown; of the others, how many there are."""

LONGEST = 1_000
"""Characters of a message."""

LONGEST_KEY = 200
"""Characters of each part of the place of a problem."""

Path = tuple[str | int, ...]
"""The keys and indexes that lead to a part of a value."""


class Problem(Struct, frozen=True):
    """One mistake: what is wrong, the path of keys and indexes that leads to it, and its line and column if it has any.

    A message longer than LONGEST is cut at once, so that many mistakes with long words in them take little memory. One that
    `is_idle` is no contradiction: what stands there can have no effect.
    `source` is its file, where that is not the one of the rest.
    """

    message: str
    path: Path = ()
    line: int | None = None
    column: int | None = None
    is_idle: bool = False
    source: str = ""

    def __post_init__(self) -> None:
        if len(self.message) > LONGEST:
            structs.force_setattr(self, "message", truncate(self.message))

    @property
    def pointer(self) -> str:
        """The path as a JSON pointer (RFC 6901)."""
        return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in self.path)


class TakesLong(Exception):
    """Ends a work that takes too long for the event loop; nothing has happened. A thread can carry it out."""


class EmulatorError(Exception):
    """The base of the emulator's own errors."""


class BadInput(EmulatorError):
    """Input that cannot be accepted: every reason at once, and nothing was done."""

    def __init__(self, problems: Sequence[Problem], source: str = "") -> None:
        self.problems = tuple(problems)
        self.source = source
        super().__init__("\n".join(self.lines()))

    @classmethod
    def at(cls, message: str, *path: str | int) -> BadInput:
        """Return the error of one problem, at a path."""
        return cls([Problem(message, path)])

    def shown_problems(self) -> list[Problem]:
        """Return the first MAX_PROBLEMS problems, its keys shortened to LONGEST_KEY; the others are `omitted`."""
        return [
            structs.replace(it, path=tuple(truncate(part, LONGEST_KEY) if isinstance(part, str) else part for part in it.path))
            for it in self.problems[:MAX_PROBLEMS]
        ]

    @property
    def omitted(self) -> int:
        """The number of problems that are not shown."""
        return max(0, len(self.problems) - MAX_PROBLEMS)

    def lines(self) -> list[str]:
        """Return each shown problem as `source:line:column: message`, as far as its place is known; then how many more."""
        more = [f"and {self.omitted} more mistake{'s' if self.omitted > 1 else ''}"] if self.omitted else []
        return [escaped(self._line(problem)) for problem in self.shown_problems()] + more

    def _line(self, problem: Problem) -> str:
        place = [it for it in (problem.source or self.source,) if it]
        if problem.line is not None:
            place += [str(problem.line), str(problem.column)]
        elif problem.path:
            place.append(problem.pointer)
        return ": ".join([":".join(place), problem.message]) if place else problem.message


def truncate(text: str, longest: int = LONGEST) -> str:
    """Return a text as it is, or its beginning where it is longer than that."""
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


class Conflict(EmulatorError):
    """Well-formed, but at odds with what is already there."""


class TooLarge(EmulatorError):
    """A body has more bytes, or values, than it may have; `cure` says how that may be changed."""

    def __init__(self, limit: int, cure: str = "", of: str = "bytes") -> None:
        super().__init__(f"a body has at most {limit} {of} here{cure}")
        self.cure = cure


class TooMany(EmulatorError):
    """There are as many of something as there may be."""


class NotFound(EmulatorError):
    """There is nothing of that name; the message names the one that was probably meant, or all where they are few."""

    def __init__(self, what: str, name: str, known: Iterable[str], more: str = "") -> None:
        super().__init__(f"no {what} is called {name!r}{hint(name, known)}{more}")


class TimeRunsForward(EmulatorError):
    """A clock was asked to go back."""


class MachineError(EmulatorError):
    """A machine's table has a gap, a duplicate, an unknown state or a state nobody reaches."""
