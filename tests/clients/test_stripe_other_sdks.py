"""The newest clients, each in a folder of its own: the same life, the tests of the pinned one, and the types that they declare."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
import stripe

from emulator.vendors.stripe.model.versions import WITHOUT_RPS, is_well_formed
from tests.support.installed import from_npm, run_node
from tests.support.newest_python import environment_of_newest, value_of
from tests.support.packages import ROOT
from tests.support.sdk_types import EXCEPTIONS
from tests.support.server import Live, World
from tests.support.stripe_clients import newest_beta, release
from tests.support.stripe_replies import public_paths_of, replies_in

START = {"start": "2026-03-09T20:55:31Z"}

PYTHON_LIFE = """
import json, sys, urllib.request
import stripe

url, key, control = sys.argv[1:]
client = stripe.StripeClient(key, base_addresses={"api": url})
jobs = client.v2.core.batch_jobs

def advance(by):
    body = json.dumps({"by": by}).encode()
    urllib.request.urlopen(urllib.request.Request(control, body, {"Content-Type": "application/json"})).read()

def put(link, content):
    headers = {"Content-Type": "application/octet-stream"}
    return urllib.request.urlopen(urllib.request.Request(link, content, headers, method="PUT")).status

def refusal(call):
    try:
        call()
    except stripe.InvalidRequestError as error:
        return [error.http_status, error.code, getattr(error.error, "batch_job_id", None)]

def create(path="/v1/customers/:customer", **more):
    return jobs.create({"metadata": {}, "endpoint": {"path": path, "http_method": "post"}, "skip_validation": False, **more})

told = {"version": stripe.api_version, "release": stripe.VERSION}
job = create(metadata={"run": "1"})
told["created"] = [job.status, job.metadata.run, hasattr(job, "maximum_rps")]
lines = ''.join(json.dumps({"id": f"req_{n}", "path_params": {"customer": f"cus_{n}"}}) + "\\n" for n in range(20))
told["uploaded"] = put(job.status_details.ready_for_upload.upload_url.url, lines.encode())
told["validating"] = jobs.retrieve(job.id).status
advance("5s")
advance("1s")
progress = jobs.retrieve(job.id).status_details.in_progress
told["progress"] = [progress.success_count, progress.failure_count]
advance("1s")
complete = jobs.retrieve(job.id).status_details.complete
told["complete"] = [complete.success_count, complete.failure_count, complete.output_file.size]
told["downloaded"] = len(urllib.request.urlopen(complete.output_file.download_url.url).read())
told["refused"] = refusal(lambda: jobs.cancel(job.id))
told["refused"][2] = told["refused"][2] == job.id
told["unknown"] = refusal(lambda: jobs.retrieve("batchv2_none"))
told["unsupported"] = refusal(lambda: create("/v1/credit_notes"))
told["removed"] = refusal(lambda: create(maximum_rps=5))
second = create()
told["cancelled"] = [jobs.cancel(second.id).status]
advance("1s")
told["cancelled"].append(jobs.retrieve(second.id).status)
told["events"] = [event.type for event in client.v2.core.events.list({"object_id": second.id}).data]
print(json.dumps(told))
"""

NODE_LIFE = """
import Stripe from 'stripe';

const [url, key, control] = process.argv.slice(2);
const at = new URL(url);
const stripe = new Stripe(key, { protocol: 'http', host: at.hostname, port: at.port });
const jobs = stripe.v2.core.batchJobs;

const advance = (by) =>
  fetch(control, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ by }) });
const put = async (link, body) =>
  (await fetch(link, { method: 'PUT', headers: { 'Content-Type': 'application/octet-stream' }, body })).status;
const refusal = async (call) => {
  try { await call(); return null; } catch (e) { return [e.statusCode, e.code, e.raw.batch_job_id ?? null]; }
};
const create = (path = '/v1/customers/:customer', more = {}) =>
  jobs.create({ metadata: {}, endpoint: { path, http_method: 'post' }, skip_validation: false, ...more });

const told = { version: Stripe.API_VERSION ?? stripe.getApiField('version'), release: Stripe.PACKAGE_VERSION };
const job = await create(undefined, { metadata: { run: '1' } });
told.created = [job.status, job.metadata.run, 'maximum_rps' in job];
let lines = '';
for (let n = 0; n < 20; n++) lines += JSON.stringify({ id: `req_${n}`, path_params: { customer: `cus_${n}` } }) + '\\n';
told.uploaded = await put(job.status_details.ready_for_upload.upload_url.url, lines);
told.validating = (await jobs.retrieve(job.id)).status;
await advance('5s');
await advance('1s');
const progress = (await jobs.retrieve(job.id)).status_details.in_progress;
told.types = [typeof progress.success_count, typeof progress.failure_count];
told.progress = [Number(progress.success_count), Number(progress.failure_count)];
await advance('1s');
const complete = (await jobs.retrieve(job.id)).status_details.complete;
told.complete = [complete.success_count, complete.failure_count, complete.output_file.size].map(Number);
told.downloaded = (await (await fetch(complete.output_file.download_url.url)).text()).length;
told.refused = await refusal(() => jobs.cancel(job.id));
told.refused[2] = told.refused[2] === job.id;
told.unknown = await refusal(() => jobs.retrieve('batchv2_none'));
told.unsupported = await refusal(() => create('/v1/credit_notes'));
told.removed = await refusal(() => create(undefined, { maximum_rps: 5 }));
const second = await create();
told.cancelled = [(await jobs.cancel(second.id)).status];
await advance('1s');
told.cancelled.push((await jobs.retrieve(second.id)).status);
told.events = (await stripe.v2.core.events.list({ object_id: second.id })).data.map((event) => event.type);
console.log(JSON.stringify(told));
"""

LIFE = {
    "created": ["ready_for_upload", "1", False],
    "uploaded": 200,
    "validating": "validating",
    "progress": [8, 2],
    "complete": [16, 4, 1718],
    "downloaded": 1718,
    "refused": [400, "batch_api_non_cancellable_job", True],
    "unknown": [404, "batch_job_not_found", "batchv2_none"],
    "unsupported": [400, "batch_api_unsupported_endpoint", None],
    "removed": [400, "invalid_fields", None],
    "cancelled": ["cancelling", "canceled"],
    "events": [f"v2.core.batch_job.{word}" for word in ("canceled", "updated", "ready_for_upload", "created")],
}


def arguments_of(world: World) -> tuple[str, str, str]:
    """Return the arguments of a program that lives its life in a world: the URL, a key, and the path that advances its clock."""
    return world.stripe["url"], world.stripe["api_key"], f"{world.stripe['url']}/_emulator/worlds/{world.id}/clock/advance"


def world_of(live: Live) -> World:
    failing = [{"share": "20%", "message": "No"}]
    return live.load({"clock": START, "given": {"stripe": {"failing": failing}}})


@pytest.fixture(scope="session")
def newest_python(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    return environment_of_newest(tmp_path_factory)


def in_version(version: str) -> dict[str, Any]:
    """Return the outcome of a life in a version of the API: until maximum_rps is removed, jobs have it and it may be set."""
    if version >= WITHOUT_RPS:
        return LIFE
    return LIFE | {"created": ["ready_for_upload", "1", True], "removed": None}


def test_the_newest_python_client_lives_the_same_life(live: Live, newest_python: dict[str, str]) -> None:
    command = [sys.executable, "-c", PYTHON_LIFE, *arguments_of(world_of(live))]
    result = subprocess.run(command, env=newest_python, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    life = json.loads(result.stdout)
    assert is_well_formed(version := life.pop("version"))
    assert life == in_version(version) | {"release": release("python", "newest")}


@pytest.mark.parametrize("which", ["pinned", "newest"])
def test_the_node_client_lives_the_same_life_and_has_counts_as_bigints(
    live: Live, which: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = from_npm(f"stripe@{release('node', which)}", tmp_path_factory)
    life = run_node(home, NODE_LIFE, *arguments_of(world_of(live)))
    assert is_well_formed(version := life.pop("version"))
    assert life == in_version(version) | {"types": ["bigint", "bigint"], "release": release("node", which)}


def test_the_tests_of_the_pinned_python_client_hold_with_the_newest(newest_python: dict[str, str]) -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "tests/clients/test_stripe_client.py",
    ]
    result = subprocess.run(command, cwd=ROOT, env=newest_python, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_replies_and_endpoints_are_what_the_newest_python_client_declares(newest_python: dict[str, str]) -> None:
    version = value_of(newest_python, "stripe.api_version")
    bodies = "\n".join(map(json.dumps, replies_in(version)))
    result = subprocess.run(
        [sys.executable, "-m", "tests.support.sdk_types"], cwd=ROOT, env=newest_python, input=bodies,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == {"differences": sorted(EXCEPTIONS), "paths": public_paths_of(version)}


@pytest.mark.parametrize(
    ("language", "releases", "newest"),
    [
        ("python", ["16.1.0", "16.1.0b1", "15.7.0b1", "16.1.0a4", "9.0.0b1"], "16.1.0b1"),
        ("python", ["16.1.0b2", "16.1.0b10", "16.1.0b9"], "16.1.0b10"),
        ("node", ["22.3.0-beta.1", "22.7.0-beta.1", "23.1.0", "23.0.0-alpha.1"], "22.7.0-beta.1"),
        ("node", ["9.1.0-beta.1", "10.0.0-beta.1"], "10.0.0-beta.1"),
    ],
)
def test_the_newest_beta_is_that_of_the_highest_number(language: str, releases: list[str], newest: str) -> None:
    assert newest_beta(language, releases) == newest


def test_a_registry_without_betas_is_an_error() -> None:
    with pytest.raises(ValueError, match="no beta of the client in node"):
        newest_beta("node", ["23.1.0"])


def test_the_pinned_python_client_is_that_of_the_other_tests() -> None:
    assert release("python", "pinned") == stripe.VERSION
