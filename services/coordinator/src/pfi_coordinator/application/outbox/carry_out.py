"""Which part carries out which effect."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pfi_coordinator.application.outbox.clusters import GroupClients
from pfi_coordinator.application.outbox.evaluation import FileEvaluation
from pfi_coordinator.application.outbox.reductions import ReduceRounds
from pfi_coordinator.application.outbox.rounds import CommandRounds
from pfi_coordinator.application.outbox.tasks import HandOutTasks
from pfi_coordinator.application.outbox.versions import PublishVersions
from pfi_coordinator.application.records import RunDocument
from pfi_coordinator.domain import effects
from pfi_coordinator.domain.effects import Effect
from pfi_coordinator.domain.events import Event
from pfi_coordinator.domain.state import RunState

Handler = Callable[[RunDocument, RunState, Any, int], Awaitable[Event | None]]


class CarryOut:
    """Carries out effects. Each may be repeated without harm."""

    def __init__(  # noqa: PLR0913, PLR0917 - one argument for each kind of work
        self,
        versions: PublishVersions,
        rounds: CommandRounds,
        tasks: HandOutTasks,
        evaluation: FileEvaluation,
        clusters: GroupClients,
        reductions: ReduceRounds,
    ) -> None:
        self.handlers: Mapping[type[Effect], Handler] = {
            effects.CreateInitialAdapter: versions.create_initial,
            effects.OpenRound: rounds.open,
            effects.DispatchTasks: tasks.train,
            effects.CancelTasks: tasks.cancel_tasks,
            effects.SealRound: rounds.seal,
            effects.ReduceRound: reductions,
            effects.FinalizeRound: versions.finalize,
            effects.AbortRound: rounds.abort,
            effects.VoidRound: rounds.void,
            effects.SettleRound: rounds.settle,
            effects.DispatchEvaluation: tasks.evaluate,
            effects.CancelEvaluation: tasks.cancel_evaluation,
            effects.StoreEvaluation: evaluation,
            effects.PartitionClients: clusters.partition,
            effects.ForgetSketches: clusters.forget,
            effects.PlaceClients: tasks.place,
            effects.CancelPlacement: tasks.cancel_placement,
        }

    async def __call__(
        self, document: RunDocument, state: RunState, effect: Effect, token: int
    ) -> Event | None:
        """Carries one effect out.

        Args:
            document: The run.
            state: The state of the effect's line, in which it is wanted.
            effect: What to do.
            token: Fencing token of the leader.

        Returns:
            The event that follows, if any.

        Raises:
            PlatformError: It did not work; a retryable one may work later.
        """
        return await self.handlers[type(effect)](document, state, effect, token)
