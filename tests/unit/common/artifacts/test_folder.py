"""What a folder of artifacts survives: damage, a full disk, killed writers."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.clock import ManualClock

from pfi_common.artifacts import open_artifact_store
from pfi_common.errors import (
    ArtifactCorruptError,
    ArtifactUnknownError,
    SettingsInvalidError,
    StoreUnavailableError,
)

DATA = b"adapter bytes" * 1000
DIGEST = hashlib.sha256(DATA).hexdigest()

FILL_A_SMALL_DISK = """
import asyncio, sys
from pfi_common.artifacts import open_artifact_store
from pfi_common.errors import DiskFullError

async def main():
    store = open_artifact_store("file://" + sys.argv[1])
    kept = await store.put("adapters", b"small")
    try:
        await store.put("adapters", b"x" * (1 << 20))
    except DiskFullError:
        print("refused")
    print(await store.get("adapters", kept), len(await store.list_named("adapters")))
    await store.put("adapters", b"still room for this")

asyncio.run(main())
"""


def file_of(folder: Path) -> Path:
    return folder / "adapters" / DIGEST[:2] / DIGEST


async def test_a_changed_byte_is_found(tmp_path: Path) -> None:
    store = open_artifact_store(f"file://{tmp_path}")
    await store.put("adapters", DATA)
    file_of(tmp_path).write_bytes(b"A" + DATA[1:])
    with pytest.raises(ArtifactCorruptError, match=DIGEST):
        await store.get("adapters", DIGEST)


async def test_a_truncated_file_is_found_and_mended_by_putting_again(tmp_path: Path) -> None:
    store = open_artifact_store(f"file://{tmp_path}")
    await store.put("adapters", DATA)
    file_of(tmp_path).write_bytes(DATA[:100])
    with pytest.raises(ArtifactCorruptError):
        await store.get("adapters", DIGEST)
    await store.put("adapters", DATA)
    assert await store.get("adapters", DIGEST) == DATA


async def test_a_deleted_file_is_unknown(tmp_path: Path) -> None:
    store = open_artifact_store(f"file://{tmp_path}")
    await store.put("adapters", DATA)
    file_of(tmp_path).unlink()
    with pytest.raises(ArtifactUnknownError):
        await store.get("adapters", DIGEST)


async def test_another_process_sees_the_same_artifacts(tmp_path: Path) -> None:
    await open_artifact_store(f"file://{tmp_path}").put("adapters", DATA)
    assert await open_artifact_store(f"file://{tmp_path}").get("adapters", DIGEST) == DATA


async def test_file_and_folders_are_synced_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    real_sync = os.fsync

    def record(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        relative = path.relative_to(tmp_path)
        visible = file_of(tmp_path).exists()
        events.append(f"{relative.parts[0] if relative.parts else '.'}:{visible}")
        real_sync(descriptor)

    store = open_artifact_store(f"file://{tmp_path}")
    monkeypatch.setattr(os, "fsync", record)
    await store.put("adapters", DATA)
    # The bytes are synced while the name does not exist; then the folder and those above it.
    assert events == [".staging:False", "adapters:True", "adapters:True", ".:True"]
    assert list((tmp_path / ".staging").iterdir()) == []


async def test_a_folder_whose_sync_failed_is_synced_by_the_next_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    failing = True

    def sync(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        if failing and path == tmp_path:
            raise OSError(5, "Input/output error")
        synced.append(path)

    store = open_artifact_store(f"file://{tmp_path}")
    monkeypatch.setattr(os, "fsync", sync)
    with pytest.raises(StoreUnavailableError):
        await store.put("adapters", DATA)
    failing = False
    await store.put_named("adapters/other.json", DATA)
    assert tmp_path in synced


async def test_a_failed_write_leaves_the_pointer_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_artifact_store(f"file://{tmp_path}")
    await store.put_named("lines/r-1/global/0.json", b"old")

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(StoreUnavailableError):
        await store.put_named("lines/r-1/global/0.json", b"new")
    assert await store.get_named("lines/r-1/global/0.json") == b"old"
    assert list((tmp_path / ".staging").iterdir()) == []


def test_a_full_disk_is_a_typed_failure(tmp_path: Path) -> None:
    """Fills a real file system of 256 KiB in a mount namespace of its own."""
    mount = f"mount -t tmpfs -o size=256k none {tmp_path}"
    outcome = subprocess.run(
        [
            *("unshare", "-Urm", "sh", "-c", f'{mount} && exec "$@"', "sh"),
            *(sys.executable, "-c", FILL_A_SMALL_DISK, str(tmp_path)),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    if outcome.returncode and "unshare" in outcome.stderr + outcome.stdout:
        pytest.skip("this machine permits no mount namespaces")
    assert outcome.stderr == ""
    assert outcome.stdout.splitlines() == ["refused", "b'small' 1"]


async def test_rests_of_killed_writers_are_removed_after_a_day(tmp_path: Path) -> None:
    staging = tmp_path / ".staging"
    staging.mkdir()
    rest = staging / "rest"
    rest.write_bytes(b"half")
    written = datetime.fromtimestamp(rest.stat().st_mtime, UTC)
    clock = ManualClock(written + timedelta(hours=23))
    open_artifact_store(f"file://{tmp_path}", clock)
    assert rest.exists()
    clock.advance(2 * 3600)
    open_artifact_store(f"file://{tmp_path}", clock)
    assert not rest.exists()


@pytest.mark.parametrize(
    "url", ["", "relative/folder", "http://host/x", "file://host/x", "s3://", "redis://host"]
)
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(SettingsInvalidError, match="file:///folder"):
        open_artifact_store(url)


def test_object_stores_open_without_a_connection() -> None:
    assert open_artifact_store("s3://bucket/path")


def test_a_folder_that_cannot_be_made_is_a_typed_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreUnavailableError):
        open_artifact_store(f"file://{tmp_path}/file/artifacts")
