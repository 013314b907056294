"""All Redis-backed ports together, on memory or on a real server."""

from dataclasses import dataclass

from tests.support.coordinator.clusters import MemoryMemberships, MemorySketchStore
from tests.support.coordinator.counted_rounds import MemoryCountedRounds
from tests.support.coordinator.exports import MemoryExportLedger
from tests.support.coordinator.histories import MemoryClientHistories
from tests.support.coordinator.members import (
    MemoryApiKeyStore,
    MemoryChallengeStore,
    MemoryClientRegistry,
    MemoryRevocations,
    MemoryTokenStore,
)
from tests.support.coordinator.memory import Memory
from tests.support.coordinator.replicas import (
    MemoryLeadership,
    MemoryPresence,
    MemoryReplicaDirectory,
    MemorySignals,
)
from tests.support.coordinator.runs import MemoryRunStore
from tests.support.coordinator.serving import MemoryServingIndex
from tests.support.coordinator.tasks import MemoryTaskBoard

from pfi_common.identity.redis_revocations import RedisRevocations
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
from pfi_coordinator.application.ports.api_keys import ApiKeyStore
from pfi_coordinator.application.ports.challenge_store import ChallengeStore
from pfi_coordinator.application.ports.client_histories import ClientHistories
from pfi_coordinator.application.ports.client_registry import ClientRegistry
from pfi_coordinator.application.ports.counted_rounds import CountedRounds
from pfi_coordinator.application.ports.export_queue import ExportLedger
from pfi_coordinator.application.ports.leadership import Leadership
from pfi_coordinator.application.ports.memberships import Memberships
from pfi_coordinator.application.ports.presence import Presence
from pfi_coordinator.application.ports.replica_directory import ReplicaDirectory
from pfi_coordinator.application.ports.revocations import Revocations
from pfi_coordinator.application.ports.run_store import RunStore
from pfi_coordinator.application.ports.serving_index import ServingIndex
from pfi_coordinator.application.ports.signals import Signals
from pfi_coordinator.application.ports.sketch_store import SketchStore
from pfi_coordinator.application.ports.task_board import TaskBoard
from pfi_coordinator.application.ports.token_store import TokenStore


@dataclass
class Ports:
    """One of each port."""

    runs: RunStore
    board: TaskBoard
    tokens: TokenStore
    registry: ClientRegistry
    challenges: ChallengeStore
    revocations: Revocations
    presence: Presence
    replicas: ReplicaDirectory
    signals: Signals
    leadership: Leadership
    api_keys: ApiKeyStore
    ledger: ExportLedger
    sketches: SketchStore
    counted: CountedRounds
    memberships: Memberships
    histories: ClientHistories
    serving: ServingIndex


def memory_ports() -> Ports:
    memory = Memory()
    return Ports(
        runs=MemoryRunStore(memory),
        board=MemoryTaskBoard(memory),
        tokens=MemoryTokenStore(memory),
        registry=MemoryClientRegistry(memory),
        challenges=MemoryChallengeStore(),
        revocations=MemoryRevocations(memory),
        presence=MemoryPresence(memory),
        replicas=MemoryReplicaDirectory(memory),
        signals=MemorySignals(memory),
        leadership=MemoryLeadership(),
        api_keys=MemoryApiKeyStore(),
        ledger=MemoryExportLedger(),
        sketches=MemorySketchStore(),
        counted=MemoryCountedRounds(),
        memberships=MemoryMemberships(memory),
        histories=MemoryClientHistories(memory),
        serving=MemoryServingIndex(memory),
    )


def redis_ports(redis: RedisClient) -> Ports:
    return Ports(
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
        sketches=RedisSketchStore(redis),
        counted=RedisCountedRounds(redis),
        memberships=RedisMemberships(redis),
        histories=RedisClientHistories(redis),
        serving=RedisServingIndex(redis),
    )
