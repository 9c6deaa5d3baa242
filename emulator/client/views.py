"""The vendors as a test reads them: the URL for a client, its credentials, and the present state."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from emulator.client.state import ReadOnly, no_field, read_only
from emulator.kernel.errors import NotFound
from emulator.scenario.document import JsonDict, JsonObject
from emulator.sdk.accounts import AccountWords
from emulator.text.guids import fold
from emulator.vendors import VENDORS

if TYPE_CHECKING:
    from emulator.client.emulator import Emulator


class ResourceView(ReadOnly):
    """One thing of the state as it was read, its fields as attributes or keys, in the words of `given`: `batch.status`."""

    _kind: str
    __hash__ = object.__hash__  # type: ignore[assignment]  # what nobody can change may be in a set

    def __init__(self, kind: str, fields: JsonObject) -> None:
        super().__init__(read_only(fields))
        object.__setattr__(self, "_kind", kind)
        object.__setattr__(self, "_of", f" of this {kind}")

    def __reduce__(self) -> Any:
        return ResourceView, (self._kind, dict(self))

    def __repr__(self) -> str:
        return f"<{self._kind} {dict(self)}>"


class VendorBase:
    """The base URL and the credentials of a vendor in this world."""

    vendor: str

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._account: str | None = None

    def as_account(self, id: str) -> Self:
        """Return the vendor as one of several accounts has it: with its credentials, and with what is its own of the state.

        Raises:
            NotFound: there is no such account, or but one.
        """
        words, known = VENDORS[self.vendor].accounts, self._by_account
        if id not in known:
            raise NotFound(words.one if words else "account", id, known)
        view = copy(self)
        view._account = id
        return view

    @property
    def url(self) -> str:
        """The base URL that the vendor's client expects."""
        return self._emulator.url + urlsplit(self._credentials["url"]).path

    @property
    def _by_account(self) -> Mapping[str, Mapping[str, str]]:
        """The credentials of each account, by its id; none where there is one."""
        fields = self._emulator.credentials[self.vendor]
        return next((it for it in fields.values() if isinstance(it, dict)), {})

    @property
    def _credentials(self) -> Mapping[str, str]:
        fields = self._emulator.credentials[self.vendor]
        own = {name: it for name, it in fields.items() if isinstance(it, str)}
        return own if self._account is None else {**own, **self._by_account[self._account]}

    @property
    def _state(self) -> JsonObject:
        """The state, in which that of an account has only what it owns, and the account by the word for a single one."""
        state, words = self._emulator.state[self.vendor], VENDORS[self.vendor].accounts
        if words is None or words.several not in state:
            return dict(state)
        id = self._account or state[words.several][0]["id"]
        known = {it["id"]: it for it in state[words.several]}
        return {words.one: known[id], **(state if self._account is None else _owned(state, words, id))}

    def _all(self, field: str, kind: str) -> list[ResourceView]:
        return [ResourceView(kind, it) for it in self._state.get(field, ())]

    def _one(self, field: str, kind: str, id: str, key: str = "id") -> ResourceView:
        known = {it[key]: it for it in self._state.get(field, ())}
        if (found := known.get(fold(str(id)))) is None:
            raise NotFound(kind, str(id), known)
        return ResourceView(kind, found)


def _owned(state: JsonObject, words: AccountWords, account: str) -> JsonDict:
    """Return the state of a vendor with only those of the resources that belong to an account."""

    def is_own(item: Any) -> bool:
        return not isinstance(item, Mapping) or item.get(words.one, account) == account

    parts = ((name, part) for name, part in state.items() if name != words.several)
    return {name: [*filter(is_own, part)] if isinstance(part, list) else part for name, part in parts}


def _view_of(kind: str, value: Any) -> Any:
    return ResourceView(kind, value) if isinstance(value, Mapping) else value


def _singular(part: str) -> str:
    """Return the name of one item of a list: `batch job` for `batch_jobs`, `batch` for `batches`."""
    name = part.replace("_", " ")
    return name[:-2] if name.endswith(("ches", "shes", "sses", "xes")) else name.removesuffix("s")


class _WithApiKey(VendorBase):
    @property
    def api_key(self) -> str:
        """The key that picks this world."""
        return self._credentials["api_key"]


class _WithAccounts(_WithApiKey):
    @property
    def accounts(self) -> list[ResourceView]:
        """Every account, where there are several."""
        return self._all("accounts", "account")


class _WithBatches(VendorBase):
    @property
    def batches(self) -> list[ResourceView]:
        """Every batch, in the order in which they came."""
        return self._all("batches", "batch")

    def batch(self, id: str) -> ResourceView:
        """The batch of that id.

        Raises:
            NotFound: there is none.
        """
        return self._one("batches", "batch", id)


class Serpwow(_WithAccounts, _WithBatches):
    """SerpWow in this world."""

    vendor = "serpwow"

    @property
    def account(self) -> ResourceView:
        """The account, with `credits_used`, `credits_limit` and `credits_remaining`; of several, that of `api_key`."""
        return ResourceView("account", self._state["account"])


class Stripe(_WithAccounts):
    """Stripe in this world."""

    vendor = "stripe"

    @property
    def account(self) -> ResourceView:
        """The account, with its `id`; of several, that of `api_key`."""
        return ResourceView("account", self._state["account"])

    @property
    def batch_jobs(self) -> list[ResourceView]:
        """Every batch job, in the order in which they came."""
        return self._all("batch_jobs", "batch job")

    def batch_job(self, id: str) -> ResourceView:
        """The batch job of that id.

        Raises:
            NotFound: there is none.
        """
        return self._one("batch_jobs", "batch job", id)


class SixDot50(_WithBatches):
    """6DOT50 PAY in this world. A batch has its `payments`."""

    vendor = "6dot50"

    @property
    def key(self) -> str:
        """The key that picks this world."""
        return self._credentials["key"]

    @property
    def secret(self) -> str:
        """The secret that goes with the key."""
        return self._credentials["secret"]

    @property
    def accounts(self) -> list[ResourceView]:
        """Every account that payouts are made from."""
        return self._all("accounts", "account")

    def account(self, name: str) -> ResourceView:
        """The account of that name.

        Raises:
            NotFound: there is none.
        """
        return self._one("accounts", "account", name, key="name")


class VendorView(VendorBase):
    """Any vendor in this world: `url`, its credentials, and the parts of its state, each by its name.

    A list in the state is a list of ResourceViews. `one` finds an item of a list.

    Raises:
        NotFound: there is no such vendor.
    """

    def __init__(self, emulator: Emulator, vendor: str) -> None:
        super().__init__(emulator)
        self.vendor = vendor
        if vendor not in VENDORS:
            raise NotFound("vendor", vendor, VENDORS)

    @property
    def _parts(self) -> JsonObject:
        parts: JsonObject = VENDORS[self.vendor].state.schema["properties"]
        return parts

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # Python itself asks, perhaps before there are any attributes
            raise AttributeError(name)
        if name in self._credentials:
            return self._credentials[name]
        if name not in self._parts:
            known = (*self._credentials, *self._parts)
            raise AttributeError(no_field(f"credential or part of the state of {self.vendor}", name, known))
        part = self._state.get(name, [] if self._parts[name].get("type") == "array" else None)
        kind = _singular(name)
        return [_view_of(kind, it) for it in part] if isinstance(part, list) else _view_of(kind, part)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._credentials, *self._parts]

    def __repr__(self) -> str:
        return f"<{self.vendor} at {self.url}>"

    def one(self, part: str, id: str, key: str = "id") -> ResourceView:
        """Return the item of a list in the state that has this id, or another key of this value.

        Raises:
            NotFound: there is none.
        """
        return self._one(part, _singular(part), id, key)
