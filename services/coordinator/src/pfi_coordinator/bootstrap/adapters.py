"""One adapter for each port."""

from dataclasses import dataclass

from pfi_common.artifacts import ArtifactStore, open_artifact_store
from pfi_common.clock import Clock
from pfi_common.identity import (
    CertificateAuthority,
    LocalIdentity,
    StatementVerifier,
    load_identity,
    load_signer,
)
from pfi_common.identity.redis_revocations import RedisRevocations
from pfi_coordinator.adapters.aggregator_rpc import GrpcAggregators
from pfi_coordinator.adapters.celery_exports import CeleryExportQueue
from pfi_coordinator.adapters.celery_partitions import CeleryPartitionQueue
from pfi_coordinator.adapters.celery_pieces import CeleryPieceQueue
from pfi_coordinator.adapters.celery_producer import CeleryProducer, broker_url_of
from pfi_coordinator.adapters.lineages import CountersignLineages
from pfi_coordinator.adapters.proto_tasks import ProtoTaskFactory
from pfi_coordinator.adapters.redis.api_keys import RedisApiKeyStore
from pfi_coordinator.adapters.redis.challenge_store import RedisChallengeStore
from pfi_coordinator.adapters.redis.client_histories import RedisClientHistories
from pfi_coordinator.adapters.redis.client_registry import RedisClientRegistry
from pfi_coordinator.adapters.redis.connection import RedisClient
from pfi_coordinator.adapters.redis.counted_rounds import RedisCountedRounds
from pfi_coordinator.adapters.redis.export_ledger import RedisExportLedger
from pfi_coordinator.adapters.redis.leadership import RedisLeadership
from pfi_coordinator.adapters.redis.memberships import RedisMemberships
from pfi_coordinator.adapters.redis.presence import RedisPresence
from pfi_coordinator.adapters.redis.replica_directory import RedisReplicaDirectory
from pfi_coordinator.adapters.redis.run_store import RedisRunStore
from pfi_coordinator.adapters.redis.serving_index import RedisServingIndex
from pfi_coordinator.adapters.redis.signals import RedisSignals
from pfi_coordinator.adapters.redis.sketch_store import RedisSketchStore
from pfi_coordinator.adapters.redis.task_board import RedisTaskBoard
from pfi_coordinator.adapters.redis.token_store import RedisTokenStore
from pfi_coordinator.adapters.signed_receipts import SignedReceiptReader
from pfi_coordinator.adapters.state_folder import StateFolder
from pfi_coordinator.settings import CoordinatorSettings


@dataclass(frozen=True)
class Adapters:
    """Everything that touches the outside world."""

    identity: LocalIdentity
    authority: CertificateAuthority
    artifacts: ArtifactStore
    aggregators: GrpcAggregators
    factory: ProtoTaskFactory
    receipts: SignedReceiptReader
    exports: CeleryExportQueue
    partitions: CeleryPartitionQueue
    pieces: CeleryPieceQueue
    sketches: RedisSketchStore
    counted: RedisCountedRounds
    memberships: RedisMemberships
    histories: RedisClientHistories
    runs: RedisRunStore
    board: RedisTaskBoard
    tokens: RedisTokenStore
    registry: RedisClientRegistry
    challenges: RedisChallengeStore
    revocations: RedisRevocations
    presence: RedisPresence
    replicas: RedisReplicaDirectory
    signals: RedisSignals
    leadership: RedisLeadership
    api_keys: RedisApiKeyStore
    ledger: RedisExportLedger
    serving: RedisServingIndex


def build_adapters(settings: CoordinatorSettings, redis: RedisClient, clock: Clock) -> Adapters:
    """Makes the adapters; nothing is sent yet.

    Raises:
        NotEnrolledError: The identity is missing: run `pfi-coordinator init`.
        SettingsInvalidError: The authority is missing, or a URL is not one.
    """
    folder = StateFolder(settings.state)
    identity, signer = load_identity(folder.identity), load_signer(folder.identity)
    federation = identity.identity.federation
    verifier = StatementVerifier(identity.authority_certificate, federation, clock)
    countersign = CountersignLineages(verifier, signer)
    producer = CeleryProducer(settings.broker_url or broker_url_of(settings.redis_url))
    return Adapters(
        identity=identity,
        authority=CertificateAuthority.load(folder.authority, clock),
        artifacts=open_artifact_store(settings.artifacts_url, clock),
        aggregators=GrpcAggregators(settings.aggregators, identity, countersign),
        factory=ProtoTaskFactory(signer),
        receipts=SignedReceiptReader(verifier),
        exports=CeleryExportQueue(producer),
        partitions=CeleryPartitionQueue(producer),
        pieces=CeleryPieceQueue(producer),
        sketches=RedisSketchStore(redis),
        counted=RedisCountedRounds(redis),
        memberships=RedisMemberships(redis),
        histories=RedisClientHistories(redis),
        runs=RedisRunStore(redis),
        board=RedisTaskBoard(redis),
        tokens=RedisTokenStore(redis),
        registry=RedisClientRegistry(redis),
        challenges=RedisChallengeStore(redis),
        revocations=RedisRevocations(redis),
        presence=RedisPresence(redis),
        replicas=RedisReplicaDirectory(redis),
        signals=RedisSignals(redis),
        leadership=RedisLeadership(redis),
        api_keys=RedisApiKeyStore(redis),
        ledger=RedisExportLedger(redis),
        serving=RedisServingIndex(redis),
    )
