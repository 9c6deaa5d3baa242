"""Webhooks: a result set that is complete is posted to the URL of its batch or of the account, and e-mail is recorded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any, ClassVar, NamedTuple

from emulator.sdk import (
    BASE_URL,
    DROPPED,
    NO_ANSWER,
    RESEND,
    WORLD,
    Delivery,
    Facts,
    Headers,
    IndexKey,
    JsonDict,
    Ladder,
    Notify,
    Outbox,
    Transaction,
    View,
    dump,
    instant,
    mint_id,
    replace,
)
from emulator.vendors.serpwow.assumptions.requests import COLLECTED_WEBHOOK, RESEND_URL, WEBHOOK_RETRIES
from emulator.vendors.serpwow.model.account import Account
from emulator.vendors.serpwow.model.batches import Batch, ResultSet, code
from emulator.vendors.serpwow.requests.printed import FORCE
from emulator.vendors.serpwow.requests.queries import read_flag
from emulator.vendors.serpwow.responses.links import folder_of, notified_links

COMPLETED, EMAIL, WARNING = "batch_resultset_completed", "notification_email", "webhook_failed_email"
"""The notification that is published, and the e-mails, which are recorded and never sent."""

UPLOAD = "destination_upload"
"""The upload of a result set to a destination."""

FORMATS = ("json", "jsonlines", "csv")
PLACE = f"{BASE_URL}{folder_of(WORLD)}"
"""The folder of the files that links in a body lead to."""

ONCE = timedelta(hours=24)
"""Time in which one e-mail at most tells that webhooks failed. Evidence: serpwow-webhook-5."""

LADDER: Ladder = tuple(timedelta(seconds=10 * 2**n) for n in range(5))
LADDERS = {"6-posts": LADDER, "5-posts": LADDER[:4], "none": (), "older-page": ()}
"""The times before further attempts, by the choice of WEBHOOK_RETRIES. Evidence: serpwow-webhook-5 and serpwow-webhook-9."""

RESTS = "rests"
REST = timedelta(minutes=5)
"""Time for which a URL rests that did not answer in time, for all batches, by an older page. Evidence: serpwow-webhook-10."""

HEADERS: Headers = (("Content-Type", "application/json"),)
"""Evidence: serpwow-webhook-7."""


class ResultDelivery(Delivery, frozen=True, gc=False, kw_only=True):
    """A notification of a result set: of its batch, the `subject`, the `event_id` is the number."""

    kind: ClassVar[str] = "serpwow.delivery"

    def index(self) -> tuple[IndexKey, ...]:
        index = (*super().index(), ("event", self.event, self.destination or ""), ("of", self.subject, self.event_id or ""))
        timed_out = self.attempts and self.attempts[-1].error == NO_ANSWER
        return (*index, (RESTS, self.url or "")) if timed_out else index


class WebhookState(NamedTuple):
    """The webhook of a result set as shown: a status, None where no POST was made, and when and how each attempt ended."""

    status: str | None
    log: tuple[tuple[str, bool], ...] = ()


def notify(view: View, batch: Batch, result_set: ResultSet) -> Iterator[Notify]:
    """Yield what is owed for a new result set: a POST where there is a webhook, and an e-mail where one is wanted."""
    if result_set.webhook is not None:
        body = dump(_body(view, batch, result_set)).decode()
        yield OUTBOX.owe(new_delivery(view, COMPLETED, batch, result_set, body, url=result_set.webhook))
    if email := batch.notifications.email:
        yield OUTBOX.owe(new_delivery(view, EMAIL, batch, result_set, "", destination=email))


def new_delivery(view: View, event: str, batch: Batch, result_set: ResultSet, body: str, **fields: Any) -> ResultDelivery:
    """Return a new delivery about a result set, with the fields that its event has besides."""
    return ResultDelivery(
        id=mint_id(view, ResultDelivery, code),
        since=view.now,
        event=event,
        subject=batch.id,
        event_id=str(result_set.id),
        body=body,
        **fields,
    )


def _body(view: View, batch: Batch, result_set: ResultSet) -> JsonDict:
    """Return what is posted. Evidence: serpwow-webhook-2 and serpwow-webhook-3."""
    links = {name: notified_links(view, PLACE, batch, result_set, name, posted=True) for name in formats_of(batch)}
    return {
        "request_info": {"success": True, "type": COMPLETED},
        "batch": {"id": batch.id, "name": batch.name},
        "result_set": {
            "id": result_set.id,
            "started_at": instant(result_set.started_at),
            "ended_at": instant(result_set.ended_at),
            "searches_completed": result_set.searches_completed,
            "searches_failed": result_set.searches_failed,
            **({"download_links": links} if links else {}),
        },
    }


def formats_of(batch: Batch) -> list[str]:
    """Return the formats of result files that a batch asks for."""
    return [name for name in FORMATS if getattr(batch.notifications, f"as_{name}")]


def webhook_of(view: View, batch: Batch, result_set: ResultSet) -> WebhookState:
    """Return what a result set tells of its webhook."""
    before, log = result_set.webhook_status, tuple[tuple[str, bool], ...]()
    if before is not None:
        log = ((instant(result_set.ended_at), before == "ok"),)
    delivery = delivery_of(view, batch, result_set)
    if delivery is None:
        return WebhookState(before, log)
    log += tuple((instant(it.at), it.succeeded) for it in delivery.attempts if it.status or it.error)
    if delivery.status == "collected" and view.choice(COLLECTED_WEBHOOK) == "ok":
        return WebhookState("ok", (*log, (instant(delivery.since), True)))
    if delivery.status == DROPPED and log:
        return WebhookState("ok" if log[-1][1] else "failed", log)
    return WebhookState({"delivered": "ok", "exhausted": "failed"}.get(delivery.status, before), log)


def delivery_of(view: View, batch: Batch, result_set: ResultSet) -> ResultDelivery | None:
    """Return the newest delivery of a result set's webhook, duplicates apart; None where there is none any more."""
    of_set = view.group(ResultDelivery, "of", batch.id, str(result_set.id))
    found = [it for it in of_set if it.event == COMPLETED and not it.duplicate]
    return found[-1] if found else None


def post_again(view: Transaction, batch: Batch, result_set: ResultSet, url: str) -> str:
    """Have a webhook posted to a URL now, and return the id of its delivery: the newest there is, or a new one."""
    delivery = delivery_of(view, batch, result_set)
    if delivery is not None:
        if delivery.url != url:
            view.put(replace(delivery, url=url))
        view.ask(OUTBOX.machine, delivery.id, RESEND)
        return delivery.id
    body = dump(_body(view, batch, result_set)).decode()
    delivery = new_delivery(view, COMPLETED, batch, result_set, body, url=url)
    view.follow(OUTBOX.send_again(view, delivery))
    return delivery.id


def has_failed_webhook(view: View, batch: Batch, result_sets: Iterable[ResultSet]) -> bool:
    """Return whether the webhook of one of these failed."""
    return any(webhook_of(view, batch, it).status == "failed" for it in result_sets if it.webhook is not None)


def keeps_failed_webhooks(view: View, batch: Batch) -> bool:
    """Return whether failed webhooks keep the batch from its deletion: the request does not force it."""
    return has_failed_webhook(view, batch, batch.available(view.now)) and not read_flag(view.context.query, FORCE)


def kept_failed_webhooks(view: View, batch: Batch) -> bool:
    """Return whether failed webhooks would have kept the batch if their result sets had not expired."""
    return has_failed_webhook(view, batch, batch.result_sets) and not read_flag(view.context.query, FORCE)


def unwanted(view: View, delivery: ResultDelivery) -> str | None:
    """Return why a delivery is not sent any more. Evidence: serpwow-webhook-8."""
    if not view.find(Batch, delivery.subject):
        return "its batch was deleted"
    return "its URL rests after a time-out" if view.choice(WEBHOOK_RETRIES) == "older-page" and _rests(view, delivery) else None


def address(view: View, delivery: ResultDelivery) -> str | None:
    """Return the URL to which a delivery is posted now. Evidence: serpwow-resend-6."""
    batch = view.find(Batch, delivery.subject) if delivery.event == COMPLETED else None
    account = view.find(Account, batch.owner) if batch else None
    current = batch.webhook(account) if batch and account else None
    if current in (None, delivery.url) or view.choice(RESEND_URL) == "original":
        return delivery.url
    return current


def _rests(view: View, delivery: ResultDelivery) -> bool:
    timed_out = view.group(ResultDelivery, RESTS, delivery.url) if delivery.url else ()
    took = (view.length(OUTBOX.timeout, delivery) or timedelta()) + REST
    return any(view.now < it.attempts[-1].at + took for it in timed_out)


def warn(view: View, delivery: ResultDelivery) -> Iterator[Notify]:
    """Tell the account by e-mail that a webhook failed, unless that was done within a day. Evidence: serpwow-webhook-5."""
    batch = view.find(Batch, delivery.subject)
    account = view.find(Account, batch.owner) if batch else None
    to = account.email if account else ""
    earlier = view.group(ResultDelivery, "event", WARNING, to)
    if not earlier or view.now - max(it.since for it in earlier) >= ONCE:
        id = mint_id(view, ResultDelivery, code)
        yield OUTBOX.owe(
            ResultDelivery(id=id, since=view.now, event=WARNING, subject=delivery.subject, body="", destination=to)
        )


OUTBOX = Outbox(
    "serpwow.webhook",
    ResultDelivery,
    Facts(
        sent="serpwow-webhook-2",
        timeout="serpwow-webhook-4",
        accepted="serpwow-webhook-6",
        retried="serpwow-webhook-9",
        exhausted="serpwow-webhook-5",
        unwanted="serpwow-webhook-8",
        resent="serpwow-resend-1",
        forgotten="serpwow-webhook-11",
    ),
    events=(COMPLETED, EMAIL, WARNING, UPLOAD),
    timeout=timedelta(seconds=5),
    retries=WEBHOOK_RETRIES,
    ladders=LADDERS,
    constant=HEADERS,
    recorded=(EMAIL, WARNING),
    at_once=(UPLOAD,),
    unwanted=unwanted,
    address=address,
    given_up=warn,
)
