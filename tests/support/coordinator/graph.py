"""The use cases of the coordinator on in-memory twins."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from prometheus_client import CollectorRegistry
from tests.support.clock import ManualClock
from tests.support.coordinator.aggregators import MemoryAggregators
from tests.support.coordinator.clusters import MemoryPartitionQueue
from tests.support.coordinator.exports import MemoryExportQueue
from tests.support.coordinator.messages import MemoryReceiptReader, MemoryTaskFactory
from tests.support.coordinator.pieces import MemoryPieceQueue
from tests.support.coordinator.ports import Ports, memory_ports
from tests.support.coordinator.stores import MemoryStoreProbe
from tests.support.coordinator.values import NOW, client, client_id, session

from pfi_common.artifacts import open_artifact_store
from pfi_common.clock import Clock
from pfi_common.identity import CertificateAuthority, RevocationList
from pfi_coordinator.application.api_keys import Authorize, CreateApiKey
from pfi_coordinator.application.apply_event import ApplyEvent
from pfi_coordinator.application.cancel_run import CancelRun
from pfi_coordinator.application.certify_client import CertifyClient
from pfi_coordinator.application.create_token import CreateToken
from pfi_coordinator.application.endpoints import Endpoints
from pfi_coordinator.application.enrol_client import EnrolClient
from pfi_coordinator.application.export_adapter import ExportAdapter
from pfi_coordinator.application.extend_run import ExtendRun
from pfi_coordinator.application.guard_store import GuardStore
from pfi_coordinator.application.leader.driving_tools import DrivingTools
from pfi_coordinator.application.leader.eligible import FindEligible
from pfi_coordinator.application.leader.find_spools import FindSpools
from pfi_coordinator.application.leader.lead import Candidate, Lead
from pfi_coordinator.application.leader.run_effect import RunEffect
from pfi_coordinator.application.leader.watch_round import WatchRound
from pfi_coordinator.application.list_adapters import ListAdapters
from pfi_coordinator.application.list_clients import ListClients
from pfi_coordinator.application.list_runs import ListRuns
from pfi_coordinator.application.outbox.carry_out import CarryOut
from pfi_coordinator.application.outbox.clusters import GroupClients
from pfi_coordinator.application.outbox.evaluation import FileEvaluation
from pfi_coordinator.application.outbox.reductions import OrderPieces, ReduceRounds
from pfi_coordinator.application.outbox.rounds import CommandRounds
from pfi_coordinator.application.outbox.tasks import HandOutTasks
from pfi_coordinator.application.outbox.versions import PublishVersions
from pfi_coordinator.application.pause_run import PauseRun, ResumeRun
from pfi_coordinator.application.record_result import RecordResult
from pfi_coordinator.application.restart_run import RestartRun
from pfi_coordinator.application.revoke_client import AbandonTasks, RevokeClient
from pfi_coordinator.application.route_signals import RouteSignals
from pfi_coordinator.application.show_clusters import ShowClusters
from pfi_coordinator.application.show_run import RunWatchers, ShowRun
from pfi_coordinator.application.submit_run import Deployment, SubmitRun
from pfi_coordinator.domain.retrying import AT_ONCE
from pfi_coordinator.domain.state import RunState
from pfi_coordinator.entrypoints.rest.use_cases import RestUseCases

PATIENCE_SECONDS = 300.0
PIECE_SECONDS = 30.0
ENDPOINTS = Endpoints("enrol:1", "session:1", "admin:1", {"spool-0": "aggregator:1"})


class Graph:
    """Everything that needs no port of the machine."""

    def __init__(
        self,
        folder: Path,
        spools: tuple[str, ...] = ("spool-0",),
        clock: Clock | None = None,
        ports: Ports | None = None,
    ) -> None:
        self.clock = clock or ManualClock(NOW)
        self.ports = ports or memory_ports()
        self.aggregators = MemoryAggregators(spools)
        self.factory = MemoryTaskFactory()
        self.queue = MemoryExportQueue()
        self.partitions = MemoryPartitionQueue()
        self.pieces = MemoryPieceQueue()
        self.choices: dict[str, str] = {}
        self.probe = MemoryStoreProbe()
        self.artifacts = open_artifact_store("memory://")
        self.steps = []
        self.guard = GuardStore(self.probe, intact=True)
        self.apply = ApplyEvent(self.ports.runs, self.clock, self.steps.append)
        self.revocation_list = RevocationList(self.clock)
        self.watchers = RunWatchers()
        self.authority = CertificateAuthority.create(folder / "authority", "test", self.clock)
        self.certify = CertifyClient(
            self.authority, self.ports.registry, self.ports.revocations, timedelta(days=1)
        )
        self.enrol = EnrolClient(self.ports.tokens, self.certify, self.guard, self.clock)
        self.create_token = CreateToken(
            self.ports.tokens, self.clock, ENDPOINTS.enrolment, self.authority.fingerprint
        )
        self.submit = SubmitRun(
            self.ports.runs,
            self.apply,
            self.guard,
            self.clock,
            Deployment(spools, PATIENCE_SECONDS, AT_ONCE),
        )
        self.show = ShowRun(self.ports.runs, self.ports.board, self.ports.registry, self.watchers)
        self.results = RecordResult(
            self.ports.board, self.ports.runs, MemoryReceiptReader(), self.apply
        )
        self.list_adapters = ListAdapters(self.ports.runs)
        self.export = ExportAdapter(
            self.list_adapters, self.artifacts, self.queue, self.ports.ledger
        )
        abandon = AbandonTasks(self.ports.board, self.ports.runs, self.apply)
        self.revoke = RevokeClient(
            self.ports.registry, self.ports.revocations, self.revocation_list, abandon
        )

    async def join(self, *indexes: int) -> list[str]:
        """Enrols clients without certificates and connects them."""
        await self.ports.presence.beat("replica-0")
        for index in indexes:
            name = f"token {index}"
            await self.ports.tokens.create([name], "", NOW + timedelta(hours=1))
            await self.ports.tokens.redeem(name, client(index), NOW)
            await self.ports.presence.enter(session(index))
        await self.ports.signals.clients_changed()
        return [client_id(index) for index in indexes]

    @asynccontextmanager
    async def led(self, holder: str = "holder") -> AsyncIterator[Lead]:
        """Runs a leader while the block runs."""
        lead = self.leader(holder)
        route = RouteSignals(self.ports.signals, "replica-0", [lead.notice, self.watchers.notice])
        tasks = [asyncio.create_task(route.run()), asyncio.create_task(lead())]
        try:
            yield lead
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def until(self, run: str, condition: Callable[[RunState], bool]) -> RunState:
        """Waits until the run's state fulfils a condition."""
        async with asyncio.timeout(60):
            while True:
                changed = self.watchers.event(run)
                state = (await self.ports.runs.load(run)).state
                if condition(state):
                    return state
                await changed.wait()

    def leader(self, holder: str = "holder") -> Lead:
        ports = self.ports
        orders = OrderPieces(self.pieces, self.artifacts, self.clock, PIECE_SECONDS)
        find_spools = FindSpools(self.aggregators, self.clock)
        carry_out = CarryOut(
            PublishVersions(self.aggregators, self.artifacts, ports.counted, orders),
            CommandRounds(self.aggregators, ports.board, ports.signals, ports.sketches, ports.runs),
            HandOutTasks(
                self.factory,
                ports.registry,
                ports.board,
                ports.signals,
                ports.runs,
                ports.counted,
                find_spools,
            ),
            FileEvaluation(ports.board, ports.registry, self.artifacts),
            GroupClients(
                ports.sketches, self.partitions, ports.registry, self.artifacts, self.clock
            ),
            ReduceRounds(self.aggregators, orders, self.apply, self.clock),
        )
        randomness = random.Random(1)
        tools = DrivingTools(
            runs=ports.runs,
            board=ports.board,
            histories=ports.histories,
            apply=self.apply,
            find_eligible=FindEligible(ports.presence, ports.revocations),
            find_spools=find_spools,
            run_effect=RunEffect(ports.runs, self.apply, carry_out, self.clock, randomness),
            watch_round=WatchRound(self.aggregators, self.apply, self.clock, randomness),
            clock=self.clock,
        )
        return Lead(Candidate("replica-0", holder), ports.leadership, self.aggregators, tools)

    def rest(self) -> RestUseCases:
        ports = self.ports
        return RestUseCases(
            authorize=Authorize(ports.api_keys),
            create_token=self.create_token,
            list_clients=ListClients(ports.registry, ports.presence),
            revoke_client=self.revoke,
            submit_run=self.submit,
            list_runs=ListRuns(ports.runs, self.artifacts, self.guard),
            show_run=self.show,
            show_clusters=ShowClusters(ports.runs, ports.registry),
            cancel_run=CancelRun(ports.runs, self.apply),
            pause_run=PauseRun(ports.runs, self.apply),
            resume_run=ResumeRun(ports.runs, self.apply),
            extend_run=ExtendRun(ports.runs, self.apply),
            restart_run=RestartRun(ports.runs, self.submit),
            list_adapters=self.list_adapters,
            export_adapter=self.export,
            endpoints=ENDPOINTS,
            federation="test",
            version="0",
            registry=CollectorRegistry(),
            not_ready=lambda: "",
        )

    async def api_key(self, *scopes) -> str:
        return await CreateApiKey(self.ports.api_keys, self.clock)("key", frozenset(scopes))
