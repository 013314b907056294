"""What the spool on disk keeps of settled and damaged rounds, whatever interrupts a deletion."""

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from tests.support.aggregator.builders import (
    KEY,
    make_plan,
    make_upload,
)
from tests.support.aggregator.spools import disk_spool, fail

from pfi_aggregator.adapters.durable import make_folders
from pfi_aggregator.adapters.spool import rounds, spool_round
from pfi_aggregator.adapters.spool.layout import SpoolLayout
from pfi_aggregator.adapters.spool.spool_round import SpoolRound
from pfi_aggregator.domain.round_state import RoundState
from pfi_aggregator.domain.round_view import RoundOutcome
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


def folder(root: Path) -> Path:
    return SpoolLayout(root).round(KEY)


def settle(spool) -> None:
    spool.rounds.seal(KEY)
    spool.rounds.finalize(KEY, OUTCOME)
    spool.rounds.settle(KEY)


def test_a_settled_round_leaves_a_few_bytes(root, spool):
    spool.commit(PLAN, UPLOADS[0])
    settle(spool)
    spool.incoming.sweep(lambda *_: False, lambda _: False)
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


def test_a_deletion_that_left_only_a_payload_is_finished(root, spool):
    spool.commit(PLAN, UPLOADS[0])
    settle(spool)
    left = folder(root) / UPLOADS[0].ticket.task
    left.parent.mkdir(parents=True)
    left.write_bytes(UPLOADS[0].payload)
    disk_spool(root)
    assert not (root / KEY.run).exists()


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
        SpoolRound.create(root, folder(root), PLAN, spool.keys.find(KEY))


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
