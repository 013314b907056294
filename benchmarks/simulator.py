"""How fast runs are simulated, on one core."""

import resource
import time
from dataclasses import dataclass

from benchmarks.result import Result, Row, Target
from pfi_coordinator.domain.rules import RunRules
from pfi_coordinator.domain.selection_rules import SelectionRules
from pfi_coordinator.domain.simulation.assumptions import Assumptions, Scenario, Work
from pfi_coordinator.domain.simulation.simulation import Simulation

TARGET_EVENTS, TARGET_MINUTES = 20_000, 10.0
WORK = Work(
    coordinates=4_000_000,
    download_bytes=16_000_000,
    upload_bytes=4_062_500,
    train_tokens=23_552.0,
    evaluate_tokens=3_072.0,
)
NOTES = (
    "An event is a device that comes or leaves, a task that is handed out, cancelled, interrupted, "
    "done or given back, a commit, a receipt, an effect that is carried out, or a decision of the "
    "round machine. Rates are those of the process's CPU time, drawing devices and days included, "
    "so that what else runs on the machine shows less; the simulator has one thread.",
    "Simulated phones of one time zone, submitted at 18 h, over-selection 1.3, drop-outs replaced.",
)


@dataclass(frozen=True)
class Case:
    """One simulated run."""

    clients: int
    size: int
    rounds: int

    @property
    def name(self) -> str:
        """In words."""
        return f"{self.clients:,} clients, {self.size:,} updates a round, {self.rounds} rounds"


LARGE = Case(100_000, 1000, 100)
CASES = (
    Case(10_000, 100, 100),
    LARGE,
    Case(100_000, 5000, 20),
    Case(1_000_000, 1000, 20),
)


def measure(runs: int = 3) -> Result:
    """Simulates each run some times over."""
    rows: list[Row] = []
    rates: dict[Case, float] = {}
    walls: dict[Case, float] = {}
    for case in CASES:
        found = [_simulate(case) for _ in range(runs)]
        events, seconds, simulated = zip(*found, strict=True)
        each = [count / taken for count, taken in zip(events, seconds, strict=True)]
        rows += [
            Row.of(f"{case.name}: events a second", "1/s", each),
            Row.of(f"{case.name}: CPU time", "s", seconds),
            Row.of(f"{case.name}: simulated time", "h", [value / 3600 for value in simulated]),
        ]
        rates[case], walls[case] = min(each), max(seconds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Result(
        name="simulator",
        about="The round machine driven with generated devices, in one process on one core.",
        rows=rows,
        targets=[
            Target(
                f"events per second per core, {LARGE.name}",
                "20,000",
                f"{rates[LARGE]:,.0f}/s in the slowest run",
                rates[LARGE] >= TARGET_EVENTS,
            ),
            Target(
                "one simulation",
                "100,000 clients x 100 rounds in minutes",
                f"{walls[LARGE]:.0f} s of CPU time at most",
                walls[LARGE] <= 60 * TARGET_MINUTES,
            ),
        ],
        notes=(*NOTES, f"Peak memory of all of it: {peak:.0f} MB."),
    )


def _simulate(case: Case) -> tuple[int, float, float]:
    """Gives events, seconds of CPU time, and simulated seconds."""
    begun = time.process_time()
    rules = RunRules(
        rounds=case.rounds,
        selected_count=case.size * 13 // 10,
        size=case.size,
        minimum=case.size // 2,
        deadline_seconds=900.0,
        seed=1,
        encoding="int8_block",
        selection=SelectionRules(replace=True),
    )
    simulation = Simulation(rules, WORK, Assumptions(), Scenario(case.clients))
    ending = simulation.run()
    return simulation.tally.happenings, time.process_time() - begun, ending.seconds
