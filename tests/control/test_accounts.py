"""Several accounts of a vendor on the control plane: their credentials, their state, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from emulator import Emulator, EmulatorServer
from emulator.cli.explore import environment
from emulator.client.server import ControlError
from emulator.kernel.errors import NotFound

GUID = "f945d71c-b00f-4e77-8175-253093157a2f"
VERSION = {"Stripe-Version": "2026-03-25.preview"}
SCENARIO: dict[str, Any] = {
    "timing": {"serpwow.queue": "never"},
    "given": {
        "serpwow": {
            "accounts": [{"id": "a", "credits_limit": 100}, {"id": "b", "credentials": ["two-accounts-b"]}],
            "batches": [{"id": "A1", "status": "queued", "searches": 10}, {"id": "B1", "account": "b", "status": "queued"}],
            "destinations": [{"id": "D", "account": "b"}],
            "error_logs": [{"id": "E", "account": "b"}],
        },
        "stripe": {
            "accounts": [{"id": "acct_a", "failing": [{"share": "5%"}]}, {"id": "acct_b", "platform": "acct_a"}],
            "batch_jobs": [{"id": "batchv2_Bbb", "account": "acct_b", "status": "in_progress"}],
            "event_destinations": [{"id": "ed_b", "account": "acct_b"}],
            "events": [{"type": "v2.core.batch_job.created", "object_id": "batchv2_Bbb", "account": "acct_b"}],
        },
    },
}


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    with Emulator(SCENARIO) as emulator:
        yield emulator


def get(emulator: Emulator, path: str, **options: Any) -> httpx.Response:
    with httpx.Client(transport=emulator.transport(), base_url="http://here") as client:
        return client.get(path, **options)


def credits_of(emulator: Emulator, key: str) -> tuple[int, int]:
    """Return the limit and the use of the account that a key acts for."""
    account = get(emulator, "/live/account", params={"api_key": key}).json()["account_info"]
    return account["credits_limit"], account["credits_used"]


def test_a_world_tells_the_credentials_of_each_account_and_those_of_the_first_stand_for_the_vendor(emulator: Emulator) -> None:
    told = emulator.credentials["serpwow"]
    assert told["accounts"]["a"] == {"api_key": told["api_key"]} != told["accounts"]["b"]
    assert emulator.credentials["stripe"]["accounts"].keys() == {"acct_a", "acct_b"}
    assert credits_of(emulator, told["accounts"]["a"]["api_key"]) == (100, 10)
    assert credits_of(emulator, told["accounts"]["b"]["api_key"]) == credits_of(emulator, "two-accounts-b") == (15_000, 0)


def test_a_world_with_one_account_tells_of_no_others() -> None:
    with Emulator("first-run") as emulator:
        assert {name: [*fields] for name, fields in emulator.credentials.items()} == {
            "serpwow": ["url", "api_key"],
            "stripe": ["url", "api_key"],
            "6dot50": ["url", "key", "secret"],
        }


def test_the_state_says_whose_each_resource_is_and_can_be_given_again(emulator: Emulator) -> None:
    state = {name: emulator.state[name] for name in ("serpwow", "stripe")}
    for part in ("batches", "destinations", "error_logs"):
        assert {it["account"] for it in state["serpwow"][part]} <= {"a", "b"}
    for part in ("batch_jobs", "event_destinations", "events"):
        assert {it["account"] for it in state["stripe"][part]} == {"acct_b"}
    assert not [
        it for vendor in state.values() for part in vendor.values() if isinstance(part, list) for it in part if "owner" in it
    ]
    assert emulator.state.change(state) == ()
    emulator.close()
    with Emulator({**SCENARIO, "given": state}) as again:
        assert {name: again.state[name] for name in state} == state


def test_the_state_of_a_world_with_one_account_is_what_it_was() -> None:
    with Emulator({"given": {"serpwow": {"batches": [{"id": "B"}], "destinations": [{"id": "D"}]}}}) as emulator:
        state = emulator.state["serpwow"]
    assert state.keys() == {"account", "batches", "destinations", "error_logs", "platform"}
    assert (state["batches"][0]["owner"], "account" in state["batches"][0], state["destinations"][0].keys()) == (
        "self",
        False,
        {"id", "name", "type", "enabled", "settings"},
    )


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"accounts": [{"id": "c"}]}, "/serpwow/accounts/0/id: no account is called 'c'; known: a, b"),
        ({"accounts": [{"id": "b", "credentials": ["x"]}]}, "/serpwow/accounts/0/credentials: its credentials are those"),
        ({"account": {"name": "Jane"}}, "/serpwow/account: this world has the accounts a, b"),
        ({"batches": [{"id": "A1", "account": "c"}]}, "/serpwow/batches/0/account: no account is called 'c'"),
        ({"batches": [{"id": "A1", "owner": "c"}]}, "/serpwow/batches/0/owner: no account is called 'c'"),
        (
            {"accounts": [{"id": "b", "credits_limit": 5, "credits_used": 9}]},
            "/serpwow/accounts/0/credits_limit: credits_limit",
        ),
    ],
)
def test_a_change_that_contradicts_the_accounts_is_refused_and_changes_nothing(
    emulator: Emulator, change: dict[str, Any], refusal: str
) -> None:
    before = emulator.state["serpwow"]
    with pytest.raises(ControlError) as refused:
        emulator.state.change({"serpwow": change})
    assert refusal in str(refused.value)
    assert emulator.state["serpwow"] == before


def test_an_event_that_speaks_of_an_unknown_account_is_refused_when_it_is_arranged(emulator: Emulator) -> None:
    for said in ({"set": {"serpwow": {"accounts": [{"id": "c"}]}}}, {"revoke": {"serpwow": ["{serpwow.c.api_key}"]}}):
        with pytest.raises(ControlError, match=r"no account is called 'c'|'{serpwow.b.api_key}'"):
            emulator.timeline.add(after="1s", **said)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"accounts": [{"id": "c"}]}, "/serpwow/accounts: this world has one account, which is 'account'"),
        ({"batches": [{"id": "2A6F94BB", "account": "c"}]}, "/serpwow/batches/0/account: this world has one account"),
    ],
)
def test_a_world_with_one_account_gets_no_others(change: dict[str, Any], refusal: str) -> None:
    with Emulator("first-run") as emulator, pytest.raises(ControlError) as refused:
        emulator.state.change({"serpwow": change})
    assert refusal in str(refused.value)


def test_a_new_resource_is_the_first_accounts_and_a_known_one_stays_with_its_own(emulator: Emulator) -> None:
    new = {"id": "N", "status": "queued", "searches": 7}
    emulator.state.change(
        {"serpwow": {"batches": [new, {"id": "B1", "name": "New"}], "destinations": [{"id": "D", "name": "New"}]}}
    )
    own, other = (emulator.serpwow.as_account(id) for id in "ab")
    assert ([it.id for it in own.batches], [it.id for it in other.batches]) == (["A1", "N"], ["B1"])
    assert (own.account.credits_used, other.account.credits_used) == (17, 0)
    assert [it["account"] for it in emulator.state["serpwow"]["destinations"]] == ["b"]


def test_a_fork_and_a_reset_have_the_same_accounts(emulator: Emulator) -> None:
    key = emulator.serpwow.as_account("b").api_key
    with emulator.fork() as twin:
        own = twin.serpwow.as_account("b").api_key
        assert own != key
        assert credits_of(twin, own) == (15_000, 0)
        twin.state.change({"serpwow": {"accounts": [{"id": "b", "credits_limit": 5}]}})
        assert (credits_of(twin, own), credits_of(emulator, key)) == ((5, 0), (15_000, 0))
    emulator.state.change({"serpwow": {"accounts": [{"id": "b", "credits_limit": 5}]}})
    emulator.reset()
    assert credits_of(emulator, key) == (15_000, 0)


def test_another_scenario_has_other_accounts(emulator: Emulator) -> None:
    key = emulator.serpwow.as_account("b").api_key
    emulator.load("first-run")
    with pytest.raises(NotFound, match="no account is called 'b'"):
        emulator.serpwow.as_account("b")
    assert get(emulator, "/live/account", params={"api_key": key}).status_code in (401, 404)


def test_a_listed_credential_of_an_account_picks_one_world_only() -> None:
    with EmulatorServer() as server, Emulator(SCENARIO, server=server), pytest.raises(ControlError, match="picks the world"):
        Emulator(SCENARIO, server=server)


def test_what_changed_is_told_of_the_account_that_it_changed_in(emulator: Emulator) -> None:
    emulator.snapshot("before")
    emulator.state.change({"serpwow": {"accounts": [{"id": "b", "name": "Jane"}]}})
    get(emulator, "/live/batches/stopall", params={"api_key": emulator.serpwow.as_account("a").api_key})
    found = {(it.at, it.id): it.changed or {} for it in emulator.diff("before")}
    assert found["accounts", "b"] == {"name": ("John Smith", "Jane")}
    assert found["accounts", "a"]["credits_used"] == (10, 0)


def test_explain_says_for_which_account_a_request_acts_and_whose_the_batch_is(emulator: Emulator) -> None:
    get(emulator, "/live/batches/A1", params={"api_key": "two-accounts-b"})
    told = emulator.ask("GET", "/journal/last/explain")
    assert told["account"] == "b"
    assert "account     b" in told["text"]
    assert "A1 belongs to the account 'a', and this key acts for 'b'" in told["would_work"]


@pytest.mark.parametrize(
    ("key", "context", "hint"),
    [
        ("acct_b", None, None),
        ("acct_a", None, "batchv2_Bbb belongs to the account 'acct_b', and this request acts for 'acct_a'"),
        (
            "acct_b",
            "acct_a",
            "this key is of the account acct_b, and may act for none beside it: others name it as their 'platform'",
        ),
        ("acct_a", "acct_c", "this key is of the account acct_a, and may act for those connected to it: acct_b"),
    ],
)
def test_explain_says_which_accounts_a_key_of_stripe_may_act_for(
    emulator: Emulator, key: str, context: str | None, hint: str | None
) -> None:
    headers = {**VERSION, "Authorization": f"Bearer {emulator.stripe.as_account(key).api_key}"}
    get(emulator, "/v2/core/batch_jobs/batchv2_Bbb", headers=headers | ({"Stripe-Context": context} if context else {}))
    assert emulator.ask("GET", "/journal/last/explain")["would_work"] == ([hint] if hint else [])


def test_rows_of_a_new_job_fail_by_the_rules_of_its_account() -> None:
    line = '{"id": "r1", "path_params": {"customer": "cus_1"}, "params": {}}'
    with Emulator(
        {"given": {"stripe": {
            "accounts": [{"id": "acct_a"}, {"id": "acct_b", "failing": [{"share": "100%"}]}],
            "batch_jobs": [{"id": f"batchv2_{it}", "account": f"acct_{it}", "status": "in_progress", "input": line} for it in "ab"],
        }}}
    ) as emulator:  # fmt: skip
        emulator.clock.advance(until="idle")
        assert [emulator.stripe.batch_job(f"batchv2_{it}").failure_count for it in "ab"] == [0, 1]


def test_an_organisation_of_6dot50_has_its_own_key_secret_and_accounts() -> None:
    accounts = [{"name": "AcmeCorp", "balance": 1000}, {"name": "AcmeCorp", "organisation": "b", "balance": 5}]
    given = {"organisations": [{"id": "a"}, {"id": "b", "referrals": True}], "accounts": accounts}
    batches = [{"id": GUID, "organisation": "b", "payments": [{"msisdn": "27821231234", "amount": 1, "referralAmount": 1}]}]
    with Emulator({"given": {"6dot50": given | {"batches": batches}}}) as emulator:
        state, own, other = emulator.state["6dot50"], emulator.sixdot50.as_account("a"), emulator.sixdot50.as_account("b")
        assert (own.key, own.secret) == (emulator.sixdot50.key, emulator.sixdot50.secret) != (other.key, other.secret)
        assert [it.balance for it in (own.account("AcmeCorp"), other.account("AcmeCorp"))] == [1000, 5]
        assert ([it.id for it in own.batches], [it.id for it in other.batches]) == ([], [GUID])
        assert emulator.state.change({"6dot50": state}) == ()
    with Emulator({"given": {"6dot50": state}}) as again:
        assert again.state["6dot50"] == state


def test_an_organisation_without_accounts_has_the_default_one() -> None:
    with Emulator({"given": {"6dot50": {"organisations": [{"id": "a"}, {"id": "b"}]}}}) as emulator:
        assert [(it.organisation, it.balance) for it in emulator.sixdot50.accounts] == [("a", 0), ("b", 0)]
        emulator.state.change({"6dot50": {"accounts": [{"organisation": "b", "deposit": 7}]}})
        assert [(it.organisation, it.balance) for it in emulator.sixdot50.accounts] == [("a", 0), ("b", 7)]


def test_a_program_finds_the_key_of_each_account_in_its_environment(emulator: Emulator) -> None:
    found = environment(emulator)
    assert found["SERPWOW_API_KEY"] == found["SERPWOW_A_API_KEY"] == emulator.serpwow.api_key
    assert found["STRIPE_ACCT_B_API_KEY"] == emulator.stripe.as_account("acct_b").api_key
