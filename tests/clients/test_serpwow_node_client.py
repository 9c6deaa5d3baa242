"""SerpWow's own npm client, unmodified but for where its requests go, over a real socket."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.installed import from_npm, run_node
from tests.support.server import Live, World

SDK = "google-search-results-serpwow@0.0.14"

# The client's host is a constant: it is handed a node-fetch that leads that host, and no other, to the emulator.
REDIRECT = """
const [emulator, world, key] = process.argv.slice(2);
const fetch = require('node-fetch');
const VENDOR = 'https://api.serpwow.com/';
require.cache[require.resolve('node-fetch')].exports = (url, options) => {
  if (!url.startsWith(VENDOR)) throw new Error(`Not the vendor's: ${url}`);
  const headers = { ...options.headers, 'Emulator-World': world };
  return fetch(`${emulator}/${url.slice(VENDOR.length)}`, { ...options, headers });
};
const SerpWow = require('google-search-results-serpwow');
const client = new SerpWow(key);

const advance = (by) =>
  fetch(`${emulator}/_emulator/worlds/${world}/clock/advance`,
    { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify({ by }) });
const download = async (link) => (await fetch(link)).text();
const succeeds = async (call) => (await call).request_info.success;
const credits = async () => {
  const { credits_used, credits_remaining } = (await client.account()).account_info;
  return [credits_used, credits_remaining];
};
const told = {};
const tell = (life) => life().then(() => console.log(JSON.stringify(told)));
"""

LIFE = """
tell(async () => {
  const made = (await client.createBatch({ name: 'Life', schedule_type: 'manual', searches: [{ q: 'mcdonalds' }] })).batch;
  const id = made.id;
  told.created = [made.name, made.status, made.searches_total_count];
  const more = { name: 'A whole life', searches: [{ q: 'sushi', max_page: 2 }, { q: 'soup' }] };
  const updated = (await client.updateBatch(id, more)).batch;
  told.updated = [updated.name, updated.searches_total_count];

  const { searches } = await client.listBatchSearches(id, 1);
  told.searches = searches.map((search) => search.q);
  told.found = (await client.findBatchSearches(id, 1, 'SOUP')).searches.map((search) => search.q);
  told.changed = (await client.updateBatchSearch(id, searches[0].id, { q: 'burger king' })).search;
  told.removed = await client.deleteBatchSearch(id, searches[2].id);
  const [asJSON] = (await client.listAllBatchSearchesAsJSON(id)).download_links.pages;
  told.json = JSON.parse(await download(asJSON)).map((search) => search.q);
  const [asCSV] = (await client.listAllBatchSearchesAsCSV(id)).download_links.pages;
  told.csv = (await download(asCSV)).split(/\\r?\\n/)[0];

  told.results = [(await client.listBatchResultSets(id)).results.length];
  told.started = await succeeds(client.startBatch(id));
  told.statuses = [];
  for (const jump of ['0s', '2s', '10s']) {
    await advance(jump);
    told.statuses.push((await client.getBatch(id)).batch.status);
  }
  const { results } = await client.listBatchResultSets(id);
  told.results.push(results.length);
  const { result } = await client.getBatchResultSet(id, results[0].id);
  told.result = [result.id, result.searches_completed, result.searches_failed];
  told.page = JSON.parse(await download(result.download_links.pages[0])).map((item) => item.search.q);
  const table = (await client.getBatchResultSetAsCSV(id, result.id)).result;
  told.table = (await download(table.download_links.pages[0])).split(/\\r?\\n/)[0];

  told.credits = [await credits()];
  await client.startBatch(id);
  told.credits.push(await credits());
  told.stopped = [(await client.getBatch(id)).batch.status, await succeeds(client.stopBatch(id))];
  told.credits.push(await credits());

  const second = (await client.createBatch({ name: 'Another' })).batch.id;
  const listed = await client.listBatches({ sort_by: 'name', sort_direction: 'descending' });
  told.listed = listed.batches.map((batch) => [batch.name, batch.status, batch.results_count]);
  told.deleted = [await client.deleteBatch(id), await client.deleteBatch(second)];
  told.left = (await client.listBatches()).total_count;
});
"""

REFUSALS = """
const read = (error) => [error.code, error.status, error.message];
const refusal = (call) => call().then(() => null, read);
tell(async () => {
  const id = '2A6F94BB';
  told.idle = await refusal(() => client.stopBatch(id));
  told.unknown = await refusal(() => client.getBatch('123456'));
  told.unpaid = await refusal(() => client.startBatch(id));
  told.invalid = await refusal(() => client.updateBatch(id, { priority: 'urgent' }));
  told.missing = await refusal(() => client.deleteBatchSearch(id, 'ABCDEFGHIJKLMNOP'));
  told.callback = await new Promise((done) => client.stopBatch(id, (error) => done(read(error))));
  new SerpWow('wrong');  // the key of the last client made is every client's
  told.stranger = await refusal(() => client.getBatch(id));
});
"""

# The client gives the bodies of its DELETEs as they came, unparsed.
DELETED_SEARCH = '{"request_info":{"success":true,"message":"Search deleted"}}'
DELETED_BATCH = '{"request_info":{"success":true,"message":"batch deleted"}}'
LIVED = {
    "created": ["Life", "idle", 1],
    "updated": ["A whole life", 3],
    "searches": ["mcdonalds", "sushi", "soup"],
    "found": ["soup"],
    "changed": {"q": "burger king"},
    "removed": DELETED_SEARCH,
    "json": ["burger king", "sushi"],
    "csv": "id,q,max_page",
    "started": True,
    "statuses": ["queued", "running", "idle"],
    "results": [0, 1],
    "result": [1, 2, 0],
    "page": ["burger king", "sushi"],
    "table": "search.q,request_info.success,organic_results.position,organic_results.title",
    "credits": [[3, 97], [6, 94], [3, 97]],
    "stopped": ["queued", True],
    "listed": [["Another", "idle", 0], ["A whole life", "idle", 1]],
    "deleted": [DELETED_BATCH, DELETED_BATCH],
    "left": 0,
}
MISSING = "No Search with ID 'ABCDEFGHIJKLMNOP' was found in this Batch, please check the ID and try again"
IDLE = "Batch with ID '2A6F94BB' is not currently queued or running"
REFUSED = {
    "idle": [400, "Bad Request", IDLE],
    "unknown": [400, "Bad Request", "Batch with ID '123456' was not found"],
    "unpaid": [402, "Payment Required", "Not enough credits: the Batch requires 200, and 100 remain"],
    "invalid": [400, "Bad Request", "priority must be one of lowest, low, normal, high, highest"],
    "missing": [400, "Bad Request", MISSING],
    "callback": [400, "Bad Request", IDLE],
    "stranger": [401, "Unauthorized", "Supplied api_key is not valid"],
}


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return from_npm(SDK, tmp_path_factory)


def run_client(home: Path, script: str, live: Live, world: World) -> Any:
    return run_node(home, REDIRECT + script, live.url, world.id, world.serpwow["api_key"], kind="commonjs")


def test_the_node_client_lives_a_whole_batch_life(live: Live, home: Path) -> None:
    world = live.load({"given": {"serpwow": {"account": {"credits_limit": 100}}}})
    assert run_client(home, LIFE, live, world) == LIVED


def test_a_refusal_rejects_with_code_status_and_message_and_changes_nothing(live: Live, home: Path) -> None:
    state = {"account": {"credits_limit": 100}, "batches": [{"id": "2A6F94BB", "searches": 200}]}
    world = live.load({"credentials": {"serpwow": ["demo"]}, "given": {"serpwow": state}})
    before = world.state()
    assert run_client(home, REFUSALS, live, world) == REFUSED
    assert world.state() == before
