"""Wires the leader."""

import random
import secrets

from pfi_common.clock import Clock
from pfi_coordinator.application.apply_event import ApplyEvent
from pfi_coordinator.application.leader.driving_tools import DrivingTools
from pfi_coordinator.application.leader.eligible import FindEligible
from pfi_coordinator.application.leader.find_spools import FindSpools
from pfi_coordinator.application.leader.lead import Candidate, Lead
from pfi_coordinator.application.leader.run_effect import RunEffect
from pfi_coordinator.application.leader.watch_round import WatchRound
from pfi_coordinator.application.outbox.carry_out import CarryOut
from pfi_coordinator.application.outbox.clusters import GroupClients
from pfi_coordinator.application.outbox.evaluation import FileEvaluation
from pfi_coordinator.application.outbox.reductions import OrderPieces, ReduceRounds
from pfi_coordinator.application.outbox.rounds import CommandRounds
from pfi_coordinator.application.outbox.tasks import HandOutTasks
from pfi_coordinator.application.outbox.versions import PublishVersions
from pfi_coordinator.bootstrap.adapters import Adapters
from pfi_coordinator.settings import CoordinatorSettings


def build_leader(
    adapters: Adapters, apply: ApplyEvent, settings: CoordinatorSettings, clock: Clock
) -> Lead:
    """Makes the leader of a replica."""
    randomness = random.Random()  # noqa: S311 - jitter of delays
    orders = OrderPieces(
        adapters.pieces, adapters.artifacts, clock, settings.piece_deadline_seconds
    )
    find_spools = FindSpools(adapters.aggregators, clock)
    carry_out = CarryOut(
        versions=PublishVersions(
            adapters.aggregators, adapters.artifacts, adapters.counted, orders
        ),
        rounds=CommandRounds(
            adapters.aggregators,
            adapters.board,
            adapters.signals,
            adapters.sketches,
            adapters.runs,
        ),
        tasks=HandOutTasks(
            adapters.factory,
            adapters.registry,
            adapters.board,
            adapters.signals,
            adapters.runs,
            adapters.counted,
            find_spools,
        ),
        evaluation=FileEvaluation(adapters.board, adapters.registry, adapters.artifacts),
        clusters=GroupClients(
            adapters.sketches, adapters.partitions, adapters.registry, adapters.artifacts, clock
        ),
        reductions=ReduceRounds(adapters.aggregators, orders, apply, clock),
    )
    tools = DrivingTools(
        runs=adapters.runs,
        board=adapters.board,
        histories=adapters.histories,
        apply=apply,
        find_eligible=FindEligible(adapters.presence, adapters.revocations),
        find_spools=find_spools,
        run_effect=RunEffect(adapters.runs, apply, carry_out, clock, randomness),
        watch_round=WatchRound(adapters.aggregators, apply, clock, randomness),
        clock=clock,
    )
    candidate = Candidate(settings.replica, secrets.token_hex(8))
    return Lead(candidate, adapters.leadership, adapters.aggregators, tools)
