"""How many bytes a spool takes, and what is counted."""

import errno
import os
from dataclasses import replace

import pytest
from tests.support.aggregator.builders import KEY, make_plan, make_record, make_upload, with_ticket
from tests.support.aggregator.spools import disk_spool, fail

from pfi_aggregator.adapters.spool import incoming, partial_file
from pfi_aggregator.adapters.spool.budget import SpoolBudget
from pfi_aggregator.wire.updates import read_header
from pfi_common.errors import DiskFullError, SpoolFullError, StoreUnavailableError

PLAN = make_plan()
UPLOADS = [make_upload(PLAN, f"c-{index:012}", seed=index) for index in range(3)]
SIZE = len(UPLOADS[0].payload)


def header(upload, offset: int = 0):
    return replace(read_header(with_ticket(upload)), offset_bytes=offset)


@pytest.fixture
def narrow(root):
    """A spool that takes two updates."""
    made = disk_spool(root, limit_bytes=2 * SIZE + 10)
    made.rounds.open(PLAN)
    return made


def begin(spool, upload, offset: int = 0):
    return spool.incoming.begin(upload.ticket.task, header(upload, offset))


def test_running_uploads_count_whole_and_committed_ones_go_on_counting(narrow):
    first, second = begin(narrow, UPLOADS[0]), begin(narrow, UPLOADS[1])
    with pytest.raises(SpoolFullError) as caught:
        begin(narrow, UPLOADS[2])
    assert caught.value.retryable
    assert 7 < caught.value.retry_after_seconds < 23
    first.append(UPLOADS[0].payload)
    first.close()
    narrow.rounds.commit(make_record(PLAN, UPLOADS[0]))
    first.discard()
    with pytest.raises(SpoolFullError):
        begin(narrow, UPLOADS[2])
    second.discard()
    begin(narrow, UPLOADS[2]).close()


def test_an_interrupted_upload_counts_what_it_has_and_can_go_on(narrow):
    for upload in UPLOADS:
        partial = begin(narrow, upload)
        partial.append(upload.payload[:100])
        partial.close()
    resumed = [begin(narrow, upload, 100) for upload in UPLOADS[:1]]
    with pytest.raises(SpoolFullError):
        begin(narrow, UPLOADS[1], 100)
    assert narrow.incoming.stored_bytes(UPLOADS[1].ticket.task, header(UPLOADS[1]).payload_sha256)
    resumed[0].discard()
    begin(narrow, UPLOADS[1], 100).close()


def test_a_settled_round_makes_room(narrow):
    for upload in UPLOADS[:2]:
        narrow.commit(PLAN, upload)
        narrow.incoming.sweep(lambda *_: False, lambda _: False)
    with pytest.raises(SpoolFullError):
        begin(narrow, UPLOADS[2])
    narrow.rounds.abort(KEY)
    narrow.rounds.settle(KEY)
    other = make_plan(replace(KEY, attempt=2))
    narrow.rounds.open(other)
    narrow.commit(other, make_upload(other))


def test_a_restart_counts_the_same(root, narrow):
    narrow.commit(PLAN, UPLOADS[0])
    narrow.incoming.sweep(lambda *_: False, lambda _: False)
    narrow.store(UPLOADS[1], UPLOADS[1].payload[: SIZE // 2])
    again = disk_spool(root, limit_bytes=2 * SIZE + 10)
    with pytest.raises(SpoolFullError):
        begin(again, UPLOADS[2])
    begin(again, UPLOADS[1], SIZE // 2).close()


def test_a_beginning_that_failed_counts_nothing(narrow, monkeypatch):
    monkeypatch.setattr(incoming, "write_upload_header", full)
    for _ in range(5):
        with pytest.raises(DiskFullError):
            begin(narrow, UPLOADS[0])
    monkeypatch.undo()
    for partial in (begin(narrow, UPLOADS[0]), begin(narrow, UPLOADS[1])):
        partial.close()


def test_running_uploads_share_the_room_of_the_device(spool, monkeypatch):
    usage = type("Usage", (), {"free": (16 << 20) + 2 * SIZE - 1})
    monkeypatch.setattr(incoming.shutil, "disk_usage", lambda _: usage)
    first = begin(spool, UPLOADS[0])
    with pytest.raises(DiskFullError):
        begin(spool, UPLOADS[1])
    first.append(UPLOADS[0].payload[:1])
    begin(spool, UPLOADS[1]).close()
    first.close()


def test_a_write_that_fails_half_way_keeps_what_was_written(spool, monkeypatch):
    upload, real = UPLOADS[0], os.pwrite
    answers = iter([50, 7])

    def write(descriptor: int, data: memoryview, position: int) -> int:
        length = next(answers, None)
        if length is None:
            full()
        return real(descriptor, data[:length], position)

    partial = begin(spool, upload)
    monkeypatch.setattr(partial_file.os, "pwrite", write)
    with pytest.raises(DiskFullError):
        partial.append(upload.payload)
    monkeypatch.undo()
    assert partial.stored_bytes == 57
    partial.close()
    resumed = begin(spool, upload, 57)
    assert b"".join(map(bytes, resumed.pieces())) == upload.payload[:57]
    resumed.append(upload.payload[57:])
    resumed.close()
    spool.rounds.commit(make_record(PLAN, upload))
    with spool.rounds.read(KEY, upload.ticket.task) as stored:
        assert stored.payload.read(0, SIZE) == upload.payload


def test_without_a_limit_a_part_of_the_device_stays_free():
    free = [1000]
    budget = SpoolBudget(None, lambda: 500, lambda: free[0])
    assert budget.limit_bytes == 1350
    budget.reserve("a", 850)
    assert (budget.used_bytes, budget.limit_bytes) == (1350, 2115)
    budget.keep("a", 0)
    free[0] = 0
    with pytest.raises(SpoolFullError):
        budget.reserve("a", 1)
    free[0] = 1000
    budget.reserve("a", 1)


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_an_upload_that_begins_anew_and_cannot_does_not_count_what_is_gone(narrow, monkeypatch):
    partial = begin(narrow, UPLOADS[0])
    partial.append(UPLOADS[0].payload)
    partial.close()
    monkeypatch.setattr(incoming, "write_upload_header", fail)
    with pytest.raises(StoreUnavailableError):
        begin(narrow, UPLOADS[0])
    monkeypatch.undo()
    for running in [begin(narrow, upload) for upload in UPLOADS[1:]]:
        running.close()


def test_an_upload_that_cannot_go_on_counts_what_is_left(narrow, monkeypatch):
    for upload in UPLOADS[:2]:
        partial = begin(narrow, upload)
        partial.append(upload.payload)
        partial.close()
    monkeypatch.setattr(incoming, "write_upload_header", fail)
    with pytest.raises(StoreUnavailableError):
        begin(narrow, UPLOADS[0], 50)
    monkeypatch.undo()
    with pytest.raises(SpoolFullError):
        begin(narrow, UPLOADS[2])
