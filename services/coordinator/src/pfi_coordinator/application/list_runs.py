"""Lists runs; after a loss of the store also those that only the artifacts remember."""

import json
from typing import Any

from pfi_common.artifacts import ArtifactStore
from pfi_coordinator.application.guard_store import GuardStore
from pfi_coordinator.application.ports.run_store import RunStore
from pfi_coordinator.application.run_view import line_view


class ListRuns:
    """Lists runs, newest first."""

    def __init__(self, runs: RunStore, artifacts: ArtifactStore, guard: GuardStore) -> None:
        self._runs = runs
        self._artifacts = artifacts
        self._guard = guard

    async def __call__(self) -> list[dict[str, Any]]:
        """Gives a line for each run. One that was only found in artifacts has the state `found`."""
        lines = [line_view(line) for line in await self._runs.lines()]
        if self._guard.intact:
            return lines
        known = {line["run"] for line in lines}
        return lines + [line for line in await self._found() if line["run"] not in known]

    async def _found(self) -> list[dict[str, Any]]:
        paths = await self._artifacts.list_named("runs")
        files = [path for path in paths if path.endswith("/run.json")]
        contents = [await self._artifacts.get_named(path) for path in files]
        return [_found_line(json.loads(content)) for content in contents if content is not None]


def _found_line(content: dict[str, Any]) -> dict[str, Any]:
    return {
        "run": content["run"],
        "name": content["name"],
        "state": "found",
        "revision": 0,
        "created_at": content["created_at"],
        "ended_at": None,
        "rounds_published": 0,
        "rounds_total": content["spec"]["stop"]["rounds"],
    }
