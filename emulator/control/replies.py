"""Control routes over the replies that a world gives in place of the vendors' own."""

from __future__ import annotations

from emulator.control.record import ref
from emulator.control.route import ControlRequest, route
from emulator.control.rule_models import Replies, Reply
from emulator.control.rules import counts_of, find_rule, remove_rules, written
from emulator.kernel.errors import BadInput
from emulator.kernel.replies import ScriptedReply
from emulator.kernel.world import World
from emulator.scenario.checks.calls import reply_problems
from emulator.scenario.replies import DURATIONS, add_reply


@route("GET", "/worlds/{world}/replies", "The replies in place of the vendors' own", takes_long=True)
def replies(world: World, _: ControlRequest) -> Replies:
    return Replies(tuple(_shown(world, it) for it in world.store.group(ScriptedReply.kind)))


@route("POST", "/worlds/{world}/replies", "Script a reply, as a scenario writes it", status=201, body=ref("new-reply"))
def add(world: World, request: ControlRequest) -> Reply:
    if problems := list(reply_problems(request.body, request.context.vendors, world.clock)):
        raise BadInput(problems)
    return _shown(world, add_reply(world, request.body))


@route("DELETE", "/worlds/{world}/replies", "Take every reply away", takes_long=True)
def clear(world: World, _: ControlRequest) -> None:
    remove_rules(world, world.store.group(ScriptedReply.kind), "remove the replies")


@route("GET", "/worlds/{world}/replies/{reply}", "A reply: how often it was given, and what is left", takes_long=True)
def show(world: World, request: ControlRequest) -> Reply:
    return _shown(world, _find(world, request))


@route("DELETE", "/worlds/{world}/replies/{reply}", "Take a reply away", takes_long=True)
def remove(world: World, request: ControlRequest) -> None:
    remove_rules(world, [_find(world, request)], "remove a reply")


def _find(world: World, request: ControlRequest) -> ScriptedReply:
    return find_rule(world, ScriptedReply, "reply", request.path_param("reply"))


def _shown(world: World, reply: ScriptedReply) -> Reply:
    return Reply(**counts_of(world, reply), reply=written(reply, DURATIONS))
