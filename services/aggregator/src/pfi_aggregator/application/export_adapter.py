"""Writes a published adapter as a PEFT folder that anyone can download."""

import json
from dataclasses import dataclass

from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.ports import AdapterArchive, AdapterOrigin, Artifacts
from pfi_aggregator.domain.names import check_digest
from pfi_common.tensors import FP32, Schema, decode


@dataclass(frozen=True)
class ExportAdapter:
    """The use case behind the task `pfi.export_adapter`: archive first, pointer last.

    It may run any number of times, also at once: equal inputs give equal bytes.
    """

    artifacts: Artifacts
    archive: AdapterArchive

    async def run(self, origin: AdapterOrigin, schema_digest: str) -> str:
        """Gives the digest of the archive.

        Raises:
            InvalidRequestError: a digest is malformed.
            ArtifactUnknownError: adapter or schema are not stored.
            ArtifactCorruptError: what is stored is damaged.
            PayloadSizeInvalidError: the adapter is not of this schema.
        """
        check_digest("adapter_digest", origin.adapter_digest)
        check_digest("schema_digest", schema_digest)
        schema = Schema.from_json(await self.artifacts.get("schemas", schema_digest))
        payload = await self.artifacts.get("adapters", origin.adapter_digest)
        vector = decode(FP32, payload, schema.coordinate_count)
        archive = await in_thread(self.archive.build, schema, vector, origin)
        digest = await self.artifacts.put("exports", archive)
        pointer = json.dumps({"digest": digest}).encode()
        await self.artifacts.put_named(f"exports/{origin.adapter_digest}.json", pointer)
        return digest
