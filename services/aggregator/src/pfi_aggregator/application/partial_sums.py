"""Where the sums of spools lie until their round has settled."""

import hashlib
from dataclasses import dataclass

from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.ports import Artifacts, Statements
from pfi_aggregator.domain.partial_sum import SUM_BYTES, PartialSum, Sums
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.update import CountedUpdate
from pfi_common.errors import ArtifactCorruptError

_KIND = "partials"
_BLOCK_BYTES = 8 << 20


@dataclass(frozen=True)
class PartialSums:
    """Artifacts `partials/<sha256>`, and `folds/<run>/<line>/<round>.<attempt>/<spool>`.

    The latter are the signed statements; the coordinator reads them there, too. Without an update
    there are no sums, and their digest is empty.
    """

    artifacts: Artifacts
    statements: Statements

    async def find(self, key: RoundKey, spool: str) -> bytes | None:
        """Gives the signed statement of a spool."""
        return await self.artifacts.get_named(_path(key, spool))

    async def store(
        self, plan: RoundPlan, spool: str, counted: tuple[CountedUpdate, ...], sums: Sums
    ) -> bytes:
        """Stores sums and then the signed statement, and gives the latter."""
        digest = ""
        if counted:
            data = sums.values.astype("<i8", copy=False).data.cast("B")
            digest = await self.artifacts.put(_KIND, data)
        partial = PartialSum(
            key=plan.key,
            spool=spool,
            plan_sha256=self.statements.plan_sha256(plan),
            sums_digest=digest,
            total_weight_units=sums.total_weight_units,
            counted=counted,
        )
        statement = self.statements.sign_partial_sum(partial)
        await self.artifacts.put_named(_path(plan.key, spool), statement)
        return statement

    async def add(self, partial: PartialSum, sums: Sums) -> None:
        """Adds the sums of a spool block by block, so that they are never in memory as a whole.

        Raises:
            ArtifactUnknownError: they are not there.
            ArtifactCorruptError: they are not what the spool has signed; `sums` are then spoilt.
        """
        sums.total_weight_units += partial.total_weight_units
        if not partial.sums_digest:
            return
        size_bytes = await self.artifacts.size(_KIND, partial.sums_digest)
        if size_bytes != SUM_BYTES * sums.values.size:
            raise ArtifactCorruptError("The sums of a spool do not have the schema's size.")
        sha256 = hashlib.sha256()
        for start in range(0, size_bytes, _BLOCK_BYTES):
            block = await self.artifacts.read_range(_KIND, partial.sums_digest, start, _BLOCK_BYTES)
            await in_thread(sha256.update, block)
            await in_thread(sums.add, start // SUM_BYTES, block)
        if sha256.hexdigest() != partial.sums_digest:
            raise ArtifactCorruptError("The sums of a spool have another digest than it signed.")

    async def delete(self, key: RoundKey, spool: str) -> None:
        """Deletes what a spool has stored; nothing when it has not."""
        statement = await self.find(key, spool)
        if statement is None:
            return
        digest = self.statements.read_partial_sum(statement).sums_digest
        if digest:
            await self.artifacts.delete(_KIND, digest)
        await self.artifacts.delete_named(_path(key, spool))


def _path(key: RoundKey, spool: str) -> str:
    return f"folds/{key.run}/{key.line}/{key.round}.{key.attempt}/{spool}"
