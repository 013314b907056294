"""Makes and publishes version 0 of a line."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.leadership import Leadership
from pfi_aggregator.application.ports import Artifacts, Statements
from pfi_aggregator.application.publication import Publication, already_published
from pfi_aggregator.application.turns import Turns
from pfi_aggregator.domain.adapter import AdapterReference, check_form_encoding
from pfi_aggregator.domain.lineage import Lineage
from pfi_aggregator.domain.names import check_name
from pfi_common.clock import Clock
from pfi_common.errors import AdapterUnknownError, SchemaMismatchError
from pfi_common.tensors import Schema, initial_adapter
from pfi_common.tensors.encoding import EncodingValue


@dataclass(frozen=True)
class InitialAdapter:
    """What version 0 is a function of.

    Attributes:
        run: Run id.
        line: Line.
        schema: Schema.
        seed: Seed, below 2^64.
        download_encoding: Form of it, beside the canonical payload; none for none.
        origin: Published version that it is to be; made from schema and seed without one.

    Raises:
        InvalidRequestError: a part breaks its rule.
        SchemaMismatchError: the origin has another schema.
    """

    run: str
    line: str
    schema: Schema
    seed: int
    download_encoding: EncodingValue | None = None
    origin: AdapterReference | None = None

    def __post_init__(self) -> None:
        check_form_encoding(self.download_encoding)
        check_name("run", self.run)
        check_name("line", self.line)
        if self.origin is not None and self.origin.schema_digest != self.schema.digest:
            raise SchemaMismatchError("the origin of version 0 has another schema")

    @property
    def lineage_seed(self) -> int:
        """Seed that the lineage names: nothing is drawn for a version that exists already."""
        return self.seed if self.origin is None else 0


@dataclass(frozen=True)
class CreateInitialAdapter:
    """The use case behind CreateInitialAdapter."""

    leadership: Leadership
    publication: Publication
    artifacts: Artifacts
    statements: Statements
    turns: Turns
    clock: Clock

    async def run(self, leader_token: int, wanted: InitialAdapter) -> bytes:
        """Publishes version 0 and gives its signed lineage; the same one when repeated.

        Raises:
            LeaderSupersededError: a newer leader has commanded.
            AdapterUnknownError: the origin is not published.
            RoundStateInvalidError: the line has a version 0 that comes from elsewhere, or has
                another schema or form.
        """
        await self.leadership.require(leader_token)
        async with self.turns.take((wanted.run, wanted.line)):
            digest = await self.publication.published_lineage(wanted.run, wanted.line, 0)
            if digest is None:
                return await self.publication.point_at(await self._make(wanted))
            statement = await self.artifacts.get("lineages", digest)
        lineage = self.statements.read_lineage(statement)
        made = (lineage.adapter.schema_digest, lineage.seed, [f.encoding for f in lineage.forms])
        forms = [] if wanted.download_encoding is None else [wanted.download_encoding]
        asked = (wanted.schema.digest, wanted.lineage_seed, forms)
        if (made, lineage.origin) != (asked, wanted.origin):
            raise already_published(0)
        return statement

    async def _make(self, wanted: InitialAdapter) -> str:
        origin_lineage, vector = await self._tensors(wanted)
        digest = await self.publication.store_adapter(vector)
        adapter = AdapterReference(
            digest=digest,
            schema_digest=wanted.schema.digest,
            run=wanted.run,
            line=wanted.line,
            version=0,
        )
        lineage = Lineage(
            adapter=adapter,
            parent_digest="",
            seed=wanted.lineage_seed,
            attempt=0,
            counted=(),
            optimizer_state_digest="",
            publish_time=self.clock.now(),
            forms=await self.publication.store_forms(digest, vector, wanted.download_encoding),
            origin=wanted.origin,
            origin_lineage_digest=origin_lineage,
        )
        return await self.publication.store_lineage(wanted.schema, lineage)

    async def _tensors(self, wanted: InitialAdapter) -> tuple[str, NDArray[np.float32]]:
        if wanted.origin is not None:
            return await self._published(wanted.origin)
        return "", await in_thread(initial_adapter, wanted.schema, wanted.seed)

    async def _published(self, origin: AdapterReference) -> tuple[str, NDArray[np.float32]]:
        """Gives the lineage digest and the tensors of a version that a run has published.

        Raises:
            AdapterUnknownError: no run has published it under this name.
        """
        digest = await self.publication.published_lineage(origin.run, origin.line, origin.version)
        if digest is None:
            raise _unknown(origin)
        statement = await self.artifacts.get("lineages", digest)
        if self.statements.read_lineage(statement).adapter != origin:
            raise _unknown(origin)
        payload = await self.artifacts.get("adapters", origin.digest)
        return digest, np.frombuffer(payload, dtype="<f4")


def _unknown(origin: AdapterReference) -> AdapterUnknownError:
    name = f"version {origin.version} of the line {origin.line} of {origin.run}"
    message = f"{name} is not published with the digest {origin.digest}"
    return AdapterUnknownError(message, digest=origin.digest)
