"""A run from submission to its end: real Redis, real aggregator, mTLS everywhere."""

import json

import pytest
from tests.support.coordinator.site import working
from tests.support.coordinator.values import SCHEMA

from pfi.aggregator.v1.lineage_pb2 import Lineage
from pfi.common.v1.signed_pb2 import SignedStatement
from pfi_common.artifacts import open_artifact_store
from pfi_common.clock import SystemClock
from pfi_common.identity import StatementVerifier

pytestmark = pytest.mark.integration

COHORT = {"size": 3, "minimum": 3, "deadline": "1m"}


def ended(run):
    return run["state"] in {"completed", "failed", "cancelled"}


async def test_a_run_from_submission_to_completion(site):
    async with site.both() as coordinator:
        agents = await coordinator.agents(3)
        async with working(agents):
            submitted = await coordinator.submit(cohort=COHORT)
            run = await coordinator.until(submitted["run"], ended)
            await coordinator.until(
                submitted["run"],
                lambda _: all((run["run"], 2) in agent.settled for agent in agents),
            )
    assert run["state"] == "completed", run
    assert [item["state"] for item in run["rounds"]] == ["published", "published"]
    assert [item["counted"] for item in run["rounds"]] == [3, 3]
    assert [item["version"] for item in run["adapters"]] == [0, 1, 2]
    for item in run["rounds"]:
        assert {row["state"] for row in item["cohort"]} == {"completed"}
        assert all(row["metrics"]["eval_loss_shared"] == 2.5 for row in item["cohort"])
        assert all(row["payload_bytes"] == 4 * SCHEMA.coordinate_count for row in item["cohort"])
    assert [entry["metrics"] for entry in run["evaluation"]] == [
        {"eval_loss_shared": 1.5, "held_out_rows": 4.0}
    ] * 3
    assert all(len(agent.receipts) == 2 for agent in agents)
    await check_artifacts(site, run)


async def check_artifacts(site, run):
    """Everything that is needed to trust the result lies in the artifacts."""
    store = open_artifact_store(f"file://{site.folder}/artifacts")
    stored = json.loads(await store.get_named(f"runs/{run['run']}/evaluation.json"))
    assert stored == {"run": run["run"], "evaluation": run["evaluation"]}
    assert json.loads(await store.get_named(f"runs/{run['run']}/run.json"))["name"] == run["name"]
    verifier = StatementVerifier(site.authority.certificate, "test", SystemClock())
    for version in run["adapters"]:
        path = f"runs/{run['run']}/adapters/{version['version']}.json"
        file = json.loads(await store.get_named(path))
        assert file["digest"] == version["digest"]
        lineage = await store.get("lineages", version["lineage_digest"])
        made = verifier.verify(
            SignedStatement.FromString(lineage), Lineage, signer="aggregator/spool-0"
        )
        assert made.adapter.digest == version["digest"]
        assert await store.exists("adapters", version["digest"])
