"""The accounts of a vendor in its state: the words for them, and the account of each resource."""

from __future__ import annotations

from emulator.kernel.accounts import Accounts
from emulator.kernel.resource import Struct
from emulator.sdk.exact_json import JsonDict, JsonObject
from emulator.sdk.fields import NAME

OWNER = "owner"
"""The key of a resource whose account the world may not have."""


class AccountWords(Struct, frozen=True):
    """The words of a vendor's state for its accounts.

    Under `several` stands the list of those that a world tells apart. `one` has the fields of the only account where there is
    one; of a resource, it is the id of its account.
    """

    one: str = "account"
    several: str = "accounts"

    def schema(self, account: JsonObject) -> JsonDict:
        """Return the JSON Schema of the list, given that of the only account."""
        item = {**account, "properties": {"id": NAME.schema, **account["properties"]}, "required": ["id"]}
        return {"type": "array", "items": item, "minItems": 1}

    def owned(self, resources: JsonObject) -> JsonDict:
        """Return the JSON Schema of a list of resources, each of which may name its account."""
        items = resources["items"]
        return {**resources, "items": {**items, "properties": {**items["properties"], self.one: NAME.schema}}}

    def owner_in(self, accounts: Accounts, item: JsonObject) -> JsonDict:
        """Return the attribute `owner` where a resource of a state says which of several accounts it belongs to."""
        owner = item.get(self.one, item.get(OWNER)) if accounts.ids else None
        return {} if owner is None else {OWNER: owner if owner in accounts.ids else accounts.first}

    def with_account(self, accounts: Accounts, item: JsonDict, owner: str) -> JsonDict:
        """Return a resource as a state shows it, with its account where there are several."""
        if not accounts.ids:
            return item
        return {name: it for name, it in item.items() if name != OWNER} | {self.one: owner}
