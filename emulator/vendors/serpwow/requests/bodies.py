"""Bodies: JSON under any content type, or a form. A body that cannot be read whole is refused."""

from __future__ import annotations

from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

from emulator.sdk import ENCODED, JsonDict, JsonObject, Request, Transaction, pattern, repeats_a_name
from emulator.vendors.serpwow.assumptions.requests import (
    EMPTY_TEXT,
    FLAG_WORDS,
    FORM_LISTS,
    MISLABELLED_JSON,
    NULL_PARAMETER,
    REPEATED_NAME,
)
from emulator.vendors.serpwow.model.searches import boolean
from emulator.vendors.serpwow.requests.forms import BadForm, is_index, read_form
from emulator.vendors.serpwow.requests.validation import FLAGS, invalid

HTML = "include_html"
"""The flag of a search."""

OPTIONAL = pattern(
    r"(?:notification_(?:email|webhook|csv_fields)|destination_ids|schedule_(?:hours|days_of_\w+)|\w+_path_prefix|s3_region)"
)
WITH_DEFAULTS = frozenset(
    (*FLAGS, HTML, "max_page", "priority", "schedule_type", "schedule_minutes", "searches_type", "engine")
)
"""Texts and lists that may be left out, and parameters with a default. Evidence: serpwow-body-10."""

CLIENT_FIELDS = ("source", "app_name", "api_key")
"""Parameters that the vendor's own clients add to every body. Evidence: serpwow-body-2."""

_FIELD = pattern(rb"(?:\A|&)([^&=]*+)")
_JSON = pattern(rb"\s*+(?:[{\[\"]|(?:null|true|false|-?[0-9][0-9.eE+-]*+)\s*+\Z)")
"""The beginning of an object, a list or a text, or any other value of JSON whole."""


def begins_as_json(request: Request) -> bool:
    return _JSON.match(request.body.removeprefix(BOM_UTF8)) is not None


def is_form(request: Request) -> bool:
    return request.media_type == ENCODED and not begins_as_json(request)


def field_names(request: Request) -> Iterator[str]:
    """Yield the names of the fields of a body; none where it has no fields, or cannot be read."""
    if is_form(request):
        yield from (unquote_plus(name[1].decode("latin-1")).partition("[")[0] for name in _FIELD.finditer(request.body))
        return
    try:
        body = request.json
    except ValueError:
        return
    yield from body if isinstance(body, dict) else ()


def read_body(tx: Transaction, request: Request) -> Any:
    """Return the body's JSON value, the parameters of a form, or None where there is no body.

    Raises:
        InvalidRequest: it is neither, or cannot be read whole.
    """
    if not request.body:
        return None
    if is_form(request):
        return _read_form(tx, request.body)
    try:
        value = request.json
    except ValueError:
        raise invalid(f"The request body is not valid JSON{_hint(request)}") from None
    is_labelled = request.media_type == "application/json" or request.media_type.endswith("+json")
    if not is_labelled and tx.choice(MISLABELLED_JSON) == "refuse":
        message = f"The request body is JSON, and its Content-Type is {request.media_type or 'missing'}: send application/json"
        raise invalid(message, "serpwow-body-5", MISLABELLED_JSON)
    if repeats_a_name(request.body, value) and tx.choice(REPEATED_NAME) == "refuse":
        raise invalid("The request body has an object with the same name more than once", "serpwow-body-11", REPEATED_NAME)
    if value is None:
        raise invalid("The request body must not be null", "serpwow-body-6")
    return value


def parameters_of(tx: Transaction, body: Any) -> JsonDict:
    """Return the parameters of a body, without those that the vendor's clients add and those that are null.

    Raises:
        InvalidRequest: the body is no object, or a parameter is refused by an assumption.
    """
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise invalid("The request body must be an object")
    parameters = without_blanks(tx, {name: value for name, value in body.items() if name not in CLIENT_FIELDS})
    check_flags(tx, parameters)
    return parameters


def check_flags(tx: Transaction, parameters: JsonObject) -> None:
    """Refuse a flag other than true or false where that is assumed to be refused. Evidence: serpwow-body-3."""
    unpublished = [name for name in (*FLAGS, HTML) if name in parameters and _is_unpublished_flag(name, parameters[name])]
    if unpublished and tx.choice(FLAG_WORDS) == "refuse":
        raise invalid(f"{unpublished[0]} must be true or false", "serpwow-body-3", FLAG_WORDS)


def without_blanks(tx: Transaction, parameters: JsonDict) -> JsonDict:
    """Return the parameters without null, and without an empty text for one that has a default; refuse both if assumed so."""
    nulls = [name for name, value in parameters.items() if value is None]
    if nulls and tx.choice(NULL_PARAMETER) == "refuse":
        raise invalid(f"{nulls[0]} must not be null", "serpwow-body-6", NULL_PARAMETER)
    empty = [name for name, value in parameters.items() if value == "" and (name in WITH_DEFAULTS or OPTIONAL.fullmatch(name))]
    if empty and tx.choice(EMPTY_TEXT) == "refuse":
        raise invalid(f"{empty[0]} must not be empty", "serpwow-body-10", EMPTY_TEXT)
    blank = {*nulls, *WITH_DEFAULTS.intersection(empty)}
    return {name: value for name, value in parameters.items() if name not in blank}


def _read_form(tx: Transaction, body: bytes) -> Any:
    try:
        form = read_form(body.decode())
    except UnicodeDecodeError:
        raise invalid("The request body is a form that is not encoded in UTF-8", "serpwow-body-4") from None
    except BadForm as error:
        raise invalid(f"The request body cannot be read: {error}", "serpwow-body-4") from None
    lists = [name for name, value in form.items() if is_index(name) or not isinstance(value, str)]
    if lists and tx.choice(FORM_LISTS) == "comma-joined":
        raise invalid(f"{lists[0]} must be there once, a list joined by commas", "serpwow-body-4", FORM_LISTS)
    if any(map(is_index, form)):
        return _list_of(form)
    return form | {name: form[name] == "true" for name in FLAGS if form.get(name) in ("true", "false")}


def _list_of(form: JsonObject) -> list[Any]:
    """Return the list that http_build_query writes as `0=a&1=b`."""
    names = [name for name in form if not is_index(name) and name not in CLIENT_FIELDS]
    if names:
        raise invalid(f"The request body cannot be read: it mixes indexes with names, such as {names[0]}", "serpwow-body-4")
    return [form[name] for name in sorted(filter(is_index, form), key=int)]


def _hint(request: Request) -> str:
    """Return the likely format of a body that is no JSON, and what to do; empty where that is unknown."""
    if request.body.startswith(BOM_UTF8):
        return ": it begins with a byte order mark, which JSON does not have"
    if request.media_type.startswith("multipart/"):
        return f", and {request.media_type} is not read: send application/json or {ENCODED}"
    if not begins_as_json(request) and b"=" in request.body:
        return f": it looks like a form, and its Content-Type is {request.media_type or 'missing'}, not {ENCODED}"
    return ""


def _is_unpublished_flag(name: str, value: Any) -> bool:
    """Return whether a flag is none of those that pages print; in a search they are words, as in a query."""
    return boolean(value) is not None and not (isinstance(value, bool) or (name == HTML and value in ("true", "false")))
