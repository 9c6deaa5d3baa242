"""Answers of a connection that go out once what happened is kept: it counts as answering until then, without a task."""

from __future__ import annotations

from asyncio import Event
from functools import partial
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from emulator.server.waiting import WaitingProtocol

if TYPE_CHECKING:
    from emulator.store.receipt import Receipt
    from emulator.web.gateway import Gateway
    from emulator.web.plan import Plan
    from emulator.web.response import OutgoingResponse


class KeepingProtocol(WaitingProtocol):
    """A connection that has an answer in hand while its request counts as one that is being answered.

    What comes meanwhile waits for its turn behind it, as behind every request that the application answers.
    """

    def _answer_when_kept(self, gateway: Gateway, plan: Plan, response: OutgoingResponse, receipt: Receipt) -> None:
        """Write the response to an ordinary request once its receipt is over."""
        self.cycle = self._answered = cycle = self._cycle_for(plan)
        self.writer.keeps = True
        self._unanswered += 1
        receipt.then(self.loop, partial(self._answer_kept, gateway, plan, response, cycle))

    def _cycle_for(self, plan: Plan) -> RequestResponseCycle:
        """Return what uvicorn takes for a request that the application answers."""
        scope: Any = {
            **plan.scope,
            "type": "http",
            "http_version": "1.1",
            "scheme": self.scheme,
            "client": self.client,
            "server": self.server,
            "state": self.app_state,
        }
        return RequestResponseCycle(
            scope,
            self.transport,
            self.flow,
            self.logger,
            self.access_logger,
            self.access_log,
            self.server_state.default_headers,
            Event(),
            expect_100_continue=False,
            keep_alive=True,
            on_response=self.on_response_complete,
        )

    def _answer_kept(self, gateway: Gateway, plan: Plan, response: OutgoingResponse, cycle: RequestResponseCycle) -> None:
        """Write the response by one call; where its client has left, or may have, leave it to the gateway."""
        response = gateway.vendors.finish(plan, response)
        if self._socket.gone or self._socket.half_closed or self.transport.is_closing():
            self._start_asgi_task(cycle, partial(gateway.send_late, response))
            return
        cycle.response_started = cycle.response_complete = True
        cycle.on_response = hold_nothing  # or the connection would know a request that knows it
        self.writer.respond(response, cycle.keep_alive)
        self.on_response_complete()


def hold_nothing() -> None:
    """Hold nothing, in place of what held a connection."""
