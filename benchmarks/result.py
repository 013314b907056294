"""What a benchmark found, and where that is kept."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from benchmarks.machine import commit, machine, versions

FOLDER = Path(__file__).resolve().parent / "results"


class Skipped(Exception):  # noqa: N818 - nothing is wrong
    """The machine lacks what a benchmark needs; nothing is measured, and nothing is written."""


@dataclass(frozen=True)
class Row:
    """One measured quantity.

    Attributes:
        what: The quantity, in words.
        unit: Its unit.
        median: Over all runs.
        minimum: Lowest run.
        maximum: Highest run.
        count: How many runs.
    """

    what: str
    unit: str
    median: float
    minimum: float
    maximum: float
    count: int

    @classmethod
    def of(cls, what: str, unit: str, values: Sequence[float]) -> "Row":
        """Sums up the runs."""
        middle = statistics.median(values)
        return cls(
            what, unit, round(middle, 4), round(min(values), 4), round(max(values), 4), len(values)
        )


@dataclass(frozen=True)
class Target:
    """What a quantity should be.

    Attributes:
        what: The quantity.
        target: The aim in the words in which it was set.
        value: What was measured, with unit.
        met: Whether the aim is reached.
    """

    what: str
    target: str
    value: str
    met: bool


@dataclass(frozen=True)
class Result:
    """A benchmark's outcome."""

    name: str
    about: str
    rows: Sequence[Row]
    targets: Sequence[Target] = ()
    notes: Sequence[str] = ()
    measured: dict[str, object] = field(default_factory=dict)

    def write(self, load: float, path: Path | None = None) -> Path:
        """Stores the outcome with command, commit, machine and versions.

        Args:
            load: Load average before the measurement: what else the machine did.
            path: Where; the folder of results unless given.
        """
        document = {
            "name": self.name,
            "about": self.about,
            "command": f"make bench NAME={self.name}",
            "commit": commit(),
            "machine": machine() | {"load_before": round(load, 2)},
            "versions": versions(),
            "rows": [asdict(row) for row in self.rows],
            "targets": [asdict(target) for target in self.targets],
            "notes": list(self.notes),
            "measured": self.measured,
        }
        path = path or FOLDER / f"{self.name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=1) + "\n")
        return path
