"""The report is evidence: whatever is missing, damaged or not signed makes it fail."""

import json
import shutil
from dataclasses import replace

import pytest
from tests.support.cli.run_documents import CLIENTS, NAMES, RUN, evaluation, run_document
from tests.support.cli.stored_run import StoredRunBuilder, counted

from pfi_cli.report.build import build_report
from pfi_cli.report.elsewhere import elsewhere_sentence
from pfi_cli.report.sources import local_sources
from pfi_cli.report.words import findings
from pfi_common.errors import ReportIncompleteError

ADAPTER = f"personal/{RUN}/adapter_model.safetensors"


@pytest.fixture
async def stored(tmp_path):
    return await StoredRunBuilder(tmp_path).write()


async def build(stored, document=None):
    return await build_report(document or stored.document, local_sources(stored.layout))


async def refused(stored, sentence, document=None):
    with pytest.raises(ReportIncompleteError, match=sentence):
        await build(stored, document)


async def test_a_complete_run_gives_a_report(stored):
    report = await build(stored)
    assert [adapter.digest for adapter in report.adapters] == list(stored.digests.values())
    assert [adapter.counted for adapter in report.adapters] == [0, 2, 2]
    assert report.statements_verified == 6
    assert [personal.name for personal in report.personal_adapters] == list(NAMES)
    assert report.parameter_count == 1000
    assert [each.up_bytes for each in report.rounds] == [128, 128]
    assert report.losses.shared.mean == 3.5


async def test_a_removed_personal_adapter_fails_it(stored):
    (stored.layout.agents / "ben" / ADAPTER).unlink()
    await refused(stored, "client ben: its personal adapter .* is missing")


async def test_a_changed_personal_adapter_fails_it(stored):
    (stored.layout.agents / "ada" / ADAPTER).write_bytes(b"other")
    await refused(stored, "client ada: .* was changed")


async def test_an_agent_without_a_record_fails_it(stored):
    (stored.layout.agents / "ada" / "evaluations" / f"{RUN}.json").unlink()
    await refused(stored, f"client ada: no evaluations/{RUN}.json")


def change_record(stored, change):
    path = stored.layout.agents / "ada" / "evaluations" / f"{RUN}.json"
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))


async def test_a_client_whose_agent_is_on_another_machine_is_named(stored):
    shutil.rmtree(stored.layout.agents / "ben")
    report = await build(stored)
    assert [personal.name for personal in report.personal_adapters] == ["ada"]
    assert report.records_elsewhere == ["ben"]
    assert elsewhere_sentence(report).startswith("Reported from the stored evaluation alone: ben.")


async def test_folders_that_are_named_must_be_those_of_all_clients(stored):
    sources = local_sources(stored.layout, [stored.layout.agents / "ada"])
    with pytest.raises(ReportIncompleteError, match=f"client ben: no evaluations/{RUN}.json"):
        await build_report(stored.document, sources)


async def test_metrics_that_differ_from_the_clients_own_fail_it(stored):
    change_record(stored, lambda record: record["metrics"].update(eval_loss_shared=0.25))
    await refused(stored, "client ada: eval_loss_shared differs")


async def test_an_evaluation_of_another_shared_adapter_fails_it(stored):
    change_record(stored, lambda record: record.update(shared_digest="f" * 64))
    await refused(stored, "client ada: it evaluated another shared adapter")


async def test_agents_elsewhere_are_not_checked(stored):
    sources = replace(local_sources(stored.layout), agents=())
    report = await build_report(stored.document, sources)
    assert report.personal_adapters == []
    assert report.records_elsewhere == ["ada", "ben"]


async def test_a_removed_shared_adapter_fails_it(stored):
    stored.artifact("adapters", stored.digests["global", 1]).unlink()
    await refused(stored, "shared adapter, version 1")


async def test_a_corrupt_shared_adapter_fails_it(stored):
    path = stored.artifact("adapters", stored.digests["global", 2])
    damaged = bytearray(path.read_bytes())
    damaged[5] ^= 1
    path.write_bytes(damaged)
    await refused(stored, "shared adapter, version 2: .* other bytes")


async def test_everything_that_is_wrong_is_named_at_once(stored):
    stored.artifact("adapters", stored.digests["global", 1]).unlink()
    (stored.layout.agents / "ben" / ADAPTER).unlink()
    await refused(stored, "version 1.*ben")


async def test_a_lineage_of_a_stranger_fails_it(stored, tmp_path):
    stranger = StoredRunBuilder(tmp_path / "other").signer("aggregator/spool-0")
    await stored.write_version(2, lineage_signer=stranger)
    await refused(stored, "version 2: the signing certificate is of another authority")


async def test_a_lineage_that_no_aggregator_signed_fails_it(stored):
    await stored.write_version(2, lineage_signer=stored.coordinator)
    await refused(stored, "signed by coordinator, not by an aggregator")


async def test_a_publication_that_the_coordinator_did_not_sign_fails_it(stored):
    await stored.write_version(2, countersigner=stored.aggregator)
    await refused(stored, "version 2: the statement is not signed by coordinator")


async def test_a_lineage_that_the_two_services_disagree_about_fails_it(stored):
    await stored.write_version(2, countersigned_attempt=3)
    await refused(stored, "version 2: coordinator and aggregator differ")


async def test_a_store_with_another_adapter_than_the_run_says_fails_it(stored):
    stored.document["adapters"][1]["digest"] = "f" * 64
    await refused(stored, "version 1: the store and the run name different adapters")


async def test_a_version_that_does_not_come_from_the_one_before_fails_it(stored):
    await stored.write_version(2, parent="f" * 64)
    await refused(stored, "version 2 does not come from version 1")


@pytest.mark.parametrize("signed", [counted(1)[:1], counted(2)])
async def test_an_update_that_was_counted_without_a_receipt_fails_it(stored, signed):
    await stored.write_version(1, counted=signed)
    await stored.write_version(2)
    await refused(stored, "round 1: the aggregator counted")


async def test_a_client_that_was_revoked_after_its_update_counted_fails_nothing(stored):
    stored.document["rounds"][0]["cohort"][1].update(state="abandoned", metrics={})
    report = await build(stored)
    assert report.rounds[0].counted == 2


async def test_an_update_that_was_counted_twice_fails_it(stored):
    await stored.write_version(1, counted=[*counted(1), counted(1)[0]])
    await stored.write_version(2)
    await refused(stored, "round 1: the aggregator counted")


async def test_a_run_that_is_not_completed_has_no_report(stored):
    await refused(stored, "is running", run_document(state="running"))


async def test_a_missing_metric_fails_it(stored):
    entries = [evaluation(0), evaluation(1, metrics={"eval_loss_shared": 1.0})]
    await stored.put(f"runs/{RUN}/evaluation.json", {"evaluation": entries})
    await refused(stored, "client ben: its evaluation lacks eval_loss_backbone, held_out_rows")


async def absent(stored, *indices, state="cancelled"):
    entries = [evaluation(index) for index in range(len(CLIENTS))]
    for index in indices:
        entries[index] = evaluation(index, state=state, metrics={})
    stored.document["evaluation"] = entries
    await stored.put(f"runs/{RUN}/evaluation.json", {"evaluation": entries})


async def test_a_client_that_did_not_report_at_the_end_is_named(stored):
    await absent(stored, 1, state="abandoned")
    (stored.layout.agents / "ben" / "evaluations" / f"{RUN}.json").unlink()
    report = await build(stored)
    assert [client.name for client in report.clients] == ["ada"]
    assert [(c.name, c.state) for c in report.silent_clients] == [("ben", "abandoned")]
    assert report.losses.shared.mean == 3.0
    assert "Did not report at the end" in "\n".join(findings(report))


async def test_an_evaluation_that_nobody_completed_fails_it(stored):
    await absent(stored, 0, 1)
    await refused(stored, "no client completed the closing evaluation")


async def test_a_completed_evaluation_without_metrics_fails_it(stored):
    await absent(stored, 1, state="completed")
    await refused(stored, "client ben: its evaluation lacks")


async def test_a_missing_metric_of_a_round_fails_it(stored):
    del stored.document["rounds"][1]["cohort"][0]["metrics"]["work_seconds"]
    await refused(stored, "round 2, client ada: no work_seconds")


async def test_an_evaluation_of_other_clients_fails_it(stored):
    await stored.put(f"runs/{RUN}/evaluation.json", {"evaluation": [evaluation(0)]})
    await refused(stored, "names other clients")
    assert CLIENTS[1] not in str(evaluation(0))


async def test_a_store_without_the_run_fails_it(stored):
    (stored.layout.artifacts / "runs" / RUN / "run.json").unlink()
    await refused(stored, "there is no runs/")
