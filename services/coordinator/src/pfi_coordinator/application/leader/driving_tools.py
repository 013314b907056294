"""What every driver of a run shares."""

from dataclasses import dataclass, field

from pfi_common.clock import Clock
from pfi_coordinator.application.apply_event import ApplyEvent
from pfi_coordinator.application.leader.eligible import FindEligible
from pfi_coordinator.application.leader.find_spools import FindSpools
from pfi_coordinator.application.leader.run_effect import RunEffect
from pfi_coordinator.application.leader.run_waits import RunWaits
from pfi_coordinator.application.leader.watch_round import WatchRound
from pfi_coordinator.application.ports.client_histories import ClientHistories
from pfi_coordinator.application.ports.run_store import RunStore
from pfi_coordinator.application.ports.task_board import TaskBoard


@dataclass(frozen=True)
class DrivingTools:
    """Use cases and ports; `waits` is what the drivers say of their runs."""

    runs: RunStore
    board: TaskBoard
    histories: ClientHistories
    apply: ApplyEvent
    find_eligible: FindEligible
    find_spools: FindSpools
    run_effect: RunEffect
    watch_round: WatchRound
    clock: Clock
    waits: RunWaits = field(default_factory=RunWaits)
