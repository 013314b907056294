"""What the spool on disk knows after a restart, and after a kill between two steps."""

import errno
import threading
from concurrent.futures import ThreadPoolExecutor
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
from tests.support.aggregator.spools import disk_spool

from pfi_aggregator.adapters.durable import make_folders
from pfi_aggregator.adapters.spool import commits, rounds, spool_round
from pfi_aggregator.adapters.spool.layout import SpoolLayout
from pfi_aggregator.adapters.spool.record_file import append_record
from pfi_aggregator.adapters.spool.spool_round import SpoolRound
from pfi_aggregator.domain.round_state import RoundState
from pfi_aggregator.domain.round_view import RoundOutcome
from pfi_aggregator.wire.updates import read_header
from pfi_common.errors import (
    ArtifactCorruptError,
    AttemptVoidedError,
    RoundStateInvalidError,
    RoundUnknownError,
    StoreUnavailableError,
)

PLAN = make_plan()
UPLOADS = [make_upload(PLAN, f"c-{index:012}", seed=index) for index in range(3)]
OUTCOME = RoundOutcome("cd" * 32, 0.1 + 0.2)


@pytest.fixture
def root(tmp_path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def spool(root):
    made = disk_spool(root)
    made.rounds.open(PLAN)
    return made


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
    assert data.startswith(UPLOADS[0].payload)
    assert data.endswith(b"PFIUPD01")
    record_bytes = int.from_bytes(data[-16:-8], "little")
    assert len(data) == len(UPLOADS[0].payload) + record_bytes + 16


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


def settle(spool) -> None:
    spool.rounds.seal(KEY)
    spool.rounds.finalize(KEY, OUTCOME)
    spool.rounds.settle(KEY)


def test_a_settled_round_leaves_a_few_bytes(root, spool):
    spool.commit(PLAN, UPLOADS[0])
    settle(spool)
    spool.incoming.sweep(lambda _: False, lambda _: False)
    left = [path for path in root.rglob("*") if path.is_file() and path.name != ".lock"]
    assert [path.relative_to(root).as_posix() for path in left] == [f"settled/{KEY.run}/1.1.global"]
    assert left[0].stat().st_size < 300
    assert not folder(root).exists()
    again = disk_spool(root).rounds
    assert again.view(KEY).outcome == OUTCOME
    again.settle(KEY)
    again.open(PLAN)
    with pytest.raises(RoundStateInvalidError):
        again.open(make_plan(minimum_updates=2))


def test_an_interrupted_deletion_is_finished(root, spool):
    spool.commit(PLAN, UPLOADS[0])
    spool.rounds.seal(KEY)
    spool.rounds.finalize(KEY, OUTCOME)
    kept = {path.name: path.read_bytes() for path in folder(root).iterdir()}
    spool.rounds.settle(KEY)
    folder(root).mkdir(parents=True)
    for name, data in kept.items():
        (folder(root) / name).write_bytes(data)
    again = disk_spool(root).rounds
    assert again.view(KEY).settled
    assert not folder(root).exists()


def test_settled_updates_can_be_retained(root):
    spool = disk_spool(root, retain_settled=True)
    spool.rounds.open(PLAN)
    spool.commit(PLAN, UPLOADS[0])
    settle(spool)
    assert (folder(root) / UPLOADS[0].ticket.task).exists()
    assert disk_spool(root, retain_settled=True).rounds.view(KEY).settled
    assert disk_spool(root).rounds.view(KEY).settled
    assert not folder(root).exists()


def test_other_rounds_stay_when_one_is_settled(root, spool):
    other = make_plan(KEY.__class__(KEY.run, 1, 2, "global"))
    spool.rounds.open(other)
    settle(spool)
    assert disk_spool(root).rounds.view(other.key).state is RoundState.OPEN


def test_an_upload_is_resumed_after_a_restart(root, spool):
    spool.store(UPLOADS[0], UPLOADS[0].payload[:100])
    again = disk_spool(root).incoming
    task, digest = UPLOADS[0].ticket.task, UPLOADS[0].header.payload_sha256
    assert (again.stored_bytes(task, digest), again.count()) == (100, 1)


def test_a_kill_before_the_link_counts_nothing_and_keeps_the_payload(root, spool):
    upload = UPLOADS[0]
    spool.store(upload)
    path = SpoolLayout(root).partial(upload.ticket.task, upload.header.payload_sha256)
    append_record(path, make_record(PLAN, upload))
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
    assert again.sweep(lambda _: True, lambda _: False) == 1
    assert list((root / "incoming").iterdir()) == []


def test_an_upload_that_is_worked_on_is_never_swept(root, spool):
    spool.store(UPLOADS[0], UPLOADS[0].payload[:10])
    task, digest = UPLOADS[0].ticket.task, UPLOADS[0].header.payload_sha256
    header = SpoolLayout.header(SpoolLayout(root).partial(task, digest))
    header.unlink()
    assert spool.incoming.sweep(lambda _: True, lambda _: True) == 0
    assert spool.incoming.sweep(lambda _: True, lambda _: False) == 1


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


def test_a_deletion_that_left_only_a_payload_is_finished(root, spool):
    spool.commit(PLAN, UPLOADS[0])
    settle(spool)
    left = folder(root) / UPLOADS[0].ticket.task
    left.parent.mkdir(parents=True)
    left.write_bytes(UPLOADS[0].payload)
    disk_spool(root)
    assert not (root / KEY.run).exists()


def fail(*_: object) -> None:
    raise OSError(errno.EIO, "Input/output error")


@pytest.mark.parametrize("again", ["settle", "restart"])
def test_a_deletion_that_failed_is_finished(root, spool, monkeypatch, again):
    spool.commit(PLAN, UPLOADS[0])
    monkeypatch.setattr(rounds.shutil, "rmtree", fail)
    with pytest.raises(StoreUnavailableError, match="Input/output"):
        settle(spool)
    monkeypatch.undo()
    assert not folder(root).exists()
    assert [path.name for path in (root / ".trash").rglob(UPLOADS[0].ticket.task)]
    if again == "settle":
        spool.rounds.settle(KEY)
    else:
        disk_spool(root)
    assert not list((root).rglob(UPLOADS[0].ticket.task))


def test_a_settle_between_making_and_filling_a_folder_waits(root, spool, monkeypatch):
    other = make_plan(KEY.__class__(KEY.run, 1, 2, "global"))
    making, made = threading.Event(), threading.Event()

    def make_slowly(*folders: Path) -> None:
        if folders[1] == SpoolLayout(root).round(other.key):
            folders[1].parent.mkdir()
            making.set()
            assert not made.wait(0.2)
        make_folders(*folders)

    monkeypatch.setattr(spool_round, "make_folders", make_slowly)
    spool.rounds.abort(KEY)
    with ThreadPoolExecutor(2) as pool:
        opening = pool.submit(spool.rounds.open, other)
        assert making.wait(10)
        pool.submit(lambda: (spool.rounds.settle(KEY), made.set())).result(10)
        opening.result(10)
    assert disk_spool(root).rounds.view(other.key).state is RoundState.OPEN


@pytest.mark.parametrize("file", [".plan", ".sealed"])
def test_a_damaged_round_can_only_be_aborted_and_is_deleted_then(root, spool, file):
    spool.commit(PLAN, UPLOADS[0])
    spool.rounds.seal(KEY)
    (folder(root) / file).write_bytes(b"\xff" * 40)
    again = disk_spool(root).rounds
    commands = (again.view, again.seal, again.settle, lambda _: again.open(PLAN))
    for command in commands:
        with pytest.raises(ArtifactCorruptError):
            command(KEY)
    again.abort(KEY)
    assert again.view(KEY).state is RoundState.ABORTED
    again.settle(KEY)
    assert not (root / KEY.run).exists()
    assert disk_spool(root).rounds.view(KEY).state is RoundState.ABORTED


def test_a_damaged_round_that_had_ended_is_let_go(root, spool):
    spool.commit(PLAN, UPLOADS[0])
    spool.rounds.seal(KEY)
    spool.rounds.finalize(KEY, OUTCOME)
    (folder(root) / ".plan").write_bytes(b"\xff")
    disk_spool(root).rounds.settle(KEY)
    assert not (root / KEY.run).exists()


def test_a_sealed_folder_is_never_opened_anew(root, spool):
    spool.rounds.seal(KEY)
    with pytest.raises(ArtifactCorruptError):
        SpoolRound.create(root, folder(root), PLAN)


def test_an_opening_that_was_interrupted_can_be_repeated(root, spool):
    (folder(root) / ".plan").rename(folder(root) / ".plan.new")
    again = disk_spool(root).rounds
    with pytest.raises(RoundUnknownError):
        again.view(KEY)
    again.open(PLAN)
    assert again.view(KEY).state is RoundState.OPEN


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"state": "?", "outcome": null}'])
def test_a_damaged_tombstone_voids_its_attempt_alone(root, spool, text):
    spool.rounds.open(make_plan(KEY.__class__(KEY.run, 1, 2, "global")))
    settle(spool)
    SpoolLayout(root).tombstone(KEY).write_bytes(text)
    again = disk_spool(root).rounds
    assert again.view(KEY).state is RoundState.ABORTED
    with pytest.raises(AttemptVoidedError):
        again.open(PLAN)
    assert again.open_count() == 1
