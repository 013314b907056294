"""Redis loses its last moments: it is killed, and its append-only file is an earlier one."""

import pytest
from tests.support.faults.logs import read_events, wait_for_event
from tests.support.faults.store_copies import StoreCopy

pytestmark = [pytest.mark.faults, pytest.mark.e2e, pytest.mark.timeout(600)]

HELD = 3


@pytest.mark.parametrize("kept", [2, 1], ids=["a_round", "two_rounds"])
def test_redis_set_back_behind_a_publication(federation, spec, tmp_path, kept):
    """It dies while round 3 is trained, and comes back with what it held while `kept` was."""
    names = ("ada", "bob")
    federation.hold_training(*names, rounds=[kept, HELD])
    run = federation.begin(spec(stop={"rounds": 4}, cohort={"size": 2, "deadline": "10m"}))
    for name in names:
        federation.wait_until_training(run, name, kept)
    copy = StoreCopy(federation.layout.redis, tmp_path / "kept")
    federation.release_training(*names, rounds=[kept])
    for name in names:
        federation.wait_until_training(run, name, HELD)
    before = federation.api.run(run)
    assert [item.version for item in before.adapters] == [0, 1, 2]
    federation.kill("redis")
    copy.put_back()
    log = federation.layout.log("coordinator")
    terms = len(read_events(log, "leader_elected"))
    federation.start("redis")
    wait_for_event(log, "leader_elected", terms + 1)
    federation.release_training(*names, rounds=[HELD])
    ended = federation.finish(run, rows_kept=False)
    assert [item.attempt for item in ended.rounds] == [1] * 4
    after = {item.version: item.digest for item in ended.adapters}
    assert after.items() >= {item.version: item.digest for item in before.adapters}.items()
