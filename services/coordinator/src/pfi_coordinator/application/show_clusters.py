"""Shows the clusters of a run and who belongs to them."""

from typing import Any

from pfi_coordinator.application.clusters_view import clients_of, clusters_view
from pfi_coordinator.application.ports.client_registry import ClientRegistry
from pfi_coordinator.application.ports.run_store import RunStore


class ShowClusters:
    """Shows the clusters of runs by id or name."""

    def __init__(self, runs: RunStore, registry: ClientRegistry) -> None:
        self._runs = runs
        self._registry = registry

    async def __call__(self, name: str) -> dict[str, Any]:
        """Gives partition, members of each cluster, and clients that are in none.

        Raises:
            RunUnknownError: There is no such run.
        """
        state = (await self._runs.load(await self._runs.find(name))).state
        return clusters_view(state, await self._registry.find(sorted(clients_of(state))))
