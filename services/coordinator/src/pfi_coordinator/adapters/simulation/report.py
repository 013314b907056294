"""The folder of a simulation: figures as JSON, a page, and pictures.

The same simulation writes the same bytes: nothing in it depends on the machine or the clock.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pfi_common.errors import InvalidRequestError
from pfi_coordinator.adapters.simulation.summary import summary_rows
from pfi_coordinator.domain.simulation.assumptions import Assumptions, Scenario, Work
from pfi_coordinator.domain.simulation.outcome import Outcome

DATA_FILE, PAGE_FILE = "simulation.json", "simulation.md"
_DIGITS = 6


@dataclass(frozen=True)
class Scene:
    """What was simulated.

    Attributes:
        name: Of the run.
        work: What it asks of clients and aggregator.
        assumptions: About devices, services and learning.
        scenario: Clients, seed and times.
    """

    name: str
    work: Work
    assumptions: Assumptions
    scenario: Scenario


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture of the report: its file and what it shows."""

    file: str
    shows: str


def write_report(folder: Path, scene: Scene, outcome: Outcome, plots: Sequence[Plot]) -> None:
    """Writes figures and page; pictures that are named are drawn elsewhere.

    Raises:
        InvalidRequestError: The folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / DATA_FILE).write_text(data_text(scene, outcome), encoding="utf-8")
        (folder / PAGE_FILE).write_text(page_text(scene, outcome, plots), encoding="utf-8")
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror}. Name another folder with --out."
        raise InvalidRequestError(message, field="--out") from error


def data_text(scene: Scene, outcome: Outcome) -> str:
    """Gives everything as JSON."""
    document = {
        "run": scene.name,
        "scenario": asdict(scene.scenario),
        "work": asdict(scene.work),
        "assumptions": asdict(scene.assumptions),
        "outcome": asdict(outcome),
    }
    return json.dumps(_rounded(document), indent=1) + "\n"


def page_text(scene: Scene, outcome: Outcome, plots: Sequence[Plot]) -> str:
    """Gives the page for people."""
    scenario = scene.scenario
    lines = [
        f"# Simulation of {scene.name}",
        "",
        f"{scenario.clients:,} clients, seed {scenario.seed}, submitted at "
        f"{scenario.begin_hour:g} h UTC. Devices, network and learning are models; what they "
        f"assume is in `{DATA_FILE}`.",
        "",
        "| | |",
        "| --- | --- |",
        *(f"| {what} | {value} |" for what, value in summary_rows(outcome, scenario)),
    ]
    for plot in plots:
        lines += ["", f"![{plot.shows}]({plot.file})"]
    return "\n".join(lines) + "\n"


def _rounded(value: object) -> object:
    """Cuts digits that no model has."""
    match value:
        case float():
            return round(value, _DIGITS)
        case dict():
            return {key: _rounded(item) for key, item in value.items()}
        case list() | tuple():
            return [_rounded(item) for item in value]
        case _:
            return value
