"""Advice: what Stripe would have accepted, where its answer does not say so."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator

from emulator.sdk import Request, Transaction, form_instead_of_json, near, some
from emulator.vendors.stripe.assumptions.jobs import CHANNEL, CONTENT_TYPE
from emulator.vendors.stripe.destinations.model import Destination
from emulator.vendors.stripe.events.types import TYPES, is_event_type
from emulator.vendors.stripe.files.operations import CONTENT_TYPES
from emulator.vendors.stripe.model.accounts import may_act_for
from emulator.vendors.stripe.model.endpoints import endpoints_of
from emulator.vendors.stripe.model.jobs import Job
from emulator.vendors.stripe.model.versions import PREVIEWS, is_well_formed
from emulator.vendors.stripe.requests.admission import acting_account, context_of, is_path_of_accounts, own_account, version_of
from emulator.vendors.stripe.requests.fields import fields_of, values_of
from emulator.vendors.stripe.requests.jobs import endpoint_of


def advise(tx: Transaction, request: Request, answer: str) -> Iterator[str]:
    """Yield what would have worked, given the name of an answer."""
    if answer == "no_version":
        yield f"the header Stripe-Version says for which version the request was written, such as {PREVIEWS[0]}"
    elif answer in ("unknown_version", "no_such_method"):
        if not is_well_formed(version_of(request)):
            yield f"a version is a date and a name, such as {PREVIEWS[-1]}"
        yield f"the versions that have batch jobs are {', '.join(PREVIEWS)}"
    elif answer == "link_refused" and request.method == "PUT":
        yield from _advise_content_type(tx, request)
    elif answer == "unsupported_endpoint":
        yield from _advise_endpoint(tx, request)
    elif answer == "invalid_fields":
        yield from _advise_body(request)
        yield from _advise_event_types(request)
    elif answer == "publishable_key":
        yield "a secret key begins with sk_; a key of another form is good where the scenario lists it under credentials"
    elif answer == "wrong_account":
        yield from _advise_context(tx, request)
    if answer in ("not_found", "nothing_found", "forbidden"):
        yield from _advise_owner(tx, request)
    if answer in ("invalid_fields", "no_version", "unknown_version"):
        yield from form_instead_of_json(request, "Stripe's v2 API")


def _advise_context(tx: Transaction, request: Request) -> Iterator[str]:
    """Yield the form of a context; of one that names an account, for which the key may act."""
    own, known = own_account(tx, request), tx.accounts("stripe").ids
    if known and is_path_of_accounts(tx, context_of(request)):
        others = [it for it in known if it != own and may_act_for(tx, own, it)]
        connected = f"those connected to it: {some(others)}" if others else "none beside it: others name it as their 'platform'"
        yield f"this key is of the account {own}, and may act for {connected}"
    else:
        yield "a context is the id of an account, or of several with / between them, such as acct_111/acct_111a"


def _advise_owner(tx: Transaction, request: Request) -> Iterator[str]:
    """Yield whose what the path names is, where it is another account's."""
    id, own = request.parameters.get("id", ""), acting_account(tx, request)
    found: tuple[Job | Destination | None, ...] = (tx.find(Job, id), tx.find(Destination, id))
    for it in found:
        if it is not None and it.owner != own:
            yield f"{id} belongs to the account {it.owner!r}, and this request acts for {own!r}"


def _advise_content_type(tx: Transaction, request: Request) -> Iterator[str]:
    accepted = CONTENT_TYPES.get(tx.choice(CONTENT_TYPE))
    if accepted is not None and request.media_type not in accepted:
        types = " or ".join(type or "none" for type in sorted(accepted, reverse=True))
        yield f"this link takes a file whose content type is {types}; that of the request is {request.media_type or 'none'}"


def _advise_body(request: Request) -> Iterator[str]:
    """Yield what Windows and PHP write that is no JSON object."""
    if request.body.startswith(BOM_UTF8):
        yield "the body begins with a byte order mark, which JSON does not have"
    fields = fields_of(request)
    if request.body.strip() == b"[]" or [] in (fields.get("metadata"), fields.get("notification_suppression")):
        yield "PHP writes an empty array as a list, []: write (object) [], or leave it out"


def _advise_event_types(request: Request) -> Iterator[str]:
    """Yield the nearest types for each unknown one in the query or in enabled_events."""
    types = fields_of(request).get("enabled_events")
    for type in (*values_of(request, "types"), *(types if isinstance(types, list) else ())):
        if isinstance(type, str) and not is_event_type(type) and (close := near(type, TYPES)):
            yield f"{type} is no type of event; the nearest is {' or '.join(close)}"


def _advise_endpoint(tx: Transaction, request: Request) -> Iterator[str]:
    """Yield the nearest endpoints, whatever their placeholders are called."""
    version = version_of(request)
    known = {
        " ".join(endpoint.shape): f"{endpoint.http_method} {endpoint.path}"
        for endpoint in endpoints_of(version, tx.choice(CHANNEL))
    }
    if close := near(" ".join(endpoint_of(fields_of(request)).shape), known):
        yield f"the nearest endpoint that jobs of {version} may call is {' or '.join(known[shape] for shape in close)}"
    elif known:
        yield f"jobs of {version} may call {some([*known.values()])}"
