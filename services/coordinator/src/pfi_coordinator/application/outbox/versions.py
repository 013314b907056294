"""Versions of the adapter: made by the aggregator, countersigned and filed here."""

import base64
import json
from dataclasses import asdict

from pfi_common.artifacts import ArtifactStore
from pfi_common.errors import InternalError, ReductionIncompleteError
from pfi_common.spec import ENCODINGS, feeds_error_back
from pfi_coordinator.application.outbox.every_spool import attempts_of, of_spool
from pfi_coordinator.application.outbox.reductions import OrderPieces
from pfi_coordinator.application.ports.aggregators import Aggregators, Attempt, Publication, Sealed
from pfi_coordinator.application.ports.counted_rounds import CountedRounds
from pfi_coordinator.application.records import RunDocument
from pfi_coordinator.domain.effects import CreateInitialAdapter, FinalizeRound
from pfi_coordinator.domain.events import InitialAdapterMade, RoundPublished
from pfi_coordinator.domain.spools import spool_of
from pfi_coordinator.domain.state import GLOBAL, AdapterVersion, RoundState, RunState


class PublishVersions:
    """Carries out CreateInitialAdapter and FinalizeRound."""

    def __init__(
        self,
        aggregators: Aggregators,
        artifacts: ArtifactStore,
        counted: CountedRounds,
        orders: OrderPieces,
    ) -> None:
        self._orders = orders
        self._aggregators = aggregators
        self._artifacts = artifacts
        self._counted = counted

    async def create_initial(
        self, document: RunDocument, _state: RunState, _effect: CreateInitialAdapter, token: int
    ) -> InitialAdapterMade:
        """Files the run and has version 0 made."""
        await self._artifacts.put("schemas", document.description.adapter_schema.canonical_json())
        await self._artifacts.put_named(f"runs/{document.run}/run.json", run_file(document))
        publication = await self._aggregators.create_initial(token, document)
        await self._file(document, publication)
        return InitialAdapterMade(publication.adapter)

    async def finalize(
        self, document: RunDocument, state: RunState, effect: FinalizeRound, token: int
    ) -> RoundPublished:
        """Has the counted updates merged and the version published.

        Raises:
            ReductionIncompleteError: A piece is not there any more; it is ordered again.
        """
        if state.base is None or state.round is None:
            raise InternalError("a round was to be finalised that is not there")
        home, *others = attempts_of(document.run, document.spool, state.round)
        sealed = _sealed(state.base, state.round)
        partials = [await self._partial(token, item) for item in others]
        try:
            publication = await of_spool(
                home,
                lambda item: self._aggregators.finalize_round(
                    token, item, document, sealed, partials
                ),
            )
        except ReductionIncompleteError:
            await self._orders.again(home, state.round.pieces)
            raise
        self._orders.forget(home)
        await self._file(document, publication)
        encoding = document.spec.encoding
        if feeds_error_back(encoding, ENCODINGS[encoding.upload]):
            await self._counted.note(document.run, effect.line, effect.number, sealed.counted)
        return RoundPublished(
            effect.number, effect.attempt, publication.adapter, publication.merge_seconds
        )

    async def _partial(self, token: int, attempt: Attempt) -> bytes:
        """Gives what a spool has stored; one that is away is not needed any more."""
        stored = await self._artifacts.get_named(_partial_path(attempt))
        if stored is not None:
            return stored
        return await of_spool(attempt, lambda item: self._aggregators.fold_round(token, item))

    async def _file(self, document: RunDocument, publication: Publication) -> None:
        """Writes the lineage, and the pointer to it last."""
        await self._artifacts.put("lineages", publication.lineage)
        path = _pointer(document, publication.adapter)
        await self._artifacts.put_named(path, _version_file(document, publication))


def run_file(document: RunDocument) -> bytes:
    """Writes what the run is, for those who have the artifacts alone."""
    content = {
        "run": document.run,
        "name": document.name,
        "created_at": document.created_at.isoformat(),
        "spec": document.spec.model_dump(mode="json"),
        "description": document.description.model_dump(mode="json"),
        "origin": None if document.origin is None else asdict(document.origin),
    }
    return json.dumps(content, indent=1).encode()


def _sealed(base: AdapterVersion, current: RoundState) -> Sealed:
    if len(current.spools) < 2:  # noqa: PLR2004 - one spool has no others
        return Sealed(base.digest, current.committed)
    home, dealing = current.spools[0], current.dealing
    placed = {(client, spool_of(current.spools, dealing, client)) for client in current.committed}
    foreign = frozenset((client, spool) for client, spool in placed if spool != home)
    return Sealed(base.digest, current.committed, foreign)


def _partial_path(attempt: Attempt) -> str:
    """Where an aggregator leaves its signed statement over the sums of a spool."""
    name = f"{attempt.number}.{attempt.attempt}/{attempt.spool}"
    return f"folds/{attempt.run}/{attempt.line}/{name}"


def _pointer(document: RunDocument, adapter: AdapterVersion) -> str:
    folder = "" if adapter.line == GLOBAL else f"{adapter.line}/"
    return f"runs/{document.run}/adapters/{folder}{adapter.version}.json"


def _version_file(document: RunDocument, publication: Publication) -> bytes:
    adapter = publication.adapter
    content = {
        "run": document.run,
        "line": adapter.line,
        "version": adapter.version,
        "digest": adapter.digest,
        "schema_digest": adapter.schema_digest,
        "lineage_digest": adapter.lineage_digest,
        "countersignature": base64.b64encode(publication.countersignature).decode(),
    }
    return json.dumps(content, indent=1).encode()
