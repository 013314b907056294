"""Lists published adapters."""

from typing import Any

from pfi_common.errors import AdapterUnknownError
from pfi_coordinator.application.ports.run_store import RunStore
from pfi_coordinator.application.records import RunDocument
from pfi_coordinator.domain.state import AdapterVersion


class ListAdapters:
    """Lists adapters of one run or of all."""

    def __init__(self, runs: RunStore) -> None:
        self._runs = runs

    async def __call__(self, name: str | None) -> list[dict[str, Any]]:
        """Gives adapters, of the newest run first, in each by version.

        Raises:
            RunUnknownError: There is no such run.
        """
        if name is None:
            runs = [line.run for line in await self._runs.lines()]
        else:
            runs = [await self._runs.find(name)]
        return [
            _view(run, adapter)
            for run in runs
            for adapter in (await self._runs.history(run)).adapters
        ]

    async def origin(self, digest: str) -> tuple[RunDocument, AdapterVersion]:
        """Gives the run and version that a digest names.

        Raises:
            AdapterUnknownError: No run published it.
        """
        for line in await self._runs.lines():
            for adapter in (await self._runs.history(line.run)).adapters:
                if adapter.digest == digest:
                    return await self._runs.document(line.run), adapter
        raise AdapterUnknownError("there is no adapter with this digest", digest=digest)


def _view(run: str, adapter: AdapterVersion) -> dict[str, Any]:
    return {
        "digest": adapter.digest,
        "schema_digest": adapter.schema_digest,
        "run": run,
        "line": adapter.line,
        "version": adapter.version,
        "published_at": adapter.published_at.isoformat(),
        "discarded_energy": adapter.discarded_energy,
    }
