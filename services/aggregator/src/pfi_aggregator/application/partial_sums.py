"""Where the sums of spools lie until their round has settled."""

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.ports import Artifacts, Statements
from pfi_aggregator.domain.partial_sum import SUM_BYTES, PartialSum, Sums
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.update import CountedUpdate
from pfi_common.errors import ArtifactCorruptError, SignatureInvalidError

_KIND = "partials"
_BLOCK_BYTES = 8 << 20
_NAME_BYTES = 32


@dataclass(frozen=True)
class PartialSums:
    """Artifacts `partials/<sha256>`, and `folds/<run>/<line>/<round>.<attempt>/<spool>`.

    The latter are the signed statements; the coordinator reads them there, too. Without an update
    there are no sums, and their digest is empty. Behind the sums stands a hash of whose they are:
    clients send the same bytes to the next attempt, and whose sums were equal would lose them when
    an earlier attempt settles.
    """

    artifacts: Artifacts
    statements: Statements

    async def find(self, key: RoundKey, spool: str) -> bytes | None:
        """Gives the signed statement of a spool, unless its signing key has expired meanwhile."""
        statement = await self.artifacts.get_named(_path(key, spool))
        return statement if statement and self._read(statement) else None

    async def store(
        self, plan: RoundPlan, spool: str, counted: tuple[CountedUpdate, ...], sums: Sums
    ) -> bytes:
        """Stores sums and then the signed statement, and gives the latter."""
        digest = ""
        if counted:
            named = await in_thread(_named, plan.key, spool, sums)
            digest = await self.artifacts.put(_KIND, named.data.cast("B"))
            del named
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
        digest, sums_bytes = partial.sums_digest, SUM_BYTES * sums.values.size
        if await self.artifacts.size(_KIND, digest) != sums_bytes + _NAME_BYTES:
            raise ArtifactCorruptError("The sums of a spool do not have the schema's size.")
        sha256 = hashlib.sha256()
        for start in range(0, sums_bytes, _BLOCK_BYTES):
            length = min(_BLOCK_BYTES, sums_bytes - start)
            block = await self.artifacts.read_range(_KIND, digest, start, length)
            await in_thread(sha256.update, block)
            await in_thread(sums.add, start // SUM_BYTES, block)
        sha256.update(await self.artifacts.read_range(_KIND, digest, sums_bytes, _NAME_BYTES))
        if sha256.hexdigest() != partial.sums_digest:
            raise ArtifactCorruptError("The sums of a spool have another digest than it signed.")

    async def delete(self, key: RoundKey, spool: str) -> None:
        """Deletes what a spool has stored; nothing when it has not."""
        statement = await self.artifacts.get_named(_path(key, spool))
        if statement is None:
            return
        partial = self._read(statement)
        if partial is not None and partial.sums_digest:
            await self.artifacts.delete(_KIND, partial.sums_digest)
        await self.artifacts.delete_named(_path(key, spool))

    def _read(self, statement: bytes) -> PartialSum | None:
        try:
            return self.statements.read_partial_sum(statement)
        except SignatureInvalidError:
            return None


def _named(key: RoundKey, spool: str, sums: Sums) -> NDArray[np.int64]:
    """Gives sums with a hash of whose they are behind them."""
    name = hashlib.sha256(f"{key}/{spool}".encode()).digest()
    return np.concatenate((sums.values, np.frombuffer(name, dtype="<i8")), dtype="<i8")


def _path(key: RoundKey, spool: str) -> str:
    return f"folds/{key.run}/{key.line}/{key.round}.{key.attempt}/{spool}"
