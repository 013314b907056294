"""Tasks: handed out to clients, and taken back."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace

from pfi_common.errors import InternalError
from pfi_coordinator.application.ports.client_registry import ClientRegistry
from pfi_coordinator.application.ports.counted_rounds import CountedRounds
from pfi_coordinator.application.ports.run_store import RunStore
from pfi_coordinator.application.ports.signals import Signals
from pfi_coordinator.application.ports.task_board import TaskBoard
from pfi_coordinator.application.ports.task_factory import TaskFactory
from pfi_coordinator.application.records import RunDocument
from pfi_coordinator.domain.effects import (
    CancelEvaluation,
    CancelPlacement,
    CancelTasks,
    DispatchEvaluation,
    DispatchTasks,
    PlaceClients,
)
from pfi_coordinator.domain.events import ClientsRevoked
from pfi_coordinator.domain.members import Client
from pfi_coordinator.domain.placing import comparison
from pfi_coordinator.domain.spools import spool_of
from pfi_coordinator.domain.state import AdapterVersion, RoundState, RunState
from pfi_coordinator.domain.tasks import (
    Assignment,
    TaskName,
    TaskState,
    evaluation_scope,
    placement_scope,
    round_scope,
)


class HandOutTasks:
    """Hands out and takes back tasks of rounds, of the evaluation, and of placements."""

    def __init__(  # noqa: PLR0913, PLR0917 - one argument for each thing that tasks come from
        self,
        factory: TaskFactory,
        registry: ClientRegistry,
        board: TaskBoard,
        signals: Signals,
        runs: RunStore,
        counted: CountedRounds,
        find_spools: Callable[[], Awaitable[tuple[str, ...]]],
    ) -> None:
        """Takes what it needs; `find_spools` gives the spools whose aggregators answer."""
        self._find_spools = find_spools
        self._counted = counted
        self._runs = runs
        self._factory = factory
        self._registry = registry
        self._board = board
        self._signals = signals

    async def train(
        self, document: RunDocument, state: RunState, effect: DispatchTasks, _token: int
    ) -> ClientsRevoked:
        """Gives each client of the cohort that still belongs to it its task."""
        working = frozenset() if state.round is None else state.round.open
        wanted = [client for client in effect.clients if client in working]
        base, current = _base(state), state.round
        counted = await self._counted.last(document.run, base.line, wanted)

        def make(client: Client) -> Assignment:
            return self._factory.train_task(
                _dealt(document, current, client.client),
                base,
                client,
                number=effect.number,
                attempt=effect.attempt,
                deadline=effect.deadline,
                counted_round=counted.get(client.client, 0),
            )

        return await self._hand_out(wanted, make)

    async def evaluate(
        self, document: RunDocument, state: RunState, effect: DispatchEvaluation, _token: int
    ) -> ClientsRevoked:
        """Gives each client that is still waited for its evaluation."""
        waiting = frozenset() if state.evaluation is None else state.evaluation.waiting
        wanted = [client for client in effect.clients if client in waiting]
        base, spools = _base(state), await self._find_spools()

        def make(client: Client) -> Assignment:
            at_spool = _spread(document, spools, client.client)
            past = state.evaluations_past
            return self._factory.evaluate_task(at_spool, base, client, effect.deadline, past=past)

        return await self._hand_out(wanted, make)

    async def cancel_tasks(
        self, document: RunDocument, _state: RunState, effect: CancelTasks, _token: int
    ) -> None:
        """Takes training tasks back."""
        scope = round_scope(effect.number, effect.attempt, effect.line)
        await self._take_back(document, scope, effect.clients)

    async def cancel_evaluation(
        self, document: RunDocument, _state: RunState, effect: CancelEvaluation, _token: int
    ) -> None:
        """Takes evaluation tasks back."""
        scope = evaluation_scope(effect.line, effect.past)
        await self._take_back(document, scope, effect.clients)

    async def place(
        self, document: RunDocument, state: RunState, effect: PlaceClients, _token: int
    ) -> ClientsRevoked:
        """Asks each new client that is still waited for where it belongs."""
        waiting = frozenset[str]().union(
            *(item.waiting for item in state.placements if item.number == effect.number)
        )
        wanted = [client for client in effect.clients if client in waiting]
        candidates = await self._candidates(document.run, state)
        spools = await self._find_spools()

        def make(client: Client) -> Assignment:
            return self._factory.place_task(
                _spread(document, spools, client.client),
                candidates,
                client,
                number=effect.number,
                deadline=effect.deadline,
            )

        return await self._hand_out(wanted if candidates else [], make)

    async def cancel_placement(
        self, document: RunDocument, _state: RunState, effect: CancelPlacement, _token: int
    ) -> None:
        """Takes questions back."""
        await self._take_back(document, placement_scope(effect.number), effect.clients)

    async def _candidates(self, run: str, state: RunState) -> list[AdapterVersion]:
        compared = comparison(state)
        if compared is None:
            return []
        return [
            item
            for item in (await self._runs.history(run)).adapters
            if item.line in compared.lines and item.version == compared.version
        ]

    async def _hand_out(
        self, wanted: Sequence[str], make: Callable[[Client], Assignment]
    ) -> ClientsRevoked:
        """Hands tasks out; clients revoked since they were selected are reported, not served."""
        known = await self._registry.find(list(wanted))
        members = [known[name] for name in wanted if name in known and not known[name].revoked]
        await self._board.hand_out([make(client) for client in members])
        served = [client.client for client in members]
        await self._signals.inbox_changed(served)
        return ClientsRevoked(tuple(sorted(set(wanted) - set(served))))

    async def _take_back(self, document: RunDocument, scope: str, clients: Iterable[str]) -> None:
        names = [TaskName(document.run, scope, client) for client in clients]
        await self._board.take_back(names, TaskState.CANCELLED)
        await self._signals.inbox_changed([name.client for name in names])


def _dealt(document: RunDocument, current: RoundState | None, client: str) -> RunDocument:
    """Names the spool of a client's update in the document that its task is made of."""
    if current is None or not current.spools:
        return document
    return replace(document, spool=spool_of(current.spools, current.dealing, client))


def _spread(document: RunDocument, spools: tuple[str, ...], client: str) -> RunDocument:
    """Names a spool to download from: every aggregator serves every version."""
    return replace(document, spool=spool_of(spools, 0, client)) if spools else document


def _base(state: RunState) -> AdapterVersion:
    if state.base is None:
        raise InternalError("tasks were to be handed out before version 0 was published")
    return state.base
