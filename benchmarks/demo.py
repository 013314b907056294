"""Wall time of `pfi demo`, from the command to its end, and what its clients answered."""

import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.result import Result, Row, Target

LIMIT_SECONDS = 240.0
TARGET_GAIN = 0.7
EXACT_MATCH = {
    "without_index": "exact match without retrieval",
    "own_index": "exact match with retrieval from the client's own index",
    "other_index": "exact match with another client's index",
}


@dataclass(frozen=True)
class Observed:
    """What one demo was.

    Attributes:
        seconds: From the command to its end.
        answers: Exact match, as its report has it.
    """

    seconds: float
    answers: dict[str, Any]


def run_demo() -> Observed:
    """One demo."""
    program = Path(sys.executable).with_name("pfi")
    with tempfile.TemporaryDirectory() as folder:
        started = time.monotonic()
        subprocess.run([program, "demo"], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        seconds = time.monotonic() - started
        report = Path(folder, ".pfi", "demo", "reports", "demo", "report.json")
        return Observed(seconds, json.loads(report.read_text(encoding="utf-8"))["answers"])


def measure(runs: int = 3) -> Result:
    """Runs the demo some times."""
    seen = [run_demo() for _ in range(runs)]
    row = Row.of(
        "pfi demo with its defaults, until it has ended", "s", [one.seconds for one in seen]
    )
    gain = Row.of("gain of exact match", "", [one.answers["gain"] for one in seen])
    asked = sum(client["questions"] for client in seen[0].answers["clients"])
    return Result(
        name="demo",
        about="The whole demo: start, enrolment of four clients, rounds, evaluation, private "
        "questions, report, stop.",
        rows=[
            row,
            *(
                Row.of(words, "share", [one.answers[name] for one in seen])
                for name, words in EXACT_MATCH.items()
            ),
        ],
        targets=[
            Target(
                "demo wall time",
                "Under 4 minutes on 2 cores after installation",
                f"{row.median:.0f} s (slowest {row.maximum:.0f} s)",
                row.maximum < LIMIT_SECONDS,
            ),
            Target(
                "exact match with and without retrieval",
                "target at least +0.7",
                f"{gain.median:+.2f} (least {gain.minimum:+.2f})",
                gain.minimum >= TARGET_GAIN,
            ),
        ],
        notes=[
            f"{asked} private questions in each demo, answered by the clients' agents after "
            "training, with backbone, shared and personal adapter; an answer counts when it "
            "contains the expected value."
        ],
    )
