"""The closing evaluation as an artifact."""

import json

from pfi_common.artifacts import ArtifactStore
from pfi_coordinator.application.evaluation_view import evaluation_view
from pfi_coordinator.application.ports.client_registry import ClientRegistry
from pfi_coordinator.application.ports.task_board import TaskBoard
from pfi_coordinator.application.records import RunDocument
from pfi_coordinator.domain.effects import StoreEvaluation
from pfi_coordinator.domain.events import EvaluationStored
from pfi_coordinator.domain.state import RunState
from pfi_coordinator.domain.tasks import EVALUATION


class FileEvaluation:
    """Carries out StoreEvaluation."""

    def __init__(
        self, board: TaskBoard, registry: ClientRegistry, artifacts: ArtifactStore
    ) -> None:
        self._board = board
        self._registry = registry
        self._artifacts = artifacts

    async def __call__(
        self, document: RunDocument, _state: RunState, _effect: StoreEvaluation, _token: int
    ) -> EvaluationStored:
        """Writes what every client measured."""
        (rows,) = await self._board.rows(document.run, [EVALUATION])
        clients = await self._registry.find(sorted(rows))
        content = {"run": document.run, "evaluation": evaluation_view(rows, clients)}
        path = f"runs/{document.run}/evaluation.json"
        await self._artifacts.put_named(path, json.dumps(content, indent=1).encode())
        return EvaluationStored()
