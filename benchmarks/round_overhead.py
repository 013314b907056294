"""What a round costs beyond the longest agent's own training and evaluation."""

from typing import Any

from benchmarks.result import Result, Row, Target
from benchmarks.workload import CLIENTS, ROUNDS, observe
from pfi_cli.api.runs import Run
from pfi_cli.report.compute import round_time
from pfi_cli.report.figures import RoundTime

LIMIT_SECONDS = 0.5


def round_times(document: dict[str, Any]) -> list[RoundTime]:
    """Times of each round of a run, as its report has them.

    Raises:
        ValueError: A round was reopened, which tells nothing about overhead.
    """
    run = Run.model_validate(document)
    times = [round_time(each, int(run.spec["local"]["steps"])) for each in run.rounds]
    if any(time.overhead is None for time in times):
        raise ValueError("a round was reopened")
    return times


def measure(runs: int = 3) -> Result:
    """Trains some runs and looks at each round."""
    times = [time for _ in range(runs) for time in round_times(observe().run)]
    overheads = [time.overhead or 0.0 for time in times]
    overhead = Row.of("round overhead, all rounds", "s", overheads)
    return Result(
        name="round-overhead",
        about=f"{CLIENTS} agents on one machine, mutual TLS, demo backbone, every round counted.",
        rows=[
            overhead,
            Row.of("round overhead, first round of each run", "s", overheads[::ROUNDS]),
            Row.of("round wall time", "s", [time.wall for time in times]),
            Row.of(
                "longest agent's own training and evaluation",
                "s",
                [time.longest_work for time in times],
            ),
            Row.of(
                "merge, optimiser and publication in the aggregator",
                "s",
                [time.merge for time in times],
            ),
        ],
        targets=[
            Target(
                "round overhead = round wall time minus the longest agent's own train and "
                "evaluation time in it",
                "target below 0.5 s at 4 clients",
                f"{overhead.median:.2f} s (longest {overhead.maximum:.2f} s)",
                overhead.median < LIMIT_SECONDS,
            )
        ],
        notes=[
            "A round lasts from its opening to the opening of the next one, so everything between "
            "rounds is in it. In its first round an agent loads its libraries and the backbone, "
            "which its work time leaves out. On such a machine Flower 1.42 adds about 18 s, FLARE "
            "about 3 s."
        ],
        measured={"overhead_seconds": [round(value, 4) for value in overheads]},
    )
