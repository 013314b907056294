"""What a spool says without its keys, and what becomes of rounds whose key is gone."""

import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.aggregator.builders import (
    KEY,
    make_plan,
    make_record,
    make_upload,
    with_ticket,
)
from tests.support.aggregator.spools import disk_spool, fail, round_keys

from pfi_aggregator.adapters.spool import spool_round
from pfi_aggregator.adapters.spool.layout import SpoolLayout
from pfi_aggregator.adapters.spool.reader import SpoolReader
from pfi_aggregator.adapters.spool.record_file import open_committed, read_committed
from pfi_aggregator.adapters.spool.round_secret import RoundSecret
from pfi_aggregator.adapters.spool.rounds import SpoolRounds
from pfi_aggregator.adapters.spool.wrapping_key import make_wrapping_key, read_wrapping_key
from pfi_aggregator.domain.round_state import RoundState
from pfi_aggregator.domain.round_view import RoundOutcome
from pfi_aggregator.failpoints import Failpoints
from pfi_aggregator.wire.updates import read_header
from pfi_common.errors import (
    ArtifactCorruptError,
    RoundUnknownError,
    SettingsInvalidError,
    SpoolKeyInvalidError,
    StoreUnavailableError,
)

PLAN = make_plan()
UPLOAD = make_upload(PLAN)
TASK = UPLOAD.ticket.task
SECRET = RoundSecret(bytes(32))
DATA = bytes(range(256)) * 8
LIMIT_SECONDS = 60


def committed_file(root: Path) -> Path:
    return SpoolLayout(root).round(KEY) / TASK


def recovered(root: Path, wrapping_key: bytes) -> SpoolRounds:
    rounds = SpoolRounds(SpoolLayout(root), round_keys(root, wrapping_key), Failpoints())
    rounds.recover()
    return rounds


@settings(deadline=None)
@given(st.integers(0, len(DATA)), st.integers(0, len(DATA)), st.integers(0, len(DATA)))
def test_any_range_decrypts_in_place(first, middle, last):
    first, middle, last = sorted((first, middle, last))
    whole = bytearray(DATA)
    SECRET.payload_cipher(TASK, "ab").apply(0, DATA, memoryview(whole))
    cipher = SECRET.payload_cipher(TASK, "ab")
    for start, stop in ((middle, last), (first, middle), (middle, last)):
        part = memoryview(bytearray(whole[start:stop]))
        cipher.apply(start, part, part)
        assert part == DATA[start:stop]


def test_no_two_files_share_a_key_stream():
    other = RoundSecret(bytes([1]) * 32)
    streams = set()
    for secret, task, digest in (
        (SECRET, "a", "ab"),
        (SECRET, "a", "cd"),
        (SECRET, "b", "ab"),
        (other, "a", "ab"),
    ):
        stream = bytearray(64)
        secret.payload_cipher(task, digest).apply(0, bytes(64), memoryview(stream))
        streams.update(bytes(stream[at : at + 16]) for at in range(0, 64, 16))
    assert len(streams) == 16


def test_what_is_sealed_opens_under_its_label_alone_and_never_looks_the_same():
    sealed = SECRET.seal("record", b"text")
    assert sealed != SECRET.seal("record", b"text")
    assert SECRET.open("record", sealed) == b"text"
    for label, damaged in (("header", sealed), ("record", sealed[:-1]), ("record", b"")):
        assert SECRET.open(label, damaged) is None


def test_neither_payload_nor_record_can_be_read_in_the_spool(root, spool):
    metric = UPLOAD.header.metrics[0].SerializeToString()
    payload = [UPLOAD.payload[at : at + 12] for at in range(0, len(UPLOAD.payload) - 12, 4)]
    spool.commit(PLAN, UPLOAD)
    files = [path for path in root.rglob("*") if path.is_file()]
    names = {path.name.partition(".")[0] for path in files}
    assert {TASK.partition(".")[0], ""} <= names
    for data in (path.read_bytes() for path in files):
        assert not any(part in data for part in (metric, *payload))


def test_what_a_settled_round_leaves_cannot_be_read(root, spool):
    spool.commit(PLAN, UPLOAD)
    left = shutil.copytree(committed_file(root).parent, root.parent / "left")
    keys = [path for path in (root.parent / "spool-keys").rglob("*") if path.is_file()]
    assert len(keys) == 1
    spool.rounds.seal(KEY)
    spool.rounds.finalize(KEY, RoundOutcome("cd" * 32, 0.25))
    spool.rounds.settle(KEY)
    assert not any((root.parent / "spool-keys").rglob("*"))
    with pytest.raises(SpoolKeyInvalidError):
        spool.keys.find(KEY)
    spool.keys.create(KEY)  # another key is no help
    with pytest.raises(ArtifactCorruptError):
        read_committed(left / TASK, spool.keys.find(KEY))


def test_a_retained_round_keeps_its_key(root):
    spool = disk_spool(root, retain_settled=True)
    spool.rounds.open(PLAN)
    spool.commit(PLAN, UPLOAD)
    spool.rounds.abort(KEY)
    spool.rounds.settle(KEY)
    with open_committed(committed_file(root), round_keys(root).find(KEY)) as stored:
        assert stored.payload.read(0, 50) == UPLOAD.payload[:50]
    disk_spool(root)
    with pytest.raises(SpoolKeyInvalidError):
        round_keys(root).find(KEY)


@pytest.mark.parametrize("loss", ["wrapping key", "missing", "damaged"])
def test_a_round_without_its_key_can_only_be_aborted(root, spool, loss):
    spool.commit(PLAN, UPLOAD)
    wrapping_key = bytes(32) if loss == "wrapping key" else bytes(range(32))
    key = root.parent / "spool-keys" / KEY.run / "1.1.global"
    if loss == "missing":
        key.unlink()
    elif loss == "damaged":
        key.write_bytes(b"short")
    again = recovered(root, wrapping_key)
    for command in (again.view, again.seal, again.settle, lambda _: again.open(PLAN)):
        with pytest.raises(SpoolKeyInvalidError) as caught:
            command(KEY)
        assert (caught.value.details["run"], caught.value.retryable) == (KEY.run, False)
    again.abort(KEY)
    again.settle(KEY)
    assert again.view(KEY).state is RoundState.ABORTED
    again.open(make_plan(replace(KEY, attempt=2)))
    assert not committed_file(root).exists()


def test_an_update_of_a_version_without_encryption_is_refused(root, spool):
    spool.commit(PLAN, UPLOAD)
    path = committed_file(root)
    body = make_record(PLAN, UPLOAD)
    path.write_bytes(UPLOAD.payload + b"x" * 40 + (40).to_bytes(8, "little") + b"PFIUPD01")
    with pytest.raises(ArtifactCorruptError):
        disk_spool(root).rounds.update(KEY, body.ticket.task)


def test_a_round_has_its_key_before_its_folder(root, spool, monkeypatch):
    other = make_plan(replace(KEY, attempt=2))
    monkeypatch.setattr(spool_round, "make_folders", fail)
    with pytest.raises(OSError, match="Input/output"):
        spool.rounds.open(other)
    monkeypatch.undo()
    kept = (root.parent / "spool-keys" / KEY.run / "1.2.global").read_bytes()
    again = disk_spool(root)
    again.rounds.open(other)
    assert (root.parent / "spool-keys" / KEY.run / "1.2.global").read_bytes() == kept


def test_a_flipped_bit_of_a_record_is_found(root, spool):
    spool.commit(PLAN, UPLOAD)
    path = committed_file(root)
    data = bytearray(path.read_bytes())
    for position in range(len(UPLOAD.payload), len(data), 5):
        damaged = bytearray(data)
        damaged[position] ^= 1
        path.write_bytes(damaged)
        with pytest.raises(ArtifactCorruptError):
            read_committed(path, spool.keys.find(KEY))


def test_a_file_that_is_cut_while_it_is_read_is_damaged(root, spool):
    spool.commit(PLAN, UPLOAD)
    with open_committed(committed_file(root), spool.keys.find(KEY)) as stored:
        committed_file(root).write_bytes(b"")
        with pytest.raises(ArtifactCorruptError):
            stored.payload.read(0, 4)


def test_an_upload_whose_round_has_no_key_is_swept(root, spool):
    spool.store(UPLOAD, UPLOAD.payload[:100])
    spool.keys.destroy(KEY)
    assert spool.incoming.stored_bytes(TASK, UPLOAD.header.payload_sha256) == 0
    assert spool.incoming.sweep(lambda *_: True, lambda _: False) == 1
    with pytest.raises(SpoolKeyInvalidError):
        spool.incoming.begin(TASK, read_header(with_ticket(UPLOAD)))


def test_a_reader_needs_no_lock_and_reads_sealed_rounds(root, spool):
    reader = SpoolReader(SpoolLayout(root), round_keys(root))
    with pytest.raises(RoundUnknownError):
        reader.counted(KEY)
    spool.commit(PLAN, UPLOAD)
    counted = spool.rounds.seal(KEY)
    assert (reader.plan(KEY), reader.counted(KEY)) == (PLAN, counted)
    with reader.read(KEY, TASK) as stored:
        assert stored.payload.read(16, 40) == UPLOAD.payload[16:40]
    with pytest.raises(ArtifactCorruptError), reader.read(KEY, "r-0000000001.1.1.c-nobody"):
        pass


def test_a_reader_keeps_no_key_of_a_settled_round(root, spool):
    spool.commit(PLAN, UPLOAD)
    reader = SpoolReader(SpoolLayout(root), round_keys(root))
    with reader.read(KEY, TASK):
        pass
    spool.rounds.seal(KEY)
    spool.keys.destroy(KEY)
    with pytest.raises(SpoolKeyInvalidError), reader.read(KEY, TASK):
        pass


def test_a_key_that_is_destroyed_while_it_is_read_is_not_kept(root, spool, monkeypatch):
    keys, read = round_keys(root), Path.read_bytes
    reading, go_on = threading.Event(), threading.Event()

    def slow(path: Path) -> bytes:
        data = read(path)
        reading.set()
        assert go_on.wait(LIMIT_SECONDS)
        return data

    monkeypatch.setattr(Path, "read_bytes", slow)
    finding = threading.Thread(target=keys.find, args=(KEY,))
    destroying = threading.Thread(target=keys.destroy, args=(KEY,))
    finding.start()
    assert reading.wait(LIMIT_SECONDS)
    destroying.start()
    destroying.join(0.2)
    go_on.set()
    for thread in (finding, destroying):
        thread.join(LIMIT_SECONDS)
    with pytest.raises(SpoolKeyInvalidError):
        keys.find(KEY)


def test_the_wrapping_key_is_made_once_for_its_owner_alone(tmp_path):
    path, keys = tmp_path / "key", tmp_path / "keys"
    make_wrapping_key(path, keys)
    made = read_wrapping_key(path)
    make_wrapping_key(path, keys)
    assert (read_wrapping_key(path), len(made)) == (made, 32)
    assert path.stat().st_mode & 0o077 == 0


def test_a_wrapping_key_that_is_gone_is_not_replaced_while_it_is_needed(tmp_path):
    path, keys = tmp_path / "key", tmp_path / "keys"
    (keys / "r-0000000001").mkdir(parents=True)
    with pytest.raises(SettingsInvalidError, match="Put it back"):
        make_wrapping_key(path, keys)
    with pytest.raises(SettingsInvalidError, match="no wrapping key"):
        read_wrapping_key(path)
    path.write_bytes(b"short")
    with pytest.raises(SettingsInvalidError, match="32 bytes"):
        read_wrapping_key(path)


def test_a_device_that_fails_says_nothing_of_a_key(root, spool, monkeypatch):
    monkeypatch.setattr(Path, "read_bytes", fail)
    with pytest.raises(StoreUnavailableError):
        round_keys(root).find(KEY)
