import stat
from pathlib import Path

import pytest

from pfi_cli.local.redis_program import RedisVersion, check_and_record, read_version
from pfi_common.errors import StoreUnsuitableError


def program(folder: Path, answer: str) -> Path:
    path = folder / "server"
    path.write_text(f"#!/bin/sh\necho '{answer}'\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Redis server v=6.2.14 sha=40305114:0 bits=64", RedisVersion("redis", "6.2.14")),
        ("Valkey server v=8.1.3 sha=00000000:0 bits=64", RedisVersion("valkey", "8.1.3")),
    ],
)
def test_the_version_is_what_the_program_says(tmp_path, answer, expected):
    assert read_version(program(tmp_path, answer)) == expected


@pytest.mark.parametrize("answer", ["Redis server v=6.0.9 sha=0", "something else"])
def test_an_old_or_unknown_program_is_refused(tmp_path, answer):
    with pytest.raises(StoreUnsuitableError):
        read_version(program(tmp_path, answer))


@pytest.mark.parametrize(
    ("server", "written", "opens"),
    [
        (("redis", "6.2.14"), ("redis", "6.2.7"), True),
        (("redis", "7.0.0"), ("redis", "6.2.14"), True),
        (("redis", "6.2.14"), ("redis", "7.0.0"), False),
        (("valkey", "8.0.0"), ("redis", "7.2.4"), True),
        (("valkey", "8.0.0"), ("redis", "7.4.0"), False),
        (("redis", "7.4.0"), ("valkey", "7.2.5"), False),
    ],
)
def test_only_a_server_that_reads_everything_may_open_data(server, written, opens):
    assert RedisVersion(*server).may_open(RedisVersion(*written)) is opens


def test_the_writer_is_recorded_and_an_older_one_refused(tmp_path):
    record = tmp_path / "version.json"
    check_and_record(RedisVersion("redis", "7.0.15"), record)
    with pytest.raises(StoreUnsuitableError, match=r"7\.0\.15"):
        check_and_record(RedisVersion("redis", "6.2.14"), record)
    check_and_record(RedisVersion("redis", "7.2.0"), record)
    assert "7.2.0" in record.read_text()
