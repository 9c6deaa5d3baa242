"""Replies that a scenario gives in place of the vendor's own, as values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, NamedTuple

from emulator.kernel.calls import Call, CallContext, CallRule, Verdict, count_call, covering, flaws_of_rule, strike
from emulator.kernel.errors import BadInput
from emulator.kernel.resource import field

REPLY = "reply"


class ScriptedReply(CallRule, frozen=True, gc=False, kw_only=True):
    """The response to the calls that its rule strikes, which leave the vendor's state as it is.

    Raises:
        BadInput: on construction, with every reason why it means nothing.
    """

    code: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    kind: ClassVar[str] = "emulator.reply"

    def __post_init__(self) -> None:
        if not self.seen and (problems := list(flaws_of_rule(self))):
            raise BadInput(problems)

    @property
    def phase(self) -> str:
        return REPLY


class Selection(NamedTuple):
    """The reply to a call, None where it is the vendor's own, and the verdicts of all replies that cover it."""

    reply: ScriptedReply | None
    verdicts: tuple[Verdict[ScriptedReply], ...]


def given_reply(verdicts: Iterable[Verdict[Any]]) -> ScriptedReply | None:
    """Return the reply that was given to a call, by the verdicts of all rules that cover it; None where none was."""
    return next((it.rule for it in verdicts if it.strikes and isinstance(it.rule, ScriptedReply)), None)


def select_reply(context: CallContext, call: Call) -> Selection:
    """Return the reply to a call: the nearest whose turn it is. All that cover the call count it."""
    verdicts = tuple([count_call(context, reply, call) for reply in [*covering(context, ScriptedReply, REPLY, call)]])
    due = given_reply(verdicts)
    return Selection(due and strike(context, due), verdicts)
