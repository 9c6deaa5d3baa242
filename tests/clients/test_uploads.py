"""Links to files that SerpWow's webhooks and uploads to destinations have, as a test can see and follow them."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest

from emulator import ControlError, Emulator, EmulatorServer

UPLOAD = "destination_upload"
S3 = {"s3_bucket_name": "MyS3Bucket"}


def uploading(destination: dict[str, Any], **batch: Any) -> dict[str, Any]:
    """A scenario in which a batch of two searches ends, and is uploaded to a destination."""
    destinations = [{"id": "D1", "type": "s3", "settings": S3, **destination}]
    batches = [{"id": "B1", "name": "Weekly", "status": "running", "searches": 2, "destination_ids": ["D1", "NONE"], **batch}]
    return {"given": {"serpwow": {"destinations": destinations, "batches": batches}}}


def test_the_files_of_an_upload_lie_below_its_prefix_and_can_be_had(emulator: Emulator) -> None:
    settings = S3 | {"s3_path_prefix": "/%DATE%/%BATCH_NAME%-%BATCH_ID%/%RESULT_SET_ID%/"}
    emulator.load(uploading({"settings": settings}, notification_as_json=True, notification_as_csv=True))
    emulator.clock.advance("10s")
    upload = emulator.deliveries.expect(UPLOAD).once()
    told = json.loads(upload.body)
    files = told.pop("files")
    assert (upload.status, upload.destination, upload.subject, upload.event_id) == ("collected", "D1", "B1", "1")
    assert told == {"type": "s3", "s3_bucket_name": "MyS3Bucket"}
    folder = "2026_01_01/Weekly-B1/1/Batch_Results_B1_1_"
    assert [it for it in files if it.endswith(".json")] == [f"{folder}Page_1.json"]
    assert len([it for it in files if it.startswith(folder) and it.endswith(".csv")]) == 2
    assert len(httpx.get(files[f"{folder}Page_1.json"]).json()) == 2
    assert all(httpx.get(it).status_code == 200 for it in files.values())


def test_the_links_of_a_server_that_nobody_has_asked_for_its_url_lead_to_it() -> None:
    with EmulatorServer() as server, Emulator(uploading({}), server=server) as emulator:
        emulator.clock.advance("10s")
        files = json.loads(emulator.deliveries.expect(UPLOAD).once().body)["files"]
        assert {httpx.get(it).status_code for it in files.values()} == {200}


@pytest.mark.parametrize(
    ("type", "prefix"),
    [("s3", "s3"), ("s3compatible", "s3"), ("gcs", "gcs"), ("azure", "azure"), ("oss", "oss")],
)
def test_every_type_of_destination_has_a_prefix(emulator: Emulator, type: str, prefix: str) -> None:
    emulator.load(uploading({"type": type, "settings": {f"{prefix}_path_prefix": "%DATE%"}}))
    emulator.clock.advance("10s")
    files = json.loads(emulator.deliveries.expect(UPLOAD).once().body)["files"]
    assert {it.partition("/")[0] for it in files} == {"2026_01_01"}


def test_what_stands_for_a_token_is_no_token_itself(emulator: Emulator) -> None:
    settings = S3 | {"s3_path_prefix": "%BATCH_NAME%/%DATE%/%date%/%OTHER%"}
    emulator.load(uploading({"settings": settings}, name="%DATE%%RESULT_SET_ID%"))
    emulator.clock.advance("10s")
    files = json.loads(emulator.deliveries.expect(UPLOAD).once().body)["files"]
    assert {it.rpartition("/")[0] for it in files} == {"%DATE%%RESULT_SET_ID%/2026_01_01/%date%/%OTHER%"}


def test_an_upload_without_a_format_is_of_json(emulator: Emulator) -> None:
    emulator.load(uploading({}))
    emulator.clock.advance("10s")
    files = json.loads(emulator.deliveries.expect(UPLOAD).once().body)["files"]
    assert [*files] == ["Batch_Results_B1_1_All_Pages.zip", "Batch_Results_B1_1_Page_1.json"]


@pytest.mark.parametrize(
    ("destination", "platform", "because", "status"),
    [
        ({"enabled": False}, {}, "its destination is disabled", None),
        ({}, {"unreachable": ["D1"]}, "its destination is not reached, as the platform's unreachable says", "failed"),
    ],
)
def test_an_upload_that_does_not_happen_says_why(
    emulator: Emulator, destination: dict[str, Any], platform: dict[str, Any], because: str, status: str | None
) -> None:
    scenario = uploading(destination)
    scenario["given"]["serpwow"]["platform"] = platform
    emulator.load(scenario)
    emulator.clock.advance("10s")
    emulator.deliveries.expect(UPLOAD).never()
    (upload,) = emulator.deliveries
    assert (upload.status, upload.because, upload.body) == ("dropped", because, "")
    answer = httpx.get(f"{emulator.serpwow.url}/batches/B1/results/1", params={"api_key": emulator.serpwow.api_key}).json()
    told = answer["result"].get("destination_status", {})
    assert {id: it["status"] for id, it in told.items()} == ({"D1": status} if status else {})


def test_a_webhook_has_the_links_that_its_page_prints(emulator: Emulator) -> None:
    """In the body of a webhook the page of CSV ends in the same 40 characters as the file of all pages."""
    formats = {f"notification_as_{it}": True for it in ("json", "jsonlines", "csv")}
    emulator.load(uploading({}, notification_webhook="https://example.com/hook", **formats))
    emulator.clock.advance("12s")
    links = json.loads(emulator.deliveries.expect("batch_resultset_completed").once().body)["result_set"]["download_links"]
    assert all(httpx.get(it).status_code == 200 for of in links.values() for it in (*of["pages"], of["all_pages"]))
    names = {format: [it.rpartition("/")[2] for it in (*of["pages"], of["all_pages"])] for format, of in links.items()}
    page, all_pages = names.pop("csv")
    assert names == {
        "json": ["Batch_Results_B1_1_Page_1.json", "Batch_Results_B1_1_All_Pages.zip"],
        "jsonlines": ["Batch_Results_B1_1_Page_1.jsonl", "Batch_Results_B1_1_All_Pages_jsonlines.zip"],
    }
    assert re.fullmatch(r"Batch_Results_B1_1_Page_1_[0-9a-f]{40}\.csv", page)
    assert all_pages == page.replace("Page_1", "All_Pages")


@pytest.mark.parametrize(("choice", "columns"), [("batch", "search.q"), ("default", "search.q,request_info.success")])
def test_what_is_notified_has_the_columns_that_the_batch_names(emulator: Emulator, choice: str, columns: str) -> None:
    hook = {"notification_webhook": "https://example.com/hook", "notification_as_csv": True}
    scenario = uploading({}, notification_csv_fields="search.q", **hook)
    emulator.load(scenario | {"assume": {"serpwow.csv-columns": choice}})
    emulator.clock.advance("12s")
    posted = json.loads(emulator.deliveries.expect("batch_resultset_completed").once().body)
    uploaded = json.loads(emulator.deliveries.expect(UPLOAD).once().body)["files"]
    csv = posted["result_set"]["download_links"]["csv"]
    for link in (*csv["pages"], csv["all_pages"], *uploaded.values()):
        assert httpx.get(link).text.splitlines()[0].startswith(columns)
        assert ("request_info" in httpx.get(link).text) == (choice == "default")


def test_each_run_of_a_schedule_is_uploaded(emulator: Emulator) -> None:
    emulator.load(uploading({}, status="idle", schedule_type="minutes", schedule_minutes="every_hour"))
    emulator.clock.advance("3h1m")
    assert [it.event_id for it in emulator.deliveries] == ["1", "2", "3"]


def test_a_fault_of_uploads_is_refused(emulator: Emulator) -> None:
    with pytest.raises(ControlError, match=f"{UPLOAD} is over when it is made: no fault strikes it"):
        emulator.faults.add(at="serpwow.webhook", event=UPLOAD, do="drop")
