"""Downloads and exports."""

import asyncio
import hashlib
import json

import pytest
from tests.support.aggregator.artifacts import InMemoryArtifacts
from tests.support.aggregator.builders import SEED, make_schema
from tests.support.aggregator.small_twins import JsonArchive

from pfi_aggregator.application.download_adapter import DownloadAdapter
from pfi_aggregator.application.export_adapter import ExportAdapter
from pfi_aggregator.application.ports import AdapterOrigin
from pfi_aggregator.domain.chunk import MAXIMUM_CHUNK_BYTES
from pfi_common.errors import (
    AdapterUnknownError,
    ArtifactCorruptError,
    ArtifactUnknownError,
    InvalidRequestError,
    PayloadSizeInvalidError,
)
from pfi_common.tensors import initial_adapter

PAYLOAD = bytes(range(256)) * 10_000
DIGEST = hashlib.sha256(PAYLOAD).hexdigest()
SCHEMA = make_schema()


@pytest.fixture
async def artifacts():
    made = InMemoryArtifacts()
    await made.put("adapters", PAYLOAD)
    return made


class TestDownload:
    async def fetch(self, artifacts, offset: int = 0) -> list:
        download = DownloadAdapter(artifacts)
        size = await download.size(DIGEST, offset)
        return [chunk async for chunk in download.chunks(DIGEST, offset, size)]

    @pytest.mark.parametrize("offset", [0, 1, MAXIMUM_CHUNK_BYTES, len(PAYLOAD)])
    async def test_any_offset(self, artifacts, offset):
        chunks = await self.fetch(artifacts, offset)
        assert b"".join(chunk.data for chunk in chunks) == PAYLOAD[offset:]
        position = offset
        for chunk in chunks:
            assert chunk.offset_bytes == position
            assert 1 <= len(chunk.data) <= MAXIMUM_CHUNK_BYTES
            position += len(chunk.data)

    async def test_a_damaged_adapter_is_not_sent_to_its_end(self, artifacts):
        artifacts.objects["adapters", DIGEST] = PAYLOAD[:-1] + b"x"
        with pytest.raises(ArtifactCorruptError):
            await self.fetch(artifacts)

    async def test_what_there_is_not(self, artifacts):
        download = DownloadAdapter(artifacts)
        with pytest.raises(AdapterUnknownError):
            await download.size("ab" * 32, 0)
        with pytest.raises(InvalidRequestError):
            await download.size("../secrets", 0)
        with pytest.raises(InvalidRequestError):
            await download.size(DIGEST, len(PAYLOAD) + 1)


class TestExport:
    @pytest.fixture
    async def stored(self, artifacts):
        """Artifacts with an adapter of the schema, and its origin."""
        await artifacts.put("schemas", SCHEMA.canonical_json())
        digest = await artifacts.put("adapters", initial_adapter(SCHEMA, SEED).tobytes())
        return artifacts, AdapterOrigin(digest, "models/tiny", None)

    async def test_the_pointer_names_the_archive(self, stored):
        artifacts, origin = stored
        digest = await ExportAdapter(artifacts, JsonArchive()).run(origin, SCHEMA.digest)
        pointer = json.loads(artifacts.pointers[f"exports/{origin.adapter_digest}.json"])
        assert pointer == {"digest": digest}
        assert ("exports", digest) in artifacts.objects

    async def test_it_may_run_at_once_and_again(self, stored):
        artifacts, origin = stored
        export = ExportAdapter(artifacts, JsonArchive())
        runs = [export.run(origin, SCHEMA.digest) for _ in range(3)]
        assert len(set(await asyncio.gather(*runs))) == 1
        assert len([kind for kind, _ in artifacts.objects if kind == "exports"]) == 1

    @pytest.mark.parametrize(
        ("adapter", "schema", "error"),
        [
            ("ab" * 32, SCHEMA.digest, ArtifactUnknownError),
            (DIGEST, "ab" * 32, ArtifactUnknownError),
            (DIGEST, SCHEMA.digest, PayloadSizeInvalidError),
            ("x", SCHEMA.digest, InvalidRequestError),
            (DIGEST, "x", InvalidRequestError),
        ],
    )
    async def test_typed_failures(self, stored, adapter, schema, error):
        artifacts, _ = stored
        export = ExportAdapter(artifacts, JsonArchive())
        with pytest.raises(error):
            await export.run(AdapterOrigin(adapter, "models/tiny", None), schema)
        assert artifacts.pointers == {}
