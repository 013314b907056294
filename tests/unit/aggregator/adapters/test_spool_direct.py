"""Payloads of many blocks, in pieces of any size, with and without direct access."""

import errno
import fcntl
import os
import random
from dataclasses import replace
from pathlib import Path

import pytest
from tests.support.aggregator.builders import (
    KEY,
    make_plan,
    make_record,
    make_schema,
    make_upload,
    with_ticket,
)
from tests.support.aggregator.spools import disk_spool

from pfi_aggregator.adapters.spool import direct, encrypted_payload, partial_file
from pfi_aggregator.wire.updates import read_header
from pfi_common.errors import StoreUnavailableError

PLAN = make_plan(schema=make_schema(inputs=300_000, outputs=50_001, rank=1))
UPLOAD = make_upload(PLAN)
SIZE = len(UPLOAD.payload)
TASK = UPLOAD.ticket.task


@pytest.fixture
def large(root):
    made = disk_spool(root)
    made.rounds.open(PLAN)
    return made


@pytest.fixture(params=["direct", "page cache"])
def opened_directly(request, monkeypatch, root) -> bool:
    if request.param == "page cache":
        for module in (partial_file, encrypted_payload):
            monkeypatch.setattr(module, "open_direct", lambda *_: None)
        return False
    root.mkdir(exist_ok=True)
    probe = root / "probe"
    probe.touch()
    descriptor = direct.open_direct(probe, os.O_RDONLY)
    if descriptor is None:
        pytest.skip("this file system offers no direct access")
    os.close(descriptor)
    return True


def begin(spool, offset: int = 0):
    header = replace(read_header(with_ticket(UPLOAD)), offset_bytes=offset)
    return spool.incoming.begin(TASK, header)


@pytest.mark.parametrize("longest", [3_000, 70_000, 1 << 20])
def test_any_cutting_and_interruption_stores_the_same(large, opened_directly, longest):
    draw = random.Random(longest)
    offset = 0
    while offset < SIZE:
        partial = begin(large, offset)
        assert b"".join(map(bytes, partial.pieces())) == UPLOAD.payload[:offset]
        for _ in range(draw.randint(1, 40)):
            length = draw.choice((draw.randint(1, longest), 4096, 1 << 20))
            partial.append(UPLOAD.payload[offset : offset + length])
            offset = min(SIZE, offset + length)
        partial.close()
        assert large.incoming.stored_bytes(TASK, UPLOAD.header.payload_sha256) == offset
        offset -= draw.choice((0, 0, 1)) * draw.randint(0, min(offset, 5000)) * (offset < SIZE)
    large.rounds.commit(make_record(PLAN, UPLOAD))
    with large.rounds.read(KEY, TASK) as stored:
        assert stored.payload.read(0, SIZE) == UPLOAD.payload


def test_any_range_is_read(large, opened_directly):
    large.commit(PLAN, UPLOAD)
    draw = random.Random(7)
    with large.rounds.read(KEY, TASK) as stored:
        for start in range(0, SIZE, 100_001):
            stop = min(SIZE, start + 100_001)
            assert stored.payload.read(start, stop) == UPLOAD.payload[start:stop]
        for _ in range(200):
            first = draw.randint(0, SIZE)
            last = draw.randint(first, min(SIZE, first + draw.choice((0, 5, 5000, SIZE))))
            assert stored.payload.read(first, last) == UPLOAD.payload[first:last]


def test_a_short_read_of_the_device_is_completed(large, monkeypatch):
    large.commit(PLAN, UPLOAD)
    real = os.preadv
    monkeypatch.setattr(
        encrypted_payload.os, "preadv", lambda file, views, at: real(file, [views[0][:4096]], at)
    )
    with large.rounds.read(KEY, TASK) as stored:
        assert stored.payload.read(5, 100_000) == UPLOAD.payload[5:100_000]


def test_no_direct_access_is_no_error_and_no_file_is(tmp_path, monkeypatch):
    monkeypatch.setattr(direct, "_DIRECT", 0)
    assert direct.open_direct(tmp_path / "none", os.O_RDONLY) is None
    monkeypatch.undo()
    with pytest.raises(FileNotFoundError):
        direct.open_direct(tmp_path / "none", os.O_RDONLY)


def test_files_are_closed(large):
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = open_files()
    large.commit(PLAN, UPLOAD)
    with large.rounds.read(KEY, TASK) as stored:
        stored.payload.read(0, 10)
        stored.payload.close()
    begin(large).close()
    begin(large).discard()
    assert open_files() == before


def test_a_payload_that_cannot_be_opened_now_is_not_called_damaged(large, monkeypatch):
    large.commit(PLAN, UPLOAD)

    def fail(*_: object) -> None:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(encrypted_payload, "open_direct", fail)
    with pytest.raises(StoreUnavailableError), large.rounds.read(KEY, TASK):
        pass


@pytest.mark.parametrize("stored", [0, 5000])
def test_a_device_that_opens_files_directly_and_then_refuses_is_used_without(
    large, opened_directly, monkeypatch, stored
):
    given = {"pwrite": os.pwrite, "preadv": os.preadv}

    def refusing(name):
        def call(descriptor, *rest):
            if fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_DIRECT:
                raise OSError(errno.EINVAL, "Invalid argument")
            return given[name](descriptor, *rest)

        return call

    monkeypatch.setattr(partial_file.os, "pwrite", refusing("pwrite"))
    monkeypatch.setattr(encrypted_payload.os, "preadv", refusing("preadv"))
    partial = begin(large)
    partial.append(UPLOAD.payload[:stored])
    partial.append(UPLOAD.payload[stored:])
    partial.close()
    large.rounds.commit(make_record(PLAN, UPLOAD))
    with large.rounds.read(KEY, TASK) as stored_update:
        assert stored_update.payload.read(0, 5000) == UPLOAD.payload[:5000]
        assert stored_update.payload.read(5000, SIZE) == UPLOAD.payload[5000:]
