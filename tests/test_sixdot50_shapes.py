"""A body whose fields have another type than 6DOT50 takes: the answer names each of them, and the hint the type to send."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator import Emulator

PAY = {"msisdn": "27821234567", "amount": 1}


@pytest.mark.parametrize(
    ("body", "told"),
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
def test_a_field_of_another_type_is_named(body: Any, told: list[str]) -> None:
    with (
        Emulator("first-run") as emulator,
        httpx.Client(transport=emulator.transport(), base_url="http://6dot50/za/pay") as client,
    ):
        client.headers.update({"Emulator-World": emulator.id, "Authorization": "Bearer demo"})
        answer = client.post("/batches/f945d71c-b00f-4e77-8175-253093157a2f/payments", json=body)
        assert (answer.status_code, answer.json()["errorCode"]) == (400, "1")
        named = [it["fieldName"] for it in answer.json()["validationErrors"]]
        assert named == [line.partition(" ")[0] for line in told]
        assert emulator.journal.exchanges()[-1].explain().told["would_work"] == told
