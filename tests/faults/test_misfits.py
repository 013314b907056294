"""What does not fit, is damaged or is not a number: refused by name, and the run goes on."""

import pytest
from tests.support.faults.committed_files import committed_in
from tests.support.faults.logs import read_events, wait_for_event

from pfi_common.errors import RunUnknownError, SchemaMismatchError

pytestmark = [pytest.mark.faults, pytest.mark.e2e, pytest.mark.timeout(600)]


def test_another_backbone_on_a_device(federation, spec, tmp_path, write_data):
    from tests.support.client_agent.backbones import write_backbone

    other = write_backbone(tmp_path / "other", seed=1)
    rows = write_data(tmp_path / "eve.jsonl", "eel")
    federation.join("eve", rows, "--backbone", str(other))
    federation.wait_until_connected(3)
    run = federation.begin(spec(cohort={"size": 3, "minimum": 2}, stop={"rounds": 1}))
    ended = federation.finish(run)
    assert federation.member(ended, "eve").state == "abandoned"
    assert ended.rounds[0].counted == 2
    (event,) = read_events(federation.agents["eve"].log, "task_abandoned", run=None)
    assert event["reason"] == "BACKBONE_MISMATCH"
    federation.leave("eve")


def test_a_description_of_another_backbone(federation, spec):
    run = federation.begin(spec(), backbone_digest="ab" * 32)
    ended = federation.wait_for_run(run)
    assert ended.state == "failed"
    assert ended.error["reason"] == "QUORUM_NOT_REACHED"
    # The first one to give its task back ends the attempt; the other's may be cancelled then.
    states = {item.state for item in ended.rounds[-1].cohort}
    assert "abandoned" in states <= {"abandoned", "cancelled"}
    found = [
        event
        for agent in federation.agents.values()
        for event in read_events(agent.log, "task_abandoned")
        if event["task"].startswith(run)
    ]
    assert {event["reason"] for event in found} == {"BACKBONE_MISMATCH"}
    assert [item.version for item in ended.adapters] == [0]


def test_a_description_of_another_adapter(federation, spec):
    with pytest.raises(SchemaMismatchError):
        federation.begin(spec(), described_as=spec(adapter={"rank": 8, "alpha": 8}))


def test_an_unknown_run(federation):
    with pytest.raises(RunUnknownError):
        federation.api.run("r-0123456789")


def test_training_that_gives_no_numbers(federation, spec):
    diverging = {"steps": 8, "batch_size": 2, "learning_rate": 100, "maximum_tokens": 32}
    run = federation.begin(spec(local=diverging, aggregate={"coordinate_limit": 1e-6}))
    ended = federation.wait_for_run(run)
    assert ended.state == "failed"
    assert ended.error["reason"] == "QUORUM_NOT_REACHED"
    assert not committed_in(federation.layout.spool, run, 1)


def test_an_update_that_is_damaged_in_the_spool(federation, spec):
    with federation.paused("bob"):
        run = federation.begin(spec())
        task = federation.wait_until_completed(run, "ada")
        federation.stop("aggregator")  # one that runs may have verified and folded it already
        path = committed_in(federation.layout.spool, run, 1)[task]
        path.chmod(0o600)
        with path.open("r+b") as file:
            file.seek(100)
            (byte,) = file.read(1)
            file.seek(100)
            file.write(bytes([byte ^ 1]))
        federation.start("aggregator")
    ended = federation.finish(run)
    failed = read_events(federation.layout.log("coordinator"), "effect_failed", run=run)
    assert [event["reason"] for event in failed] == ["ARTIFACT_CORRUPT"]
    assert [(item.round, item.attempt) for item in ended.rounds] == [(1, 2), (2, 1)]
    # Nobody trained again: the stored bytes were sent under the new attempt's tickets.
    for name in ("ada", "bob"):
        log = federation.agents[name].log
        again = task.split(".")[0] + ".1.2." + federation.agents[name].client
        wait_for_event(log, "update_reused", task=again)


def test_an_attempt_that_is_voided(federation, spec):
    federation.hold_training("bob")
    run = federation.begin(spec(stop={"rounds": 1}))
    federation.wait_until_completed(run, "ada")
    federation.fail_training("bob")  # so that the quorum is out of reach
    log = federation.layout.log("aggregator")
    wait_for_event(log, "spool_round_aborted", run=run, attempt=1)
    ended = federation.finish(run)
    assert ended.rounds[0].attempt == 2
    reused = read_events(federation.agents["ada"].log, "update_reused")
    assert [event["task"].split(".")[:2] for event in reused][-1] == [run, "1"]
