"""What a round costs beyond the longest agent's own training and evaluation."""

from typing import Any

from benchmarks.result import Result, Row, Target
from benchmarks.workload import CLIENTS, ROUNDS, moment, observe

LIMIT_SECONDS = 0.5


def round_seconds(rounds: list[dict[str, Any]]) -> list[float]:
    """Wall time of each round: from its opening to the opening of the next, the last to its end."""
    opened = [moment(item["opened_at"]) for item in rounds]
    ends = [*opened[1:], moment(rounds[-1]["published_at"])]
    return [end - start for start, end in zip(opened, ends, strict=True)]


def longest_work_seconds(item: dict[str, Any]) -> float:
    """Training and evaluation of the slowest agent of a round."""
    return max(float(member["metrics"]["work_seconds"]) for member in item["cohort"])


def measure(runs: int = 3) -> Result:
    """Trains some runs and looks at each round."""
    walls: list[float] = []
    works: list[float] = []
    merges: list[float] = []
    for _ in range(runs):
        rounds = observe().run["rounds"]
        walls += round_seconds(rounds)
        works += [longest_work_seconds(item) for item in rounds]
        merges += [float(item["merge_seconds"]) for item in rounds]
    overheads = [wall - work for wall, work in zip(walls, works, strict=True)]
    overhead = Row.of("round overhead, all rounds", "s", overheads)
    return Result(
        name="round-overhead",
        about=f"{CLIENTS} agents on one machine, mutual TLS, demo backbone, every round counted.",
        rows=[
            overhead,
            Row.of("round overhead, first round of each run", "s", overheads[::ROUNDS]),
            Row.of("round wall time", "s", walls),
            Row.of("longest agent's own training and evaluation", "s", works),
            Row.of("merge, optimiser and publication in the aggregator", "s", merges),
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
