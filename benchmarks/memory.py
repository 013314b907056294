"""Peak memory of the services while four agents train a run."""

from benchmarks.result import Result, Row, Target
from benchmarks.workload import CLIENTS, observe

LIMITS_MIB = {"coordinator": 150.0, "aggregator": 250.0}
MEGABYTES_PER_MEBIBYTE = 1.048576


def measure(runs: int = 5) -> Result:
    """Trains some runs and reads the high-water marks."""
    peaks = [observe().peak_mib for _ in range(runs)]
    rows = {
        name: Row.of(
            f"peak memory of {name}", "MB", [p[name] * MEGABYTES_PER_MEBIBYTE for p in peaks]
        )
        for name in sorted(peaks[0])
    }
    return Result(
        name="memory",
        about=f"Highest resident memory (VmHWM, with children) of each service; {CLIENTS} agents.",
        rows=list(rows.values()),
        targets=[
            Target(
                f"peak memory of {name}",
                f"below {limit:.0f} MB",
                f"{rows[name].median:.0f} MB (highest {rows[name].maximum:.0f} MB)",
                rows[name].maximum < limit,
            )
            for name, limit in LIMITS_MIB.items()
        ],
    )
