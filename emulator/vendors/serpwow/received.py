"""Bodies as clients send them: JSON under any content type, or a form. What cannot be read whole is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.sdk import Answer, Handler, Request, Transaction
from emulator.vendors.serpwow.assumptions_of_bodies import FLAG_WORDS, FORM_LISTS, MISLABELLED_JSON, NULL_PARAMETER, OF_BODIES
from emulator.vendors.serpwow.assumptions_of_calls import HTML_LIMIT, LIST_FIELDS
from emulator.vendors.serpwow.bodies import FLAGS, Unfit
from emulator.vendors.serpwow.flags import flag_of
from emulator.vendors.serpwow.forms import BadForm, is_index, read_form

FORM = "application/x-www-form-urlencoded"
HTML = "include_html"
"""The flag that a search may have."""

JSON_BEGINS = (b"{", b"[")
NOT_OURS = ("source", "app_name", "api_key")
"""Parameters that the vendor's own clients add to every body. Evidence: serpwow-body-2."""


def media_type(request: Request) -> str:
    """Return the content type in small letters, without its parameters; empty where there is none."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def body_of(tx: Transaction, request: Request) -> Any:
    """Return the body's JSON value, the parameters of a form, or None where there is no body.

    Raises:
        Unfit: it is neither, or could not be read whole.
    """
    if not request.body:
        return None
    if media_type(request) == FORM and not request.body.lstrip().startswith(JSON_BEGINS):
        return _form_of(tx, request.body)
    try:
        value = request.json
    except ValueError:
        raise Unfit(f"The request body is not valid JSON{_what_it_is(request)}") from None
    if not _says_json(request) and tx.choice(MISLABELLED_JSON.id) == "refuse":
        message = f"The request body is JSON, and its Content-Type is {media_type(request) or 'missing'}: send application/json"
        raise Unfit(message, "serpwow-body-5", MISLABELLED_JSON.id)
    if value is None:
        raise Unfit("The request body must not be null", "serpwow-body-6")
    return value


def parameters_of(tx: Transaction, request: Request) -> dict[str, Any]:
    """Return the parameters of the request's body, none where there is no body. Raises as body_of and parameters_in do."""
    return parameters_in(tx, body_of(tx, request))


def parameters_in(tx: Transaction, body: Any) -> dict[str, Any]:
    """Return the parameters of a body, without those that the vendor's clients add and those that are null.

    Raises:
        Unfit: the body is no object.
    """
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise Unfit("The request body must be an object")
    written = without_nulls(tx, {name: value for name, value in body.items() if name not in NOT_OURS})
    refuse_unpublished_flags(tx, written)
    return written


def refuse_unpublished_flags(tx: Transaction, written: Mapping[str, Any]) -> None:
    """Let parameters pass whose flags are true or false. Evidence: serpwow-body-3.

    Raises:
        Unfit: one is written otherwise, where that is assumed to be refused.
    """
    unpublished = [name for name in (*FLAGS, HTML) if name in written and _is_unpublished_flag(written[name])]
    if unpublished and tx.choice(FLAG_WORDS.id) == "refuse":
        raise Unfit(f"{unpublished[0]} must be true or false", "serpwow-body-3", FLAG_WORDS.id)


def without_nulls(tx: Transaction, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters that have a value.

    Raises:
        Unfit: one is null, where that is assumed to be refused.
    """
    nulls = [name for name, value in parameters.items() if value is None]
    if not nulls:
        return parameters
    if tx.choice(NULL_PARAMETER.id) == "refuse":
        raise Unfit(f"{nulls[0]} must not be null", "serpwow-body-6", NULL_PARAMETER.id)
    return {name: value for name, value in parameters.items() if value is not None}


def as_read(act: Handler) -> Handler:
    """Return the same operation; where an assumption decided how the request was read, its answer names it."""

    def act_naming(tx: Transaction, request: Request) -> Answer:
        answer = act(tx, request)
        if answer.assumption not in (None, LIST_FIELDS.id):
            return answer
        decided = (it.id for it in (*OF_BODIES, HTML_LIMIT) if it.id in tx.consulted)
        return answer._replace(assumption=next(decided, answer.assumption))

    return act_naming


def _form_of(tx: Transaction, body: bytes) -> Any:
    try:
        form = read_form(body.decode())
    except UnicodeDecodeError:
        raise Unfit("The request body is a form that is not encoded in UTF-8", "serpwow-body-4") from None
    except BadForm as reason:
        raise Unfit(f"The request body cannot be read: {reason}", "serpwow-body-4") from None
    parts = [name for name, value in form.items() if is_index(name) or not isinstance(value, str)]
    if parts and tx.choice(FORM_LISTS.id) == "comma-joined":
        raise Unfit(f"{parts[0]} must be there once, a list joined by commas", "serpwow-body-4", FORM_LISTS.id)
    return _list_in(form) if any(map(is_index, form)) else form


def _list_in(form: Mapping[str, Any]) -> list[Any]:
    """Return the list that http_build_query writes as `0=a&1=b`."""
    others = [name for name in form if not is_index(name) and name not in NOT_OURS]
    if others:
        raise Unfit(f"The request body cannot be read: it mixes indexes with names, such as {others[0]}", "serpwow-body-4")
    return [form[name] for name in sorted(filter(is_index, form), key=int)]


def _says_json(request: Request) -> bool:
    named = media_type(request)
    return named == "application/json" or named.endswith("+json")


def _what_it_is(request: Request) -> str:
    """Return what a body that is no JSON seems to be, and what to do; empty where nobody can tell."""
    named = media_type(request)
    if named.startswith("multipart/"):
        return f", and {named} is not read: send application/json or {FORM}"
    if not request.body.lstrip().startswith(JSON_BEGINS) and b"=" in request.body:
        return f": it looks like a form, and its Content-Type is {named or 'missing'}, not {FORM}"
    return ""


def _is_unpublished_flag(value: Any) -> bool:
    return flag_of(value) is not None and not (isinstance(value, bool) or value in ("true", "false"))
