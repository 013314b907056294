"""What every way to open payloads for clients does."""

import asyncio
import hashlib
from contextlib import AsyncExitStack

import pytest
from tests.support.aggregator.artifacts import InMemoryArtifacts
from tests.support.aggregator.payloads_open import InMemoryPayload, InMemoryPayloads

from pfi_aggregator.adapters.mapped_payloads import MAXIMUM_IDLE_MAPS, MappedPayloads
from pfi_aggregator.adapters.ranged_payloads import RangedPayloads
from pfi_common.artifacts import open_artifact_store
from pfi_common.errors import ArtifactCorruptError, ArtifactUnknownError

__all__ = ["InMemoryPayload"]

PAYLOAD = bytes(range(256)) * 1000


@pytest.fixture
def store(tmp_path):
    return open_artifact_store(f"file://{tmp_path}/artifacts")


@pytest.fixture(params=["twin", "mapped", "ranged"])
def stored(request, store):
    """Artifacts, and the port that opens them."""
    if request.param == "twin":
        twin = InMemoryArtifacts()
        return twin, InMemoryPayloads(twin)
    return store, (MappedPayloads if request.param == "mapped" else RangedPayloads)(store)


async def read_whole(payloads, digest, kind="adapters", step=65_536):
    async with payloads.open(kind, digest) as payload:
        starts = range(0, payload.size_bytes, step)
        return b"".join([bytes(await payload.read(start, step)) for start in starts])


async def test_a_payload_is_read_in_parts_by_many_at_once(stored):
    artifacts, payloads = stored
    digest = await artifacts.put("forms", PAYLOAD)
    found = await asyncio.gather(*(read_whole(payloads, digest, "forms") for _ in range(8)))
    assert set(found) == {PAYLOAD}
    async with payloads.open("forms", digest) as payload:
        assert payload.size_bytes == len(PAYLOAD)
        assert await payload.read(len(PAYLOAD) - 3, 100) == PAYLOAD[-3:]


async def test_what_there_is_not_is_unknown(stored):
    artifacts, payloads = stored
    digest = await artifacts.put("adapters", PAYLOAD)
    for kind, name in (("adapters", "ab" * 32), ("forms", digest)):
        with pytest.raises(ArtifactUnknownError):
            async with payloads.open(kind, name):
                pass


@pytest.mark.parametrize("payloads_of", [MappedPayloads, RangedPayloads])
async def test_a_damaged_payload_is_not_sent_to_its_end(store, tmp_path, payloads_of):
    digest = await store.put("adapters", PAYLOAD)
    file = await store.file("adapters", digest)
    file.write_bytes(PAYLOAD[:-1] + b"x")
    with pytest.raises(ArtifactCorruptError):
        await read_whole(payloads_of(store), digest)


async def test_maps_that_nobody_reads_are_bounded(store):
    payloads = MappedPayloads(store)
    count = MAXIMUM_IDLE_MAPS + 3
    digests = [await store.put("adapters", PAYLOAD + bytes([index])) for index in range(count)]
    async with AsyncExitStack() as readers:
        opened = [
            await readers.enter_async_context(payloads.open("adapters", each)) for each in digests
        ]
        parts = [await each.read(0, 10) for each in opened]
        assert not any(each.mapping.closed for each in opened)
    assert len(parts) == count
    assert [each.mapping.closed for each in opened] == [True] * 3 + [False] * MAXIMUM_IDLE_MAPS
    assert await read_whole(payloads, digests[0]) == PAYLOAD + b"\0"


async def test_all_readers_share_one_map(store):
    payloads = MappedPayloads(store)
    digest = await store.put("adapters", PAYLOAD)
    async with payloads.open("adapters", digest) as one, payloads.open("adapters", digest) as two:
        assert one.mapping is two.mapping
    assert hashlib.sha256(one.mapping).hexdigest() == digest


async def test_only_a_folder_has_files():
    store = open_artifact_store("memory://")
    assert not store.in_folder
    with pytest.raises(ValueError, match="folder"):
        await store.file("adapters", "ab" * 32)
