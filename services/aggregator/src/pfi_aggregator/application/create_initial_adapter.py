"""Makes and publishes version 0 of a line."""

from dataclasses import dataclass

from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.leadership import Leadership
from pfi_aggregator.application.ports import Artifacts, Statements
from pfi_aggregator.application.publication import Publication, already_published
from pfi_aggregator.application.turns import Turns
from pfi_aggregator.domain.adapter import AdapterReference, check_form_encoding
from pfi_aggregator.domain.lineage import Lineage
from pfi_aggregator.domain.names import check_name
from pfi_common.clock import Clock
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
    """

    run: str
    line: str
    schema: Schema
    seed: int
    download_encoding: EncodingValue | None = None

    def __post_init__(self) -> None:
        check_form_encoding(self.download_encoding)
        check_name("run", self.run)
        check_name("line", self.line)


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
            RoundStateInvalidError: the line has a version 0 of another schema, seed or form.
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
        if made != (wanted.schema.digest, wanted.seed, forms):
            raise already_published(0)
        return statement

    async def _make(self, wanted: InitialAdapter) -> str:
        vector = await in_thread(initial_adapter, wanted.schema, wanted.seed)
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
            seed=wanted.seed,
            attempt=0,
            counted=(),
            optimizer_state_digest="",
            publish_time=self.clock.now(),
            forms=await self.publication.store_forms(digest, vector, wanted.download_encoding),
        )
        return await self.publication.store_lineage(wanted.schema, lineage)
