"""Downloads and exports."""

import asyncio
import hashlib
import json

import numpy as np
import pytest
from tests.support.aggregator.artifacts import InMemoryArtifacts
from tests.support.aggregator.builders import SEED, make_schema
from tests.support.aggregator.payloads_open import InMemoryPayloads
from tests.support.aggregator.small_twins import JsonArchive
from tests.support.aggregator.statements import PlainStatements

from pfi_aggregator.application.download_adapter import DownloadAdapter
from pfi_aggregator.application.export_adapter import ExportAdapter
from pfi_aggregator.application.ports import AdapterOrigin
from pfi_aggregator.application.publication import Publication
from pfi_aggregator.application.send_slots import SendSlots
from pfi_aggregator.domain.adapter import AdapterForm
from pfi_aggregator.domain.chunk import MAXIMUM_CHUNK_BYTES
from pfi_common.errors import (
    AdapterUnknownError,
    ArtifactCorruptError,
    ArtifactUnknownError,
    InvalidRequestError,
    PayloadSizeInvalidError,
)
from pfi_common.tensors import BF16, INT4_BLOCK, encode, initial_adapter

PAYLOAD = bytes(range(256)) * 10_000
DIGEST = hashlib.sha256(PAYLOAD).hexdigest()
SCHEMA = make_schema()


@pytest.fixture
async def artifacts():
    made = InMemoryArtifacts()
    await made.put("adapters", PAYLOAD)
    return made


class TestDownload:
    async def fetch(self, artifacts, offset: int = 0, encoding=None) -> list:
        use_case = DownloadAdapter(artifacts, InMemoryPayloads(artifacts))
        async with use_case.open(DIGEST, offset, encoding) as download:
            return [chunk async for chunk in SendSlots().paced(download)]

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
        download = DownloadAdapter(artifacts, InMemoryPayloads(artifacts))
        for digest, offset, encoding, error in (
            ("ab" * 32, 0, None, AdapterUnknownError),
            ("../secrets", 0, None, InvalidRequestError),
            (DIGEST, len(PAYLOAD) + 1, None, InvalidRequestError),
            (DIGEST, 0, BF16, AdapterUnknownError),
            (DIGEST, 0, INT4_BLOCK, InvalidRequestError),
        ):
            with pytest.raises(error):
                async with download.open(digest, offset, encoding):
                    pass

    async def test_a_form_is_made_once_and_served_under_the_adapters_digest(self, artifacts):
        vector = np.linspace(-1, 1, 1000, dtype=np.float32)
        publication = Publication(artifacts, PlainStatements())
        digest = await publication.store_adapter(vector)
        made = [await publication.store_forms(digest, vector, BF16) for _ in "ab"]
        payload = encode(BF16, vector)
        expected = AdapterForm(BF16, hashlib.sha256(payload).hexdigest(), len(payload))
        assert made == [(expected,), (expected,)]
        use_case = DownloadAdapter(artifacts, InMemoryPayloads(artifacts))
        async with use_case.open(digest, 10, BF16) as download:
            assert download.payload_sha256 == expected.payload_sha256
            assert download.payload.size_bytes == len(payload)
            chunks = [chunk.data async for chunk in SendSlots().paced(download)]
            assert b"".join(chunks) == payload[10:]
        assert await publication.store_forms(digest, vector, None) == ()


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
