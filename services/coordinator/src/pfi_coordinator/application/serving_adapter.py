"""Finds the adapter that a device answers with."""

from dataclasses import dataclass

from pfi_common.errors import AdapterUnknownError
from pfi_coordinator.application.ports.memberships import Memberships
from pfi_coordinator.application.ports.run_store import RunStore
from pfi_coordinator.application.ports.serving_index import ServingIndex
from pfi_coordinator.application.records import RunDocument
from pfi_coordinator.domain.state import GLOBAL, AdapterVersion

_MAXIMUM_DOCUMENTS = 16


@dataclass(frozen=True, slots=True)
class Served:
    """The adapter to answer with, and the run that made it."""

    document: RunDocument
    adapter: AdapterVersion


class FindServingAdapter:
    """Finds the newest published adapter of a client's line.

    Devices ask every few seconds, so an answer costs a few look-ups by key, whatever the number of
    clients, and what was submitted is read once: it never changes.
    """

    def __init__(self, runs: RunStore, index: ServingIndex, memberships: Memberships) -> None:
        self._runs = runs
        self._index = index
        self._memberships = memberships
        self._documents: dict[str, RunDocument] = {}

    async def __call__(self, client: str, name: str) -> Served:
        """Finds the adapter.

        Args:
            client: The caller.
            name: Id or name of a run; empty for the one that the client took part in last and that
                has published, else the one that published last.

        Raises:
            RunUnknownError: There is no such run.
            AdapterUnknownError: Nothing was published yet.
        """
        for run in await self._candidates(client, name):
            found = await self._newest(run, client)
            if found is not None:
                return found
        raise AdapterUnknownError(
            f"the run {name} has not published an adapter yet"
            if name
            else "no run has published an adapter yet"
        )

    async def _candidates(self, client: str, name: str) -> list[str]:
        if name:
            return [await self._runs.find(name)]
        last = await self._index.last_published()
        recent = await self._index.recent_runs(client)
        return [*recent, *([] if last is None else [last])]

    async def _newest(self, run: str, client: str) -> Served | None:
        """Gives the newest version of the client's line.

        A cluster that has not published begins with the global adapter, so that is the one.
        """
        line = await self._memberships.line_of(run, client)
        own = None if line is None else await self._index.newest(run, line)
        adapter = own or await self._index.newest(run, GLOBAL)
        if adapter is None or adapter.version == 0:
            return None
        return Served(await self._document(run), adapter)

    async def _document(self, run: str) -> RunDocument:
        if run not in self._documents:
            if len(self._documents) >= _MAXIMUM_DOCUMENTS:
                self._documents.pop(next(iter(self._documents)))
            self._documents[run] = await self._runs.document(run)
        return self._documents[run]
