"""All use cases on twins."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import numpy as np
from tests.support.aggregator.artifacts import InMemoryArtifacts
from tests.support.aggregator.builders import KEY_SHA256, SEED, SPOOL, Upload, with_ticket
from tests.support.aggregator.incoming import InMemoryIncoming
from tests.support.aggregator.rounds import InMemoryRounds
from tests.support.aggregator.sealed_rounds import InMemorySealedRounds
from tests.support.aggregator.small_twins import InMemoryLeaderTokens, RecordingMeter
from tests.support.aggregator.statements import PlainStatements
from tests.support.clock import ManualClock

from pfi.aggregator.v1 import ticket_pb2
from pfi.common.v1 import signed_pb2
from pfi_aggregator.application.abort_round import AbortRound
from pfi_aggregator.application.create_initial_adapter import CreateInitialAdapter, InitialAdapter
from pfi_aggregator.application.finalize_round import FinalizeRound
from pfi_aggregator.application.find_change import FindChange
from pfi_aggregator.application.fold_ahead import FoldAhead
from pfi_aggregator.application.fold_round import FoldRound
from pfi_aggregator.application.fold_update import FoldUpdate
from pfi_aggregator.application.get_upload_status import GetUploadStatus, UploadStatus
from pfi_aggregator.application.leadership import Leadership
from pfi_aggregator.application.merge_round import MergeRound
from pfi_aggregator.application.open_round import OpenRound
from pfi_aggregator.application.partial_sums import PartialSums
from pfi_aggregator.application.publication import Publication
from pfi_aggregator.application.receive_slots import ReceiveSlots
from pfi_aggregator.application.receive_update import ReceiveUpdate
from pfi_aggregator.application.reduce_piece import ReducePiece
from pfi_aggregator.application.reduction_pieces import ReductionPieces
from pfi_aggregator.application.round_bells import RoundBells
from pfi_aggregator.application.seal_round import SealRound
from pfi_aggregator.application.settle_round import SettleRound
from pfi_aggregator.application.shared_work import SharedWork
from pfi_aggregator.application.sweep_uploads import SweepUploads
from pfi_aggregator.application.turns import Turns
from pfi_aggregator.application.upload_admission import UploadAdmission
from pfi_aggregator.application.upload_places import UploadPlaces
from pfi_aggregator.application.upload_turns import UploadTurns
from pfi_aggregator.application.watch_round import WatchRound
from pfi_aggregator.domain.chunk import Chunk
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.ticket import Caller
from pfi_aggregator.failpoints import Failpoints
from pfi_aggregator.wire.updates import read_header

TOKEN = 5
FOLD_AHEAD_BYTES = 1 << 20
ABANDONED_SECONDS = 7200.0


@dataclass
class UseCases:
    """The application of an aggregator, wired as in `pfi_aggregator.bootstrap.graph`."""

    clock: ManualClock = field(default_factory=ManualClock)
    artifacts: InMemoryArtifacts = field(default_factory=InMemoryArtifacts)
    statements: PlainStatements = field(default_factory=PlainStatements)
    meter: RecordingMeter = field(default_factory=RecordingMeter)
    uploads: UploadTurns = field(default_factory=UploadTurns)
    places: UploadPlaces = field(default_factory=UploadPlaces)
    spool: str = SPOOL
    fold_ahead_bytes: int = FOLD_AHEAD_BYTES

    def __post_init__(self) -> None:
        self.incoming = InMemoryIncoming(self.clock)
        rounds = self.rounds = InMemoryRounds(self.incoming)
        turns, bells, failpoints = Turns(), RoundBells(), Failpoints()
        self.bells = bells
        self.leadership = Leadership(InMemoryLeaderTokens())
        merge = self._merge()
        admission = UploadAdmission(rounds, self.statements, self.clock, self.spool)
        self.receive = ReceiveUpdate(
            rounds=rounds,
            incoming=self.incoming,
            admission=admission,
            statements=self.statements,
            turns=self.uploads,
            places=self.places,
            slots=ReceiveSlots(),
            ahead=self.ahead,
            bells=bells,
            meter=self.meter,
            failpoints=failpoints,
        )
        self.status = GetUploadStatus(
            rounds, self.incoming, admission, self.statements, self.places
        )
        self.sweep = SweepUploads(
            rounds, self.incoming, self.uploads, self.clock, ABANDONED_SECONDS
        )
        publication = Publication(self.artifacts, self.statements)
        self.create = CreateInitialAdapter(
            self.leadership, publication, self.artifacts, self.statements, turns, self.clock
        )
        self.open = OpenRound(self.leadership, rounds, turns)
        self.watch = WatchRound(rounds, bells)
        self.seal = SealRound(
            self.leadership, rounds, self.artifacts, self.statements, turns, bells
        )
        pieces = ReductionPieces(self.artifacts)
        self.reduce = ReducePiece(InMemorySealedRounds(rounds), self.artifacts, pieces)
        partials = PartialSums(self.artifacts, self.statements)
        self.settle = SettleRound(
            self.leadership,
            rounds,
            turns,
            pieces,
            partials,
            publication,
            self.statements,
            self.spool,
        )
        self.abort = AbortRound(self.leadership, rounds, turns, bells)
        self._merging(merge, turns, pieces, partials, publication)

    def _merge(self) -> MergeRound:
        fold = FoldUpdate(self.rounds)
        self.ahead = FoldAhead(self.rounds, fold, self.fold_ahead_bytes, Failpoints())
        return MergeRound(fold, self.ahead, lambda: None, Failpoints())

    def _merging(
        self,
        merge: MergeRound,
        turns: Turns,
        pieces: ReductionPieces,
        partials: PartialSums,
        publication: Publication,
    ) -> None:
        rounds, failpoints = self.rounds, Failpoints()
        self.fold = FoldRound(
            leadership=self.leadership,
            rounds=rounds,
            merge=merge,
            sums=partials,
            statements=self.statements,
            turns=turns,
            work=SharedWork(),
            spool=self.spool,
            meter=self.meter,
            clock=self.clock,
            failpoints=failpoints,
        )
        self.finalize = FinalizeRound(
            leadership=self.leadership,
            rounds=rounds,
            change=FindChange(merge, pieces, partials, failpoints),
            statements=self.statements,
            publication=publication,
            artifacts=self.artifacts,
            turns=turns,
            work=SharedWork(),
            meter=self.meter,
            clock=self.clock,
            failpoints=failpoints,
            spool=self.spool,
        )

    async def start(self, plan: RoundPlan) -> None:
        """Publishes version 0 and opens the plan's round."""
        wanted = InitialAdapter(plan.key.run, plan.key.line, plan.schema, SEED)
        await self.create.run(TOKEN, wanted)
        await self.open.run(TOKEN, plan)

    async def upload(
        self, upload: Upload, *, chunk_bytes: int = 100, offset: int = 0
    ) -> ticket_pb2.UpdateReceipt:
        """Sends an upload and gives its receipt."""
        header = with_ticket(upload)
        header.offset_bytes = offset
        caller = Caller(upload.ticket.client, KEY_SHA256)
        chunks = cut(upload.payload, chunk_bytes, offset)
        return receipt_of(await self.receive.run(caller, read_header(header), chunks))

    def ask(self, upload: Upload) -> UploadStatus:
        """Asks how an upload stands."""
        caller = Caller(upload.ticket.client, KEY_SHA256)
        statement = with_ticket(upload).ticket.SerializeToString()
        return self.status.run(caller, statement, upload.header.payload_sha256)

    def adapter(self, digest: str) -> np.ndarray:
        """A stored adapter."""
        return np.frombuffer(self.artifacts.objects["adapters", digest], dtype="<f4")


def receipt_of(statement: bytes) -> ticket_pb2.UpdateReceipt:
    signed = signed_pb2.SignedStatement.FromString(statement)
    return ticket_pb2.UpdateReceipt.FromString(signed.payload)


async def cut(payload: bytes, chunk_bytes: int, offset: int = 0) -> AsyncIterator[Chunk]:
    """A payload in pieces."""
    for start in range(offset, len(payload), chunk_bytes):
        yield Chunk(start, payload[start : start + chunk_bytes])
