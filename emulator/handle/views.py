"""The vendors as a test sees them: where to point a client, with which credential, and what there is now."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from emulator.handle.state import UNCHANGEABLE, read_only
from emulator.kernel.errors import NotFound


class Record(Mapping[str, Any]):
    """One thing of the state as it was read, its fields as attributes or keys, in the words of `given`: `batch.status`."""

    __slots__ = ("_fields", "_kind")

    def __init__(self, kind: str, fields: Mapping[str, Any]) -> None:
        object.__setattr__(self, "_kind", kind)
        object.__setattr__(self, "_fields", read_only(fields))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # Python itself asks, perhaps before there are any fields
            raise AttributeError(name)
        try:
            return self._fields[name]
        except KeyError:
            raise AttributeError(str(NotFound(f"field of a {self._kind}", name, self._fields))) from None

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(UNCHANGEABLE)

    def __getitem__(self, name: str) -> Any:
        return self._fields[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._fields)

    def __len__(self) -> int:
        return len(self._fields)

    def __reduce__(self) -> tuple[type[Record], tuple[str, dict[str, Any]]]:
        return Record, (self._kind, dict(self._fields))

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self._fields]

    def __repr__(self) -> str:
        return f"<{self._kind} {dict(self._fields)}>"


class View:
    """What every vendor has: the base URL and the credentials of this world."""

    def __init__(self, url: Callable[[], str], credentials: Callable[[], Mapping[str, str]], state: Callable[[], Any]) -> None:
        self._url = url
        self._credentials = credentials
        self._state = state

    @property
    def url(self) -> str:
        """The base URL that the vendor's client expects."""
        return self._url()

    def _all(self, field: str, kind: str) -> list[Record]:
        return [Record(kind, it) for it in self._state().get(field, ())]

    def _one(self, field: str, kind: str, id: str, key: str = "id") -> Record:
        known = {it[key]: it for it in self._state().get(field, ())}
        if id not in known:
            raise NotFound(kind, str(id), known)
        return Record(kind, known[id])


class Serpwow(View):
    """SerpWow in this world."""

    @property
    def api_key(self) -> str:
        """The key that picks this world."""
        return self._credentials()["api_key"]

    @property
    def account(self) -> Record:
        """The account, with `credits_used`, `credits_limit` and `credits_remaining`."""
        return Record("account", self._state()["account"])

    @property
    def batches(self) -> list[Record]:
        """Every batch, in the order in which they came."""
        return self._all("batches", "batch")

    def batch(self, id: str) -> Record:
        """The batch of that id.

        Raises:
            NotFound: there is none.
        """
        return self._one("batches", "batch", id)


class Stripe(View):
    """Stripe in this world."""

    @property
    def api_key(self) -> str:
        """The secret key that picks this world."""
        return self._credentials()["api_key"]

    @property
    def batch_jobs(self) -> list[Record]:
        """Every batch job, in the order in which they came."""
        return self._all("batch_jobs", "batch job")

    def batch_job(self, id: str) -> Record:
        """The batch job of that id.

        Raises:
            NotFound: there is none.
        """
        return self._one("batch_jobs", "batch job", id)


class SixDot50(View):
    """6DOT50 PAY in this world."""

    @property
    def key(self) -> str:
        """The key that picks this world."""
        return self._credentials()["key"]

    @property
    def secret(self) -> str:
        """The secret that goes with the key."""
        return self._credentials()["secret"]

    @property
    def batches(self) -> list[Record]:
        """Every batch with its payments, in the order in which they came."""
        return self._all("batches", "batch")

    def batch(self, id: str) -> Record:
        """The batch of that id.

        Raises:
            NotFound: there is none.
        """
        return self._one("batches", "batch", id)

    @property
    def accounts(self) -> list[Record]:
        """Every account that payouts are made from."""
        return self._all("accounts", "account")

    def account(self, name: str) -> Record:
        """The account of that name.

        Raises:
            NotFound: there is none.
        """
        return self._one("accounts", "account", name, key="name")
