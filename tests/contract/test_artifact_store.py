"""What every artifact store does, run on memory and on a folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pfi_common.artifacts import KINDS, ArtifactStore, open_artifact_store
from pfi_common.errors import ArtifactUnknownError, InvalidRequestError

DATA = b"adapter bytes" * 1000
DIGEST = hashlib.sha256(DATA).hexdigest()
ABSENT = hashlib.sha256(b"absent").hexdigest()


@pytest.fixture(params=["memory", "file"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    url = "memory://" if request.param == "memory" else f"file://{tmp_path}/with%20space/artifacts"
    return open_artifact_store(url)


@pytest.mark.parametrize("kind", sorted(KINDS))
async def test_bytes_come_back_under_their_digest(store: ArtifactStore, kind: str) -> None:
    assert await store.put(kind, DATA) == DIGEST
    assert await store.get(kind, DIGEST) == DATA
    assert await store.exists(kind, DIGEST)
    assert await store.size(kind, DIGEST) == len(DATA)


async def test_a_view_is_stored_like_bytes(store: ArtifactStore) -> None:
    assert await store.put("adapters", memoryview(bytearray(DATA))) == DIGEST
    assert await store.get("adapters", DIGEST) == DATA


async def test_empty_bytes_are_an_artifact(store: ArtifactStore) -> None:
    digest = await store.put("reports", b"")
    assert await store.get("reports", digest) == b""
    assert await store.size("reports", digest) == 0


async def test_large_bytes_are_stored_whole(store: ArtifactStore) -> None:
    data = bytes(range(256)) * (24 << 10)
    digest = await store.put("adapters", data)
    assert await store.get("adapters", digest) == data


async def test_putting_twice_is_putting_once(store: ArtifactStore) -> None:
    assert await store.put("adapters", DATA) == await store.put("adapters", DATA)
    assert await store.get("adapters", DIGEST) == DATA


async def test_kinds_are_apart(store: ArtifactStore) -> None:
    await store.put("adapters", DATA)
    assert not await store.exists("schemas", DIGEST)


async def test_what_is_missing_is_unknown(store: ArtifactStore) -> None:
    assert not await store.exists("adapters", ABSENT)
    with pytest.raises(ArtifactUnknownError):
        await store.get("adapters", ABSENT)
    with pytest.raises(ArtifactUnknownError):
        await store.size("adapters", ABSENT)
    with pytest.raises(ArtifactUnknownError):
        await store.read_range("adapters", ABSENT, 0, 1)


@pytest.mark.parametrize(
    "digest", ["", "../../etc/passwd", DIGEST.upper(), DIGEST[:-1], DIGEST + "0"]
)
async def test_what_is_no_digest_is_unknown(store: ArtifactStore, digest: str) -> None:
    with pytest.raises(ArtifactUnknownError):
        await store.get("adapters", digest)


async def test_a_kind_that_does_not_exist_is_a_mistake_of_the_caller(store: ArtifactStore) -> None:
    with pytest.raises(ValueError, match="artifact kind"):
        await store.put("models", DATA)


@pytest.mark.parametrize(
    ("start", "length"),
    [(0, 10), (5, 1), (0, len(DATA)), (len(DATA) - 3, 100), (0, 0), (len(DATA), 1), (10**9, 5)],
)
async def test_ranges_are_cut_at_the_end(store: ArtifactStore, start: int, length: int) -> None:
    await store.put("adapters", DATA)
    part = await store.read_range("adapters", DIGEST, start, length)
    assert part == DATA[start : start + length]


async def test_ranges_do_not_run_backwards(store: ArtifactStore) -> None:
    await store.put("adapters", DATA)
    with pytest.raises(ValueError, match="negative"):
        await store.read_range("adapters", DIGEST, -1, 5)


async def test_a_pointer_is_replaced(store: ArtifactStore) -> None:
    assert await store.get_named("lines/r-1/global/0.json") is None
    await store.put_named("lines/r-1/global/0.json", b"first, and longer")
    await store.put_named("lines/r-1/global/0.json", b"second")
    assert await store.get_named("lines/r-1/global/0.json") == b"second"


async def test_pointers_are_listed_by_folder(store: ArtifactStore) -> None:
    names = ["lines/r-1/global/0.json", "lines/r-1/global/1.json", "lines/r-10/global/0.json"]
    for name in reversed(names):
        await store.put_named(name, b"{}")
    assert await store.list_named("lines/r-1") == names[:2]
    assert await store.list_named("lines/r-1/") == names[:2]
    assert await store.list_named("lines") == names
    assert await store.list_named("runs") == []


@pytest.mark.parametrize("path", ["", "/etc/passwd", "lines/../x", "lines//x", ".staging/x", "a b"])
async def test_pointers_stay_in_the_store(store: ArtifactStore, path: str) -> None:
    with pytest.raises(InvalidRequestError):
        await store.put_named(path, b"{}")
    with pytest.raises(InvalidRequestError):
        await store.get_named(path)
    with pytest.raises(InvalidRequestError):
        await store.list_named(path)


async def test_what_is_deleted_is_gone(store: ArtifactStore) -> None:
    await store.put("partials", DATA)
    await store.put_named("folds/run/spool-1", b"statement")
    for _ in range(2):
        await store.delete("partials", DIGEST)
        await store.delete_named("folds/run/spool-1")
    assert not await store.exists("partials", DIGEST)
    assert await store.get_named("folds/run/spool-1") is None
    assert await store.list_named("folds") == []
