"""How an adapter version becomes visible: bytes, then schema and lineage, the pointer last."""

import json
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pfi.common.v1 import adapter_pb2
from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.ports import Artifacts, Statements
from pfi_aggregator.domain.adapter import AdapterForm
from pfi_aggregator.domain.lineage import Lineage
from pfi_aggregator.domain.server_optimizer import OptimizerState
from pfi_common.errors import RoundStateInvalidError
from pfi_common.tensors import Schema, encode
from pfi_common.tensors.encoding import EncodingValue


@dataclass(frozen=True)
class Publication:
    """Writes to the artifact store. Every step may be repeated."""

    artifacts: Artifacts
    statements: Statements

    async def store_adapter(self, vector: NDArray[np.float32]) -> str:
        """Stores the canonical fp32 payload and gives its digest.

        Shapes: vector (n,).
        """
        payload = vector.astype("<f4", copy=False)
        return await self.artifacts.put("adapters", payload.data.cast("B"))

    async def store_forms(
        self, digest: str, vector: NDArray[np.float32], encoding: EncodingValue | None
    ) -> tuple[AdapterForm, ...]:
        """Stores an adapter as clients download it, once for all of them.

        Shapes: vector (n,).

        Args:
            digest: Of the canonical payload.
            vector: The adapter.
            encoding: Of the form, rounded to nearest; none for no form.
        """
        if encoding is None:
            return ()
        payload = await in_thread(encode, encoding, vector)
        form = AdapterForm(encoding, await self.artifacts.put("forms", payload), len(payload))
        pointer = form_pointer(digest, encoding)
        await self.artifacts.put_named(pointer, form.payload_sha256.encode())
        return (form,)

    async def store_state(self, state: OptimizerState) -> str:
        """Stores an optimiser's state and gives its digest; empty when it keeps none."""
        if not state.moments:
            return ""
        return await self.artifacts.put("optimizer-states", memoryview(state.data))

    async def store_lineage(self, schema: Schema, lineage: Lineage) -> str:
        """Stores the schema and the signed lineage, and gives the digest of the latter."""
        await self.artifacts.put("schemas", schema.canonical_json())
        return await self.artifacts.put("lineages", self.statements.sign_lineage(lineage))

    async def published_lineage(self, run: str, line: str, version: int) -> str | None:
        """Gives the lineage digest of a published version."""
        pointer = await self.artifacts.get_named(_path(run, line, version))
        return None if pointer is None else str(json.loads(pointer)["lineage_digest"])

    async def point_at(self, lineage_digest: str) -> bytes:
        """Makes a version visible, and gives its signed lineage.

        Raises:
            RoundStateInvalidError: the version is published already, with another lineage.
        """
        statement = await self.artifacts.get("lineages", lineage_digest)
        lineage = self.statements.read_lineage(statement)
        adapter = lineage.adapter
        published = await self.published_lineage(adapter.run, adapter.line, adapter.version)
        if published not in {None, lineage_digest}:
            raise already_published(adapter.version)
        await self.artifacts.put_named(
            _path(adapter.run, adapter.line, adapter.version), _pointer(lineage, lineage_digest)
        )
        return statement


def already_published(version: int) -> RoundStateInvalidError:
    """Makes the error for a version that has another origin."""
    message = f"Version {version} of the line is published already, with another origin."
    return RoundStateInvalidError(message)


def form_pointer(digest: str, encoding: EncodingValue) -> str:
    """Gives the path of the pointer from an adapter to its form in an encoding."""
    return f"adapter-forms/{digest}/{adapter_pb2.Encoding.Name(encoding)}"


def _path(run: str, line: str, version: int) -> str:
    return f"lines/{run}/{line}/{version}.json"


def _pointer(lineage: Lineage, lineage_digest: str) -> bytes:
    adapter = lineage.adapter
    facts = {
        "digest": adapter.digest,
        "schema_digest": adapter.schema_digest,
        "run": adapter.run,
        "line": adapter.line,
        "version": adapter.version,
        "lineage_digest": lineage_digest,
        "optimizer_state_digest": lineage.optimizer_state_digest,
    }
    return json.dumps(facts, sort_keys=True).encode()
