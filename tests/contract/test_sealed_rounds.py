"""What every implementation of the port `SealedRounds` does."""

import pytest
from tests.support.aggregator.builders import KEY, make_plan, make_upload, task_of
from tests.support.aggregator.sealed_rounds import InMemorySealedRounds
from tests.support.aggregator.spools import disk_spool, memory_spool, round_keys

from pfi_aggregator.adapters.spool.layout import SpoolLayout
from pfi_aggregator.adapters.spool.reader import SpoolReader
from pfi_common.errors import ArtifactCorruptError, RoundUnknownError

PLAN = make_plan()
UPLOADS = [make_upload(PLAN, f"c-{number:012}", seed=number) for number in (2, 1, 3)]


@pytest.fixture(params=["memory", "disk"])
def sides(request, tmp_path):
    """The spool, and the port beside it."""
    if request.param == "memory":
        spool = memory_spool()
        return spool, InMemorySealedRounds(spool.rounds)
    root = tmp_path / "spool"
    return disk_spool(root), SpoolReader(SpoolLayout(root), round_keys(root))


def filled(spool) -> None:
    spool.rounds.open(PLAN)
    for upload in UPLOADS:
        spool.commit(PLAN, upload)


def test_a_round_that_was_never_opened_is_unknown(sides):
    _, sealed = sides
    for ask in (sealed.plan, sealed.counted):
        with pytest.raises(RoundUnknownError):
            ask(KEY)


def test_an_open_round_has_a_plan_and_no_counted_set(sides):
    spool, sealed = sides
    filled(spool)
    assert sealed.plan(KEY) == PLAN
    with pytest.raises(RoundUnknownError):
        sealed.counted(KEY)


def test_a_sealed_round_has_the_counted_set_that_sealing_gave(sides):
    spool, sealed = sides
    filled(spool)
    counted = spool.rounds.seal(KEY)
    assert sealed.counted(KEY) == counted
    for upload in UPLOADS:
        with sealed.read(KEY, upload.ticket.task) as stored:
            assert bytes(stored.payload.read(0, stored.payload.size_bytes)) == upload.payload
            assert stored.record.ticket.task == upload.ticket.task


def test_an_update_that_is_not_there_is_damaged(sides):
    spool, sealed = sides
    filled(spool)
    with pytest.raises(ArtifactCorruptError), sealed.read(KEY, task_of("c-000000000009")):
        pass


def test_a_settled_round_is_unknown(sides):
    spool, sealed = sides
    filled(spool)
    spool.rounds.abort(KEY)
    spool.rounds.settle(KEY)
    for ask in (sealed.plan, sealed.counted):
        with pytest.raises(RoundUnknownError):
            ask(KEY)
