"""An agent is killed while it trains and while it uploads."""

import pytest
from tests.support.faults.committed_files import committed_in, partial_in
from tests.support.faults.logs import read_events, wait_for_event
from tests.support.faults.proxy import Action

from pfi_cli.local.waiting import wait_until
from pfi_common.rpc.options import CHUNK_BYTES

pytestmark = [pytest.mark.faults, pytest.mark.e2e, pytest.mark.timeout(600)]

LARGE_ADAPTER = {
    "rank": 512,
    "alpha": 16,
    "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
}
"""2 MiB in fp32: two chunks."""
OVERHEAD_BYTES = 128 << 10


def test_undisturbed(federation, spec):
    federation.finish(federation.begin(spec()))


def test_killed_in_training(federation, spec):
    federation.hold_training("ada")
    run = federation.begin(spec(stop={"rounds": 1}))
    task = federation.wait_until_training(run, "ada")
    federation.kill("ada")
    agent = federation.agents["ada"]
    assert not list(agent.folder.glob("updates/*")), "it was already through with its training"
    assert not read_events(agent.log, "task_completed", task=task)

    federation.release_training("ada")
    federation.start("ada")
    federation.finish(run)  # trained again: the same payload, bit by bit
    assert len(read_events(agent.log, "task_started", task=task)) == 2
    assert not read_events(agent.log, "update_reused", task=task)


def test_killed_in_every_round_of_error_feedback(federation, spec):
    """What was lost of counted updates is added once: the replay knows what each bit must be."""
    encoding = {"upload": "int4_block", "download": "bf16"}
    agent = federation.agents["ada"]
    rounds = (1, 2, 3)
    federation.hold_training("ada", rounds=rounds)
    run = federation.begin(spec(encoding=encoding, stop={"rounds": len(rounds)}))
    for number in rounds:
        task = federation.wait_until_training(run, "ada", number)
        federation.kill("ada")
        assert not read_events(agent.log, "task_completed", task=task)
        kept = [path.name for path in agent.folder.glob(f"residuals/{run}/global/*")]
        assert kept == ([f"{number - 1:06d}"] if number > 1 else [])
        federation.release_training("ada", rounds=[number])
        federation.start("ada")
    federation.finish(run)
    assert not read_events(agent.log, "residual_missing")


def test_killed_in_an_upload(federation, spec):
    spool, proxy = federation.layout.spool, federation.proxy
    federation.hold_training("ada")
    run = federation.begin(spec(adapter=LARGE_ADAPTER, stop={"rounds": 1}))
    task = federation.wait_until_training(run, "ada")
    federation.wait_until_completed(run, "bob")  # so that the connection that breaks is ada's
    proxy.arm(Action.HOLD, CHUNK_BYTES + CHUNK_BYTES // 2)
    federation.release_training("ada")
    proxy.wait_until_struck()

    def half_stored():
        return [path.stat().st_size for name, path in partial_in(spool).items() if task in name]

    assert wait_until(lambda: half_stored() == [CHUNK_BYTES], 60)
    federation.kill("ada")
    assert task not in committed_in(spool, run, 1)
    agent = federation.agents["ada"]
    assert list(agent.folder.glob("updates/*")), "it had not stored its update"

    before = len(proxy.connections)
    federation.start("ada")
    federation.finish(run)
    wait_for_event(agent.log, "update_reused", task=task)
    # What the aggregator had was not sent again: no later connection carried more than the rest.
    carried = [item.sent_bytes for item in proxy.connections[before:]]
    assert max(carried) <= CHUNK_BYTES + OVERHEAD_BYTES
