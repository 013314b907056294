"""What the spool on disk knows after a restart, and after a kill between two steps."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.aggregator.builders import (
    KEY,
    make_plan,
    make_record,
    make_upload,
    task_of,
    with_ticket,
)
from tests.support.aggregator.spools import disk_spool, fail

from pfi_aggregator.adapters.spool import commits
from pfi_aggregator.adapters.spool.layout import SpoolLayout
from pfi_aggregator.adapters.spool.record_file import append_record
from pfi_aggregator.domain.round_state import RoundState
from pfi_aggregator.domain.round_view import RoundOutcome
from pfi_aggregator.wire.updates import read_header
from pfi_common.errors import (
    StoreUnavailableError,
)

PLAN = make_plan()
UPLOADS = [make_upload(PLAN, f"c-{index:012}", seed=index) for index in range(3)]
OUTCOME = RoundOutcome("cd" * 32, 0.1 + 0.2)


def folder(root: Path) -> Path:
    return SpoolLayout(root).round(KEY)


def test_an_open_round_comes_back_with_its_updates(root, spool):
    told = [spool.commit(PLAN, upload) for upload in UPLOADS]
    again = disk_spool(root).rounds
    assert again.view(KEY).plan == PLAN
    assert list(again.committed(KEY, 0)) == told
    assert len(again.seal(KEY)) == 3


def test_the_layout_is_the_contract(root, spool):
    spool.commit(PLAN, UPLOADS[0])
    path = root / KEY.run / "1" / "1" / "global" / UPLOADS[0].ticket.task
    data = path.read_bytes()
    assert data.endswith(b"PFIUPD02")
    sealed_bytes = int.from_bytes(data[-16:-8], "little")
    assert len(data) == len(UPLOADS[0].payload) + sealed_bytes + 16


def test_a_sealed_round_comes_back_sealed(root, spool):
    spool.commit(PLAN, UPLOADS[0])
    counted = spool.rounds.seal(KEY)
    again = disk_spool(root)
    assert again.rounds.view(KEY).state is RoundState.SEALED
    assert again.rounds.seal(KEY) == counted


def test_a_finalized_round_comes_back_with_its_outcome(root, spool):
    spool.rounds.seal(KEY)
    spool.rounds.finalize(KEY, OUTCOME)
    view = disk_spool(root).rounds.view(KEY)
    assert (view.state, view.outcome, view.settled) == (RoundState.FINALIZED, OUTCOME, False)


def test_an_aborted_round_comes_back_aborted(root, spool):
    update = spool.commit(PLAN, UPLOADS[0])
    spool.rounds.seal(KEY)
    spool.rounds.abort(KEY)
    again = disk_spool(root).rounds
    assert again.view(KEY).state is RoundState.ABORTED
    assert again.update(KEY, update.counted.task) == update


def test_an_upload_is_resumed_after_a_restart(root, spool):
    spool.store(UPLOADS[0], UPLOADS[0].payload[:100])
    again = disk_spool(root).incoming
    task, digest = UPLOADS[0].ticket.task, UPLOADS[0].header.payload_sha256
    assert (again.stored_bytes(task, digest), again.count()) == (100, 1)


def test_a_kill_before_the_link_counts_nothing_and_keeps_the_payload(root, spool):
    upload = UPLOADS[0]
    spool.store(upload)
    path = SpoolLayout(root).partial(upload.ticket.task, upload.header.payload_sha256)
    append_record(path, make_record(PLAN, upload), spool.keys.find(KEY))
    again = disk_spool(root)
    assert again.rounds.committed(KEY, 0) == ()
    stored = again.incoming.stored_bytes(upload.ticket.task, upload.header.payload_sha256)
    assert stored == len(upload.payload)
    again.rounds.commit(make_record(PLAN, upload))
    assert len(again.rounds.seal(KEY)) == 1


def test_a_kill_after_the_link_counts_once_and_the_second_name_goes(root, spool):
    upload = UPLOADS[0]
    spool.commit(PLAN, upload)
    path = SpoolLayout(root).partial(upload.ticket.task, upload.header.payload_sha256)
    assert path.stat().st_nlink == 2  # who calls `commit` discards the upload, and did not
    again = disk_spool(root)
    assert (again.incoming.count(), path.exists()) == (0, False)
    committed = folder(root) / upload.ticket.task
    data = committed.read_bytes()
    assert again.incoming.stored_bytes(upload.ticket.task, upload.header.payload_sha256) == 0
    again.store(upload, upload.payload[:10])
    assert committed.read_bytes() == data
    assert len(again.rounds.seal(KEY)) == 1


def test_headers_without_payload_and_half_written_ones_are_dropped(root, spool):
    for name, data in (("no-payload", b""), ("half", b"\xff")):
        (root / "incoming" / f"{task_of(name)}.{'ab' * 32}.header").write_bytes(data)
    (root / "incoming" / f"{task_of('half')}.{'ab' * 32}").write_bytes(b"payload")
    again = disk_spool(root).incoming
    assert again.stored_bytes(task_of("half"), "ab" * 32) == 0
    assert again.sweep(lambda *_: True, lambda _: False) == 1
    assert list((root / "incoming").iterdir()) == []


def test_an_upload_that_is_worked_on_is_never_swept(root, spool):
    spool.store(UPLOADS[0], UPLOADS[0].payload[:10])
    task, digest = UPLOADS[0].ticket.task, UPLOADS[0].header.payload_sha256
    header = SpoolLayout.header(SpoolLayout(root).partial(task, digest))
    header.unlink()
    assert spool.incoming.sweep(lambda *_: True, lambda _: True) == 0
    assert spool.incoming.sweep(lambda *_: True, lambda _: False) == 1


def test_a_header_is_replaced_in_one_step(root, spool, monkeypatch):
    spool.store(UPLOADS[0], UPLOADS[0].payload[:10])
    task, digest = UPLOADS[0].ticket.task, UPLOADS[0].header.payload_sha256
    header = SpoolLayout.header(SpoolLayout(root).partial(task, digest))
    old = header.read_bytes()
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(StoreUnavailableError):
        spool.incoming.begin(task, replace(read_header(with_ticket(UPLOADS[0])), offset_bytes=10))
    monkeypatch.undo()
    assert header.read_bytes() == old
    disk_spool(root)
    assert not list(header.parent.glob("*.new"))


def test_an_update_that_the_seal_left_out_gets_no_receipt_after_a_restart(root, spool, monkeypatch):
    counted = spool.commit(PLAN, UPLOADS[0])
    spool.store(UPLOADS[1])
    monkeypatch.setattr(commits, "sync_folder", fail)
    with pytest.raises(StoreUnavailableError):
        spool.rounds.commit(make_record(PLAN, UPLOADS[1]))
    monkeypatch.undo()
    spool.rounds.seal(KEY)
    again = disk_spool(root).rounds
    assert again.committed(KEY, 0) == (counted,)
    assert again.update(KEY, UPLOADS[1].ticket.task) is None
    assert not (folder(root) / UPLOADS[1].ticket.task).exists()


def test_bytes_whose_header_is_gone_go_at_the_restart(root, spool):
    for upload in UPLOADS[:2]:
        spool.store(upload, upload.payload[:100])
    layout = SpoolLayout(root)
    lost, kept = (
        layout.partial(upload.ticket.task, upload.header.payload_sha256) for upload in UPLOADS[:2]
    )
    SpoolLayout.header(lost).unlink()
    assert disk_spool(root).incoming.count() == 1
    assert (lost.exists(), kept.exists()) == (False, True)
