"""What every implementation of the port `Rounds` does."""

from dataclasses import replace

import pytest
from tests.support.aggregator.builders import KEY, make_plan, make_record, make_upload, task_of
from tests.support.aggregator.rounds import InMemoryRounds
from tests.support.aggregator.spools import Spool, disk_spool, memory_spool

from pfi_aggregator.domain.round_state import RoundState
from pfi_aggregator.domain.round_view import RoundOutcome
from pfi_common.errors import (
    ArtifactCorruptError,
    AttemptVoidedError,
    RoundFullError,
    RoundStateInvalidError,
    RoundUnknownError,
    UpdateConflictError,
    UpdateTooLateError,
)

OUTCOME = RoundOutcome("cd" * 32, 0.25)
CLIENTS = ("c-000000000002", "c-000000000001", "c-000000000003")


@pytest.fixture(params=["memory", "disk"])
def spool(request, tmp_path) -> Spool:
    made = memory_spool() if request.param == "memory" else disk_spool(tmp_path / "spool")
    assert isinstance(made.rounds, InMemoryRounds) == (request.param == "memory")
    return made


@pytest.fixture
def plan():
    return make_plan(maximum_updates=3)


@pytest.fixture
def rounds(spool, plan):
    spool.rounds.open(plan)
    return spool.rounds


def test_an_unknown_round_is_unknown(spool, plan):
    upload = make_upload(plan)
    for command in (spool.rounds.view, spool.rounds.seal, spool.rounds.settle):
        with pytest.raises(RoundUnknownError):
            command(KEY)
    with pytest.raises(RoundUnknownError):
        spool.rounds.commit(make_record(plan, upload))
    assert spool.rounds.update(KEY, task_of("c-000000000001")) is None
    assert spool.rounds.committed(KEY, 0) == ()


def test_a_round_opens_once(rounds, plan):
    rounds.open(plan)
    assert rounds.view(KEY).state is RoundState.OPEN
    assert rounds.view(KEY).plan == plan
    assert rounds.open_count() == 1
    with pytest.raises(RoundStateInvalidError):
        rounds.open(replace(plan, minimum_updates=2))


def test_commits_are_counted_sorted_by_task(spool, rounds, plan):
    told = [spool.commit(plan, make_upload(plan, client)) for client in CLIENTS]
    assert rounds.committed(KEY, 0) == tuple(told)
    assert rounds.committed(KEY, 2) == tuple(told[2:])
    counted = rounds.seal(KEY)
    assert [update.task for update in counted] == sorted(map(task_of, CLIENTS))
    assert rounds.seal(KEY) == counted


def test_a_task_counts_once(spool, rounds, plan):
    first = spool.commit(plan, make_upload(plan, seed=1))
    again = spool.commit(plan, make_upload(plan, seed=1))
    assert again == first
    with pytest.raises(UpdateConflictError):
        spool.commit(plan, make_upload(plan, seed=2))
    assert rounds.committed(KEY, 0) == (first,)
    assert rounds.update(KEY, first.counted.task) == first


def test_a_full_round_takes_repeats_alone(spool, rounds, plan):
    for client in CLIENTS:
        spool.commit(plan, make_upload(plan, client))
    with pytest.raises(RoundFullError):
        spool.commit(plan, make_upload(plan, "c-000000000009"))
    spool.commit(plan, make_upload(plan, CLIENTS[0]))
    assert len(rounds.seal(KEY)) == 3


def test_after_sealing_nothing_is_added(spool, rounds, plan):
    spool.commit(plan, make_upload(plan, CLIENTS[0]))
    counted = rounds.seal(KEY)
    with pytest.raises(UpdateTooLateError):
        spool.commit(plan, make_upload(plan, CLIENTS[1]))
    assert rounds.seal(KEY) == counted
    assert rounds.open_count() == 0


def test_what_was_committed_can_be_read(spool, rounds, plan):
    upload = make_upload(plan)
    spool.commit(plan, upload)
    with rounds.read(KEY, upload.ticket.task) as stored:
        payload, size = stored.payload, len(upload.payload)
        assert payload.size_bytes == size
        for first, last in ((0, size), (0, 0), (3, 50), (16, 32), (17, 18), (5, size), (0, 7)):
            assert payload.read(first, last) == upload.payload[first:last]
        for first, last in ((-1, 4), (4, 3), (0, size + 1)):
            with pytest.raises(ValueError, match="range"):
                payload.read(first, last)
        assert stored.record == make_record(plan, upload)
    with pytest.raises(ArtifactCorruptError), rounds.read(KEY, "r-0000000001.1.1.c-nobody"):
        pass


def test_an_aborted_attempt_takes_nothing_and_keeps_its_updates_until_settled(spool, rounds, plan):
    update = spool.commit(plan, make_upload(plan))
    rounds.abort(KEY)
    rounds.abort(KEY)
    assert rounds.update(KEY, update.counted.task) == update
    with pytest.raises(AttemptVoidedError):
        spool.commit(plan, make_upload(plan, CLIENTS[0]))
    with pytest.raises(RoundStateInvalidError):
        rounds.seal(KEY)
    rounds.settle(KEY)
    assert rounds.update(KEY, update.counted.task) is None
    assert rounds.view(KEY).state is RoundState.ABORTED


def test_an_attempt_can_be_aborted_before_it_is_opened(spool, plan):
    spool.rounds.abort(KEY)
    spool.rounds.abort(KEY)
    assert spool.rounds.view(KEY).state is RoundState.ABORTED
    with pytest.raises(AttemptVoidedError):
        spool.rounds.open(plan)


def test_a_finalized_round_keeps_its_outcome_after_it_is_settled(spool, rounds, plan):
    spool.commit(plan, make_upload(plan))
    with pytest.raises(RoundStateInvalidError):
        rounds.finalize(KEY, OUTCOME)
    with pytest.raises(RoundStateInvalidError):
        rounds.settle(KEY)
    rounds.seal(KEY)
    rounds.finalize(KEY, OUTCOME)
    with pytest.raises(RoundStateInvalidError):
        rounds.abort(KEY)
    rounds.settle(KEY)
    rounds.settle(KEY)
    view = rounds.view(KEY)
    assert (view.state, view.outcome, view.settled) == (RoundState.FINALIZED, OUTCOME, True)
    rounds.open(plan)
    assert rounds.view(KEY).settled
    with pytest.raises(RoundStateInvalidError):
        rounds.open(replace(plan, minimum_updates=2))
    with pytest.raises(UpdateTooLateError):
        rounds.commit(make_record(plan, make_upload(plan)))
    with pytest.raises(RoundStateInvalidError):
        rounds.seal(KEY)


def test_open_and_sealed_rounds_are_pending(spool, rounds, plan):
    second = replace(plan, key=replace(KEY, attempt=KEY.attempt + 1))
    rounds.open(second)
    assert rounds.pending_keys() == (KEY, second.key)
    spool.commit(plan, make_upload(plan))
    rounds.seal(KEY)
    assert rounds.pending_keys() == (KEY, second.key)
    rounds.abort(second.key)
    rounds.finalize(KEY, OUTCOME)
    assert rounds.pending_keys() == ()
