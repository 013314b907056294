"""Damaged files, full disks and foreign owners."""

import errno
import os
import resource
from pathlib import Path

import pytest
from tests.support.aggregator.builders import KEY, make_plan, make_record, make_upload
from tests.support.aggregator.spools import disk_spool, fail

from pfi_aggregator.adapters.durable import make_folders, storage_failures, write_durably
from pfi_aggregator.adapters.leader_tokens import FileLeaderTokens
from pfi_aggregator.adapters.spool import commits, incoming, record_file
from pfi_aggregator.adapters.spool.layout import SpoolLayout
from pfi_aggregator.adapters.spool.record_file import read_committed
from pfi_aggregator.adapters.spool.root_lock import RootLock
from pfi_aggregator.domain.round_key import RoundKey
from pfi_common.errors import (
    ArtifactCorruptError,
    DiskFullError,
    InvalidRequestError,
    SettingsInvalidError,
    SpoolLockedError,
    StoreUnavailableError,
)
from pfi_common.open_files import raise_open_files

PLAN = make_plan()
UPLOAD = make_upload(PLAN)
TASK = UPLOAD.ticket.task


@pytest.fixture
def root(tmp_path) -> Path:
    return tmp_path / "spool"


@pytest.fixture
def spool(root):
    made = disk_spool(root)
    made.rounds.open(PLAN)
    return made


@pytest.fixture
def committed(root, spool) -> Path:
    spool.commit(PLAN, UPLOAD)
    return SpoolLayout(root).round(KEY) / TASK


def full(*_: object) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_one_process_owns_a_spool(root):
    lock = RootLock(SpoolLayout(root))
    with pytest.raises(SpoolLockedError):
        RootLock(SpoolLayout(root))
    lock.close()
    RootLock(SpoolLayout(root)).close()


@pytest.mark.parametrize("run", ["incoming", "settled"])
def test_a_run_cannot_take_the_spools_own_names(spool, run):
    with pytest.raises(InvalidRequestError):
        spool.rounds.open(make_plan(RoundKey(run, 1, 1, "global")))


@pytest.mark.parametrize("cut", [1, 8, 16, 40, 380])
def test_a_cut_file_is_damaged(spool, committed, cut):
    os.truncate(committed, committed.stat().st_size - cut)
    with pytest.raises(ArtifactCorruptError):
        read_committed(committed, spool.keys.find(KEY))


@pytest.mark.parametrize("size", [0, 15, 16])
def test_a_file_without_a_record_is_damaged(spool, committed, size):
    os.truncate(committed, size)
    with pytest.raises(ArtifactCorruptError):
        read_committed(committed, spool.keys.find(KEY))


def test_a_renamed_file_is_damaged(spool, committed):
    other = committed.rename(committed.with_name("another-task"))
    with pytest.raises(ArtifactCorruptError):
        read_committed(other, spool.keys.find(KEY))


def test_a_damaged_update_blocks_the_seal_and_is_never_left_out(root, spool, committed):
    spool.commit(PLAN, make_upload(PLAN, "c-000000000002"))
    os.truncate(committed, 20)
    again = disk_spool(root).rounds
    for look in (lambda: again.update(KEY, TASK), lambda: again.seal(KEY)):
        with pytest.raises(ArtifactCorruptError) as caught:
            look()
        assert caught.value.details == {"task": TASK}
    again.abort(KEY)
    again.settle(KEY)


def test_a_full_disk_at_the_link_counts_nothing(spool, monkeypatch):
    spool.store(UPLOAD)
    monkeypatch.setattr(commits.os, "link", full)
    with pytest.raises(DiskFullError) as caught:
        spool.rounds.commit(make_record(PLAN, UPLOAD))
    assert caught.value.retryable
    assert spool.rounds.committed(KEY, 0) == ()
    monkeypatch.undo()
    spool.rounds.commit(make_record(PLAN, UPLOAD))
    assert len(spool.rounds.seal(KEY)) == 1


def test_a_link_that_was_not_made_durable_is_finished_by_the_next_call(spool, monkeypatch):
    spool.store(UPLOAD)
    monkeypatch.setattr(commits, "sync_folder", full)
    with pytest.raises(DiskFullError):
        spool.rounds.commit(make_record(PLAN, UPLOAD))
    monkeypatch.undo()
    assert spool.rounds.committed(KEY, 0) == ()
    spool.rounds.commit(make_record(PLAN, UPLOAD))
    assert len(spool.rounds.seal(KEY)) == 1


def test_an_upload_that_does_not_fit_is_refused_before_it_starts(spool, monkeypatch):
    usage = type("Usage", (), {"free": 1000})
    monkeypatch.setattr(incoming.shutil, "disk_usage", lambda _: usage)
    with pytest.raises(DiskFullError):
        spool.store(UPLOAD)


def test_a_full_disk_in_the_middle_keeps_what_was_stored():
    with pytest.raises(DiskFullError), storage_failures():
        full()


def too_many_files(*_: object, **__: object) -> None:
    raise OSError(errno.EMFILE, "Too many open files")


def test_another_failure_of_the_device_may_be_retried():
    with pytest.raises(StoreUnavailableError, match="Too many open") as caught, storage_failures():
        too_many_files()
    assert caught.value.retryable


def test_a_process_without_files_left_keeps_the_upload(root, spool, monkeypatch):
    spool.store(UPLOAD)
    monkeypatch.setattr(Path, "open", too_many_files)
    with pytest.raises(StoreUnavailableError):
        spool.rounds.commit(make_record(PLAN, UPLOAD))
    with pytest.raises(StoreUnavailableError):
        spool.incoming.begin(TASK, UPLOAD.header)
    monkeypatch.undo()
    assert spool.commit(PLAN, UPLOAD)


def test_a_file_that_cannot_be_opened_now_is_not_called_damaged(committed, root, monkeypatch):
    monkeypatch.setattr(record_file, "_open", too_many_files_of_storage)
    with pytest.raises(StoreUnavailableError):
        disk_spool(root)


def too_many_files_of_storage(*_: object) -> None:
    with storage_failures():
        too_many_files()


def test_the_limit_of_open_files_is_raised():
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limits[0] - 1, limits[1]))
    try:
        raise_open_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (limits[1], limits[1])
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_a_real_full_device_is_a_typed_error(tmp_path):
    # /dev/full is a device on which every write fails with ENOSPC
    with pytest.raises(DiskFullError), storage_failures(), Path("/dev/full").open("wb", 0) as file:
        file.write(b"x")


def test_durable_files_are_replaced_whole(tmp_path):
    folder = tmp_path / "a" / "b"
    make_folders(tmp_path, folder)
    make_folders(tmp_path, folder)
    for data in (b"old", b"new"):
        write_durably(folder / ".state", data)
    assert [path.name for path in folder.iterdir()] == [".state"]
    assert (folder / ".state").read_bytes() == b"new"


def test_leader_tokens_survive_and_damage_is_refused(tmp_path):
    path = tmp_path / "leader_token"
    FileLeaderTokens(path).raise_to(7)
    assert FileLeaderTokens(path).highest() == 7
    path.write_bytes(b"seven")
    with pytest.raises(SettingsInvalidError):
        FileLeaderTokens(path)


def test_an_upload_that_cannot_be_deleted_now_is_deleted_later(root, spool, monkeypatch):
    spool.store(UPLOAD, UPLOAD.payload[:100])
    monkeypatch.setattr(Path, "unlink", fail)
    with pytest.raises(StoreUnavailableError):
        spool.store(UPLOAD)
    with pytest.raises(StoreUnavailableError):
        spool.incoming.sweep(lambda *_: False, lambda _: False)
    monkeypatch.undo()
    assert spool.incoming.count() == 1
    assert spool.incoming.sweep(lambda *_: False, lambda _: False) == 1
    assert not list((root / "incoming").iterdir())


def test_a_device_that_does_not_say_what_is_free_is_told_as_such(spool, monkeypatch):
    monkeypatch.setattr(incoming.shutil, "disk_usage", fail)
    with pytest.raises(StoreUnavailableError):
        spool.store(UPLOAD)
