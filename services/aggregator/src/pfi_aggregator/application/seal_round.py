"""Fixes the counted set of a round."""

from dataclasses import dataclass, replace

from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.leadership import Leadership
from pfi_aggregator.application.ports import Artifacts, Rounds, Statements
from pfi_aggregator.application.round_bells import RoundBells
from pfi_aggregator.application.turns import Turns
from pfi_aggregator.domain.reduction import piece_count
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.round_view import RoundOutcome
from pfi_aggregator.domain.update import CountedUpdate, UpdateSketch
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger


@dataclass(frozen=True)
class SealedRound:
    """What a seal fixes.

    Attributes:
        counted: The counted set, sorted by task.
        sketches: One for each counted update of a probe round that is not settled, sorted by
            client; else empty.
        reduction_pieces: Pieces that workers must reduce before the round can be finalized.
    """

    counted: tuple[CountedUpdate, ...]
    sketches: tuple[UpdateSketch, ...] = ()
    reduction_pieces: int = 0


@dataclass(frozen=True)
class SealRound:
    """The use case behind SealRound."""

    leadership: Leadership
    rounds: Rounds
    artifacts: Artifacts
    statements: Statements
    turns: Turns
    bells: RoundBells

    async def run(self, leader_token: int, key: RoundKey) -> SealedRound:
        """Gives the counted set; the same one whenever it is asked for.

        Raises:
            LeaderSupersededError: a newer leader has commanded.
            RoundUnknownError: the round was never opened here.
            RoundStateInvalidError: the attempt is aborted.
            ArtifactCorruptError: a committed update cannot be read.
        """
        await self.leadership.require(leader_token)
        async with self.turns.take(key):
            view = await in_thread(self.rounds.view, key)
            if view.settled and view.outcome is not None:
                return SealedRound(await self._settled(view.outcome))
            counted = await in_thread(self.rounds.seal, key)
            sketches: tuple[UpdateSketch, ...] = ()
            if view.plan is not None and view.plan.sketch is not None:
                sketches = await in_thread(self._sketches, key, counted)
        pieces = piece_count(view.plan, counted) if view.plan is not None else 0
        self.bells.ring(key)
        get_logger().info(
            Event.SPOOL_ROUND_SEALED,
            run=key.run,
            round=key.round,
            attempt=key.attempt,
            line=key.line,
            updates=len(counted),
        )
        return SealedRound(counted, sketches, pieces)

    async def _settled(self, outcome: RoundOutcome) -> tuple[CountedUpdate, ...]:
        """Reads the counted updates of this spool from the lineage that they have led to."""
        statement = await self.artifacts.get("lineages", outcome.lineage_digest)
        counted = self.statements.read_lineage(statement).counted
        return tuple(replace(item, spool="") for item in counted if item.spool == outcome.spool)

    def _sketches(
        self, key: RoundKey, counted: tuple[CountedUpdate, ...]
    ) -> tuple[UpdateSketch, ...]:
        """Reads them from the committed files, so that nothing else has to keep them."""
        sketches = []
        for update in counted:
            with self.rounds.read(key, update.task) as stored:
                sketches.append(UpdateSketch(update.client, stored.record.sketch))
        return tuple(sorted(sketches, key=lambda sketch: sketch.client))
