"""A body whose fields have another type than 6DOT50 takes: the answer names each of them, and the hint the type to send."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator import Emulator

BATCH = "f945d71c-b00f-4e77-8175-253093157a2f"
PAY = {"msisdn": "27821234567", "amount": 1}


def emulator_that_assumes(assumption: str, choice: str) -> Emulator:
    state = {"tokens": [{"token": "demo"}], "batches": [{"id": BATCH}]}
    return Emulator({"title": "A test", "assume": {assumption: choice}, "given": {"6dot50": state}})


def client_of(emulator: Emulator) -> httpx.Client:
    headers = {"Emulator-World": emulator.id, "Authorization": "Bearer demo"}
    return httpx.Client(transport=emulator.transport(), base_url="http://6dot50/za/pay", headers=headers)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"payments": [PAY | {"amount": "x"}]}, ["payments[0].amount is text, and should be a number"]),
        (
            {"payments": [PAY, PAY | {"msisdn": 27821234567, "firstName": True}]},
            [
                "payments[1].msisdn is a number, and should be text",
                "payments[1].firstname is true or false, and should be text",
            ],
        ),
        ({"payments": [PAY, 5]}, ["payments[1] is a number, and should be an object"]),
        ({"payments": {}}, ["payments is an object, and should be a list"]),
        ({"clearExisting": "true", "payments": [PAY]}, ["clearExisting is text, and should be true or false"]),
        (
            {"payments": [PAY | {"amount": "1.50"}, None]},
            [
                "payments[0].amount is text, and should be a number",
                "payments[1] is null, and should be an object",
            ],
        ),
    ],
)
@pytest.mark.parametrize("code", ["2", "1"])
def test_a_field_of_another_type_is_named(body: Any, fields: list[str], code: str) -> None:
    with emulator_that_assumes("6dot50.wrong-type", code) as emulator, client_of(emulator) as client:
        answer = client.post(f"/batches/{BATCH}/payments", json=body)
        assert (answer.status_code, answer.json()["errorCode"]) == (400, code)
        if code == "1":
            names = [error["fieldName"] for error in answer.json()["validationErrors"]]
            assert names == [line.partition(" ")[0] for line in fields]
        assert emulator.journal.exchanges()[-1].explain().told["would_work"] == fields


def test_json_that_is_sent_as_a_form_is_told_the_header() -> None:
    with emulator_that_assumes("6dot50.other-media-type", "400") as emulator, client_of(emulator) as client:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        assert client.post("/batches", headers=form, content=b'{"name": "A"}').status_code == 400
        assert emulator.journal.exchanges()[-1].explain().told["would_work"] == [
            "the body is JSON: send the header Content-Type: application/json with it (curl -d alone names a form)"
        ]
