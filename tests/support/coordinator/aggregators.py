import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256

from tests.support.coordinator.values import NOW

from pfi_common.errors import (
    AdapterUnknownError,
    LeaderSupersededError,
    PlatformError,
    RoundStateInvalidError,
    RoundUnknownError,
    ServiceUnavailableError,
    SignatureInvalidError,
)
from pfi_coordinator.application.ports.aggregators import (
    Attempt,
    Counted,
    Opening,
    Publication,
    Sealed,
    SealedSpool,
)
from pfi_coordinator.application.records import RunDocument
from pfi_coordinator.domain.state import GLOBAL, AdapterVersion


@dataclass
class MemoryAttempt:
    state: str = "open"
    base_digest: str = ""
    spools: tuple[str, ...] = ()
    committed: dict[str, Counted] = field(default_factory=dict)
    bell: asyncio.Event = field(default_factory=asyncio.Event)


class MemoryAggregators:
    """In-memory twin of `pfi_coordinator.application.ports.aggregators.Aggregators`.

    `commit` is what clients do; `failure`, when set, is what every command gives; `sketches` are
    handed out at seal, by client, with `pieces`; spools in `away` do not answer.
    """

    def __init__(self, spools: tuple[str, ...] = ("spool-0",)) -> None:
        self._spools = spools
        self._token = 0
        self.failure: PlatformError | None = None
        self.attempts: dict[Attempt, MemoryAttempt] = {}
        self.settled: list[Attempt] = []
        self.sketches: dict[str, tuple[float, ...]] = {}
        self.pieces = 0
        self.away: set[str] = set()
        self.published: dict[tuple[str, str, int], str] = {}

    @property
    def addresses(self) -> dict[str, str]:
        return {spool: f"{spool}:1" for spool in self._spools}

    def commit(self, attempt: Attempt, client: str) -> None:
        found = self._found(attempt)
        if found.state == "open":
            found.committed[client] = Counted(client, 64, clipped=False, capped=False)
            found.bell.set()

    async def highest_token(self, spool: str) -> int:
        self._check_failure(spool)
        return self._token

    async def create_initial(self, token: int, document: RunDocument) -> Publication:
        self._obey(token, document.spool)
        made, origin = _publication(document, 0, GLOBAL), document.origin
        if origin is None:
            return self._published(document, made)
        if self.published.get((origin.run, origin.line, origin.version)) != origin.digest:
            raise AdapterUnknownError
        adapter = replace(made.adapter, digest=origin.digest)
        return self._published(document, replace(made, adapter=adapter))

    async def open_round(
        self, token: int, attempt: Attempt, document: RunDocument, opening: Opening
    ) -> None:
        self._obey(token, attempt.spool)
        base = opening.base
        assert (base.line, base.version) == (attempt.line, attempt.number - 1)
        self.attempts.setdefault(
            attempt, MemoryAttempt(base_digest=base.digest, spools=opening.spools)
        )

    async def watch_round(self, attempt: Attempt) -> AsyncIterator[Counted]:
        self._check_failure(attempt.spool)
        found, told = self._found(attempt), 0
        while True:
            # The state first: what is committed after it was read is told in the next turn.
            state = found.state
            found.bell.clear()
            for update in [] if state == "aborted" else list(found.committed.values())[told:]:
                told += 1
                yield update
            if state != "open":
                return
            await found.bell.wait()
            self._check_failure(attempt.spool)

    async def seal_round(self, token: int, attempt: Attempt) -> SealedSpool:
        self._obey(token, attempt.spool)
        found = self._found(attempt)
        if found.state == "aborted":
            raise RoundStateInvalidError
        if found.state == "open":
            self._enter(found, "sealed")
        counted = [
            replace(item, sketch=self.sketches.get(item.client, ()))
            for item in found.committed.values()
        ]
        return SealedSpool(tuple(sorted(counted, key=lambda item: item.client)), self.pieces)

    async def fold_round(self, token: int, attempt: Attempt) -> bytes:
        self._obey(token, attempt.spool)
        found = self._found(attempt)
        adds = attempt.spool in found.spools[1:]
        if found.state not in {"sealed", "finalized"} or not adds:
            raise RoundStateInvalidError
        return json.dumps([attempt.spool, sorted(found.committed)]).encode()

    async def finalize_round(
        self,
        token: int,
        attempt: Attempt,
        document: RunDocument,
        sealed: Sealed,
        partials: Sequence[bytes] = (),
    ) -> Publication:
        self._obey(token, attempt.spool)
        found = self._found(attempt)
        if found.state not in {"sealed", "finalized"}:
            raise RoundStateInvalidError
        self._enter(found, "finalized")
        others = [json.loads(item) for item in partials]
        foreign = frozenset((client, spool) for spool, clients in others for client in clients)
        counted = frozenset(found.committed) | {client for client, _ in foreign}
        if sealed != Sealed(found.base_digest, counted, foreign):
            raise SignatureInvalidError
        for spool, _ in others:
            self._enter(self._found(replace(attempt, spool=spool)), "finalized")
        return self._published(document, _publication(document, attempt.number, attempt.line))

    async def abort_round(self, token: int, attempt: Attempt) -> None:
        self._obey(token, attempt.spool)
        found = self.attempts.setdefault(attempt, MemoryAttempt())
        if found.state == "finalized":
            raise RoundStateInvalidError
        self._enter(found, "aborted")

    async def settle_round(self, token: int, attempt: Attempt) -> None:
        self._obey(token, attempt.spool)
        if self._found(attempt).state in {"open", "sealed"}:
            raise RoundStateInvalidError
        self.settled.append(attempt)

    def _published(self, document: RunDocument, made: Publication) -> Publication:
        adapter = made.adapter
        self.published[document.run, adapter.line, adapter.version] = adapter.digest
        return made

    def _obey(self, token: int, spool: str) -> None:
        self._check_failure(spool)
        if token < self._token:
            raise LeaderSupersededError
        self._token = token

    def _check_failure(self, spool: str) -> None:
        if spool in self.away:
            raise ServiceUnavailableError
        if self.failure is not None:
            raise self.failure

    def _found(self, attempt: Attempt) -> MemoryAttempt:
        if attempt not in self.attempts:
            raise RoundUnknownError
        return self.attempts[attempt]

    @staticmethod
    def _enter(found: MemoryAttempt, state: str) -> None:
        found.state = state
        found.bell.set()


def _publication(document: RunDocument, version: int, line: str) -> Publication:
    lineage = f"{document.run} {line} {version}".encode()
    adapter = AdapterVersion(
        version=version,
        digest=sha256(lineage).hexdigest(),
        schema_digest=document.description.adapter_schema.digest,
        lineage_digest=sha256(lineage).hexdigest(),
        optimizer_state_digest="",
        published_at=NOW,
        line=line,
    )
    return Publication(adapter, lineage, b"countersigned", 0.0)
