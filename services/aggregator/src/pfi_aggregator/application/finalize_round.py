"""Merges a sealed round and publishes the next adapter, exactly once whatever crashes when."""

from collections.abc import Sequence
from dataclasses import dataclass

from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.find_change import FindChange
from pfi_aggregator.application.leadership import Leadership
from pfi_aggregator.application.merge_round import move_base
from pfi_aggregator.application.ports import Artifacts, Meter, Rounds, Statements
from pfi_aggregator.application.publication import Publication, already_published
from pfi_aggregator.application.shared_work import SharedWork
from pfi_aggregator.application.together import together
from pfi_aggregator.application.turns import Turns
from pfi_aggregator.domain.adapter import AdapterReference
from pfi_aggregator.domain.lineage import Lineage
from pfi_aggregator.domain.partial_sum import PartialSum, check_partial_sums, merge_counted
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.round_state import Command, require_command
from pfi_aggregator.domain.round_view import RoundOutcome, RoundView
from pfi_aggregator.domain.update import CountedUpdate
from pfi_aggregator.failpoints import Failpoint, Failpoints
from pfi_common.clock import Clock
from pfi_common.errors import QuorumNotReachedError, RoundStateInvalidError
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger


@dataclass(frozen=True)
class FinalizedRound:
    """The answer to FinalizeRound.

    Attributes:
        lineage: Signed lineage of the published version.
        merge_seconds: Wall time of reading, merging and optimising.
    """

    lineage: bytes
    merge_seconds: float


@dataclass(frozen=True)
class FinalizeRound:
    """The use case behind FinalizeRound.

    Adapter, optimiser state, schema and lineage are stored first; then the round's outcome, which
    fixes the lineage and its time; then the pointer. A crash before the outcome merges again, to
    the same bits; one after it only writes the pointer again.
    """

    leadership: Leadership
    rounds: Rounds
    change: FindChange
    statements: Statements
    publication: Publication
    artifacts: Artifacts
    turns: Turns
    work: SharedWork[FinalizedRound]
    meter: Meter
    clock: Clock
    failpoints: Failpoints
    spool: str

    async def run(
        self, leader_token: int, key: RoundKey, partials: Sequence[bytes] = ()
    ) -> FinalizedRound:
        """Gives the published version's lineage; the same one whenever it is asked for.

        Args:
            leader_token: Fencing token.
            key: Which.
            partials: Signed partial sums of every other spool of the plan.

        Raises:
            LeaderSupersededError: a newer leader has commanded.
            RoundUnknownError: the round was never opened here.
            RoundStateInvalidError: it is not sealed, another attempt has been published, or another
                spool finalizes it.
            SignatureInvalidError: a partial sum is not signed by the spool that it names.
            PartialSumInvalidError: the partial sums do not make up the round.
            QuorumNotReachedError: fewer updates are counted than the plan's minimum.
            PopulationTooSmallError: fewer updates are counted than the rule needs.
            ReductionIncompleteError: workers have not computed every piece.
            ReductionFailedError: a worker could not compute a piece.
            ArtifactCorruptError: a committed update or an artifact is damaged.
            AdapterInvalidError: the merged adapter is not finite.
        """
        await self.leadership.require(leader_token)
        return await self.work.join(key, lambda: self._run(key, partials))

    async def _run(self, key: RoundKey, statements: Sequence[bytes]) -> FinalizedRound:
        async with self.turns.take(key):
            view = await in_thread(self.rounds.view, key)
            require_command(view.state, Command.FINALIZE)
            outcome = view.outcome or await self._decide(view, statements)
            if view.settled:
                statement = await self.artifacts.get("lineages", outcome.lineage_digest)
            else:
                statement = await self.publication.point_at(outcome.lineage_digest)
        self.failpoints.reach(Failpoint.POINTER_STORED)
        return FinalizedRound(statement, outcome.merge_seconds)

    async def _decide(self, view: RoundView, statements: Sequence[bytes]) -> RoundOutcome:
        """Merges, stores the results and fixes the outcome."""
        plan = view.plan
        assert plan is not None  # noqa: S101 - a round without an outcome is not settled
        key = plan.key
        if await self.publication.published_lineage(key.run, key.line, plan.next_version):
            raise already_published(plan.next_version)
        own = await in_thread(self.rounds.seal, key)
        partials = self._partials(plan, own, statements)
        counted = merge_counted(own, partials)
        if len(counted) < plan.minimum_updates:
            message = f"{len(counted)} updates are counted; the round needs {plan.minimum_updates}."
            raise QuorumNotReachedError(message)
        lineage, seconds = await self._merge(plan, own, partials)
        outcome = RoundOutcome(await self.publication.store_lineage(plan.schema, lineage), seconds)
        await in_thread(self.rounds.finalize, key, outcome)
        self.failpoints.reach(Failpoint.OUTCOME_STORED)
        self._report(lineage, seconds)
        return outcome

    def _partials(
        self, plan: RoundPlan, own: tuple[CountedUpdate, ...], statements: Sequence[bytes]
    ) -> list[PartialSum]:
        """Verifies and reads what other spools add."""
        if plan.spools and plan.spools[0] != self.spool:
            message = f"Spool {plan.spools[0]} finalizes the round, not {self.spool}."
            raise RoundStateInvalidError(message)
        partials = [self.statements.read_partial_sum(statement) for statement in statements]
        check_partial_sums(plan, self.statements.plan_sha256(plan), own, partials)
        return partials

    async def _merge(
        self, plan: RoundPlan, own: tuple[CountedUpdate, ...], partials: Sequence[PartialSum]
    ) -> tuple[Lineage, float]:
        started = self.clock.monotonic()
        change, before = await together(self.change.run(plan, own, partials), self._load(plan))
        report = change.report
        vector, moments = await in_thread(move_base, plan, change.delta, *before)
        del change, before  # storing needs memory, too
        seconds = self.clock.monotonic() - started
        digest, state_digest = await together(
            self.publication.store_adapter(vector), self.publication.store_state(moments)
        )
        adapter = AdapterReference(
            digest=digest,
            schema_digest=plan.schema.digest,
            run=plan.key.run,
            line=plan.key.line,
            version=plan.next_version,
        )
        self.failpoints.reach(Failpoint.ADAPTER_STORED)
        lineage = Lineage(
            adapter=adapter,
            parent_digest=plan.base.digest,
            seed=0,
            attempt=plan.key.attempt,
            counted=merge_counted(own, partials),
            optimizer_state_digest=state_digest,
            publish_time=self.clock.now(),
            forms=await self.publication.store_forms(digest, vector, plan.download_encoding),
            report=report,
        )
        return lineage, seconds

    async def _load(self, plan: RoundPlan) -> tuple[bytes, bytes | None]:
        """Reads base adapter and optimiser state."""
        base = await self.artifacts.get("adapters", plan.base.digest)
        digest = plan.optimizer_state_digest
        state = await self.artifacts.get("optimizer-states", digest) if digest else None
        return base, state

    def _report(self, lineage: Lineage, seconds: float) -> None:
        left_out = lineage.report.left_out if lineage.report else ()
        self.meter.round_merged(seconds, len(left_out))
        get_logger().info(
            Event.ADAPTER_MERGED,
            run=lineage.adapter.run,
            line=lineage.adapter.line,
            version=lineage.adapter.version,
            attempt=lineage.attempt,
            adapter_digest=lineage.adapter.digest,
            updates=len(lineage.counted),
            left_out=len(left_out),
            discarded_energy=lineage.report.discarded_energy if lineage.report else 0.0,
            seconds=round(seconds, 6),
        )
