"""Builds the aggregator's objects and wires them."""

import shutil
from contextlib import ExitStack
from dataclasses import dataclass

from pfi_aggregator.adapters.leader_tokens import FileLeaderTokens
from pfi_aggregator.adapters.mapped_payloads import MappedPayloads
from pfi_aggregator.adapters.ranged_payloads import RangedPayloads
from pfi_aggregator.adapters.spool.incoming import SpoolIncoming
from pfi_aggregator.adapters.spool.layout import SpoolLayout
from pfi_aggregator.adapters.spool.root_lock import RootLock
from pfi_aggregator.adapters.spool.rounds import SpoolRounds
from pfi_aggregator.adapters.statements import SignedStatements
from pfi_aggregator.application.abort_round import AbortRound
from pfi_aggregator.application.create_initial_adapter import CreateInitialAdapter
from pfi_aggregator.application.download_adapter import DownloadAdapter
from pfi_aggregator.application.finalize_round import FinalizeRound
from pfi_aggregator.application.find_change import FindChange
from pfi_aggregator.application.fold_ahead import FoldAhead
from pfi_aggregator.application.fold_continuously import FoldContinuously
from pfi_aggregator.application.fold_round import FoldRound
from pfi_aggregator.application.get_spool import GetSpool
from pfi_aggregator.application.get_upload_status import GetUploadStatus
from pfi_aggregator.application.leadership import Leadership
from pfi_aggregator.application.merge_round import MergeRound
from pfi_aggregator.application.open_round import OpenRound
from pfi_aggregator.application.partial_sums import PartialSums
from pfi_aggregator.application.ports import Payloads
from pfi_aggregator.application.publication import Publication
from pfi_aggregator.application.receive_slots import ReceiveSlots
from pfi_aggregator.application.receive_update import ReceiveUpdate
from pfi_aggregator.application.reduction_pieces import ReductionPieces
from pfi_aggregator.application.round_bells import RoundBells
from pfi_aggregator.application.seal_round import SealRound
from pfi_aggregator.application.send_slots import SEND_PATIENCE_SECONDS, SendSlots
from pfi_aggregator.application.settle_round import SettleRound
from pfi_aggregator.application.shared_work import SharedWork
from pfi_aggregator.application.sweep_uploads import SweepUploads
from pfi_aggregator.application.turns import Turns
from pfi_aggregator.application.upload_admission import UploadAdmission
from pfi_aggregator.application.upload_places import UploadPlaces
from pfi_aggregator.application.upload_turns import UploadTurns
from pfi_aggregator.application.watch_round import WatchRound
from pfi_aggregator.bootstrap.folding import build_merge
from pfi_aggregator.bootstrap.ingest import build_budget, build_places
from pfi_aggregator.bootstrap.spool_reader import own_round_keys
from pfi_aggregator.entrypoints.adapter_servicer import AdapterServicer
from pfi_aggregator.entrypoints.round_servicer import RoundServicer, RoundUseCases
from pfi_aggregator.entrypoints.update_servicer import UpdateServicer
from pfi_aggregator.failpoints import Failpoints
from pfi_aggregator.metrics import AggregatorMetrics
from pfi_aggregator.settings import AggregatorSettings
from pfi_common.artifacts import ArtifactStore, open_artifact_store
from pfi_common.clock import Clock
from pfi_common.errors import SettingsInvalidError
from pfi_common.identity import LocalIdentity, StatementVerifier, load_identity, load_signer
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger


@dataclass(frozen=True)
class Graph:
    """What runs.

    Attributes:
        identity: Of this service.
        updates: UpdateService.
        adapters: AdapterService.
        rounds: RoundService.
        sweep: Runs now and then.
        folding: Runs all the time.
        bells: Closed when draining begins.
        lock: Held while this process owns the spool.
    """

    identity: LocalIdentity
    updates: UpdateServicer
    adapters: AdapterServicer
    rounds: RoundServicer
    sweep: SweepUploads
    folding: FoldContinuously
    bells: RoundBells
    lock: RootLock


@dataclass(frozen=True)
class _Adapters:
    """One per port."""

    rounds: SpoolRounds
    incoming: SpoolIncoming
    statements: SignedStatements
    artifacts: ArtifactStore
    leadership: Leadership
    metrics: AggregatorMetrics
    clock: Clock
    failpoints: Failpoints
    spool: str


def build_graph(settings: AggregatorSettings, metrics: AggregatorMetrics, clock: Clock) -> Graph:
    """Takes the spool, recovers what it holds, and wires the services.

    Raises:
        NotEnrolledError: the identity is missing or incomplete.
        SettingsInvalidError: the identity is of another spool.
        SpoolLockedError: another process owns the spool.
    """
    identity = load_identity(settings.state / "identity")
    _check_identity(identity, settings.spool_name)
    layout = SpoolLayout(settings.spool)
    with ExitStack() as stack:
        lock = RootLock(layout)
        stack.callback(lock.close)
        adapters = _build_adapters(settings, identity, layout, metrics, clock)
        stack.pop_all()
    bells, uploads, places = RoundBells(), UploadTurns(), build_places(settings)
    metrics.watch_uploads(
        running=lambda: places.running_count, waiting=lambda: places.waiting_count
    )
    merge = build_merge(settings, adapters.rounds, adapters.failpoints, metrics)
    return Graph(
        identity=identity,
        updates=_update_servicer(adapters, bells, uploads, places, merge.ahead),
        adapters=AdapterServicer(
            DownloadAdapter(adapters.artifacts, _open_payloads(adapters.artifacts)),
            SendSlots(patience_seconds=SEND_PATIENCE_SECONDS),
        ),
        rounds=RoundServicer(_round_use_cases(adapters, bells, merge)),
        sweep=SweepUploads(
            adapters.rounds, adapters.incoming, uploads, clock, settings.abandoned_upload_seconds
        ),
        folding=FoldContinuously(merge.ahead, bells),
        bells=bells,
        lock=lock,
    )


def _open_payloads(artifacts: ArtifactStore) -> Payloads:
    return MappedPayloads(artifacts) if artifacts.in_folder else RangedPayloads(artifacts)


def _check_identity(identity: LocalIdentity, spool: str) -> None:
    if identity.identity.role != "service" or identity.identity.name != f"aggregator/{spool}":
        message = f"The identity is {identity.identity.uri}, not of the service aggregator/{spool}."
        raise SettingsInvalidError(message)


def _build_adapters(
    settings: AggregatorSettings,
    identity: LocalIdentity,
    layout: SpoolLayout,
    metrics: AggregatorMetrics,
    clock: Clock,
) -> _Adapters:
    failpoints = Failpoints(settings.failpoint)
    if settings.failpoint is not None:
        get_logger().warning(Event.FAILPOINT_ARMED, state=settings.failpoint.value)
    keys = own_round_keys(settings)
    rounds = SpoolRounds(layout, keys, failpoints, retain_settled=settings.retain_settled)
    recovered = rounds.recover()
    budget = build_budget(settings, rounds)
    incoming = SpoolIncoming(layout, keys, budget)
    partial = incoming.recover()
    get_logger().info(
        Event.SPOOL_RECOVERED, spool=settings.spool_name, count=recovered, updates=partial
    )
    metrics.watch_spool(
        open_rounds=rounds.open_count,
        partial_uploads=incoming.count,
        free_bytes=lambda: shutil.disk_usage(settings.spool).free,
        used_bytes=lambda: budget.used_bytes,
        limit_bytes=lambda: budget.limit_bytes,
    )
    verifier = StatementVerifier(
        identity.authority_certificate, identity.identity.federation, clock
    )
    return _Adapters(
        rounds=rounds,
        incoming=incoming,
        statements=SignedStatements(load_signer(settings.state / "identity"), verifier),
        artifacts=open_artifact_store(settings.artifacts_url, clock),
        leadership=Leadership(FileLeaderTokens(settings.state / "leader_token")),
        metrics=metrics,
        clock=clock,
        failpoints=failpoints,
        spool=settings.spool_name,
    )


def _update_servicer(
    adapters: _Adapters,
    bells: RoundBells,
    uploads: UploadTurns,
    places: UploadPlaces,
    ahead: FoldAhead,
) -> UpdateServicer:
    rounds, incoming, statements = adapters.rounds, adapters.incoming, adapters.statements
    admission = UploadAdmission(rounds, statements, adapters.clock, adapters.spool)
    receive = ReceiveUpdate(
        rounds=rounds,
        incoming=incoming,
        admission=admission,
        statements=statements,
        turns=uploads,
        places=places,
        slots=ReceiveSlots(),
        ahead=ahead,
        bells=bells,
        meter=adapters.metrics,
        failpoints=adapters.failpoints,
    )
    status = GetUploadStatus(rounds, incoming, admission, statements, places)
    return UpdateServicer(receive, status)


def _round_use_cases(adapters: _Adapters, bells: RoundBells, merge: MergeRound) -> RoundUseCases:
    turns = Turns()
    leadership, rounds, artifacts = adapters.leadership, adapters.rounds, adapters.artifacts
    statements, clock = adapters.statements, adapters.clock
    publication, pieces = Publication(artifacts, statements), ReductionPieces(artifacts)
    partials = PartialSums(artifacts, statements)
    return RoundUseCases(
        get_spool=GetSpool(leadership, adapters.spool),
        create_initial_adapter=CreateInitialAdapter(
            leadership, publication, artifacts, statements, turns, clock
        ),
        open=OpenRound(leadership, rounds, turns),
        watch=WatchRound(rounds, bells),
        seal=SealRound(leadership, rounds, artifacts, statements, turns, bells),
        fold=FoldRound(
            leadership=leadership,
            rounds=rounds,
            merge=merge,
            sums=partials,
            statements=statements,
            turns=turns,
            work=SharedWork(),
            spool=adapters.spool,
            meter=adapters.metrics,
            clock=clock,
            failpoints=adapters.failpoints,
        ),
        finalize=FinalizeRound(
            leadership=leadership,
            rounds=rounds,
            change=FindChange(merge, pieces, partials, adapters.failpoints),
            statements=statements,
            publication=publication,
            artifacts=artifacts,
            turns=turns,
            work=SharedWork(),
            meter=adapters.metrics,
            clock=clock,
            failpoints=adapters.failpoints,
            spool=adapters.spool,
        ),
        settle=SettleRound(
            leadership, rounds, turns, pieces, partials, publication, statements, adapters.spool
        ),
        abort=AbortRound(leadership, rounds, turns, bells),
    )
