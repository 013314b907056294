"""The closing evaluation as an artifact."""

import json

from pfi_common.artifacts import ArtifactStore
from pfi_coordinator.application.evaluation_view import evaluation_view
from pfi_coordinator.application.ports.client_registry import ClientRegistry
from pfi_coordinator.application.ports.task_board import TaskBoard
from pfi_coordinator.application.records import RunDocument
from pfi_coordinator.domain.effects import StoreEvaluation
from pfi_coordinator.domain.events import EvaluationStored
from pfi_coordinator.domain.lines import every_line
from pfi_coordinator.domain.state import GLOBAL, RunState
from pfi_coordinator.domain.tasks import evaluation_scope


class FileEvaluation:
    """Carries out StoreEvaluation."""

    def __init__(
        self, board: TaskBoard, registry: ClientRegistry, artifacts: ArtifactStore
    ) -> None:
        self._board = board
        self._registry = registry
        self._artifacts = artifacts

    async def __call__(
        self, document: RunDocument, state: RunState, _effect: StoreEvaluation, _token: int
    ) -> EvaluationStored:
        """Writes what every client measured: of one cluster, or of the run with all its lines."""
        lines = every_line(state)
        scopes = [evaluation_scope(line.line, line.evaluations_past) for line in lines]
        found = await self._board.rows(document.run, scopes)
        clients = await self._registry.find(sorted({client for rows in found for client in rows}))
        entries = [
            entry
            for line, rows in zip(lines, found, strict=True)
            for entry in evaluation_view(rows, clients, line.line)
        ]
        content = {"run": document.run, "evaluation": entries}
        path = f"runs/{document.run}/{_file_of(state.line)}"
        await self._artifacts.put_named(path, json.dumps(content, indent=1).encode())
        return EvaluationStored(state.evaluations_past)


def _file_of(line: str) -> str:
    return "evaluation.json" if line == GLOBAL else f"evaluation/{line}.json"
