"""Runs `pfi-coordinator simulate`: reads files, simulates with a progress bar, reports."""

import argparse
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TextIO

from pfi_common.clock import SystemClock
from pfi_common.errors import InvalidRequestError
from pfi_common.spec import load_description, load_run_spec
from pfi_coordinator.adapters.simulation.assumptions_file import assumptions_text, read_assumptions
from pfi_coordinator.adapters.simulation.canvas import require_plots
from pfi_coordinator.adapters.simulation.phrases import time_text
from pfi_coordinator.adapters.simulation.plots import draw_plots
from pfi_coordinator.adapters.simulation.report import PAGE_FILE, Scene, write_report
from pfi_coordinator.adapters.simulation.summary import summary_rows
from pfi_coordinator.application.simulate_run import Asked, prepare_simulation
from pfi_coordinator.domain.simulation.assumptions import Assumptions, Scenario
from pfi_coordinator.domain.simulation.outcome import Outcome, outcome_of
from pfi_coordinator.domain.simulation.simulation import Simulation

_SHOWN_SECONDS = 0.2
_LOOK_EVERY = 512
_WIDTH = 30


def simulate(chosen: argparse.Namespace) -> None:
    """Carries the command out.

    Raises:
        SpecInvalidError: A file cannot be read, or breaks its rules.
        SpecUnsoundError: The specification is unsound, or no round could ever be published.
        SchemaMismatchError: The description is of another adapter.
        ExtraMissingError: Pictures are wanted, and what draws them is not installed.
        InvalidRequestError: There is no specification, or the folder cannot be written.
    """
    if chosen.write_devices:
        sys.stdout.write(assumptions_text())
        return
    if not chosen.no_plots:
        require_plots()
    asked = _asked(chosen)
    simulation = prepare_simulation(asked)
    outcome = _simulated(simulation, asked.scenario)
    scene = Scene(asked.spec.name, simulation.world.work, asked.assumptions, asked.scenario)
    plots = () if chosen.no_plots else draw_plots(chosen.out, outcome)
    write_report(chosen.out, scene, outcome, plots)
    _print(outcome, asked.scenario)
    sys.stdout.write(f"\nreport: {chosen.out / PAGE_FILE}\n")


def _asked(chosen: argparse.Namespace) -> Asked:
    if chosen.spec is None:
        raise InvalidRequestError("which run? Name the file of its specification", field="SPEC")
    scenario = Scenario(
        clients=chosen.clients,
        seed=chosen.seed,
        begin_hour=chosen.begin_hour,
        longest_days=chosen.days,
        spools=chosen.spools,
        restart_hours=tuple(chosen.restart_after),
        target_loss=chosen.target,
    )
    return Asked(
        spec=load_run_spec(chosen.spec),
        description=None if chosen.described is None else load_description(chosen.described),
        coordinates=chosen.coordinates,
        assumptions=Assumptions() if chosen.devices is None else read_assumptions(chosen.devices),
        scenario=scenario,
    )


def _simulated(simulation: Simulation, scenario: Scenario) -> Outcome:
    with _interruptible() as interrupted:
        progress = _Progress(simulation, sys.stderr)
        ending = simulation.run(lambda: progress.show() or interrupted())
        progress.clear()
    return outcome_of(simulation, ending, scenario.target_loss)


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Lets the first Ctrl-C end the simulation, and a second one the process."""
    asked = threading.Event()
    before = signal.getsignal(signal.SIGINT)

    def note(_number: int, _frame: FrameType | None) -> None:
        asked.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, note)
    try:
        yield asked.is_set
    finally:
        signal.signal(signal.SIGINT, before)


class _Progress:
    """A bar on a terminal; nothing elsewhere."""

    def __init__(self, simulation: Simulation, stream: TextIO) -> None:
        self._simulation, self._stream = simulation, stream
        self._clock = SystemClock()
        self._begun = self._shown_at = self._clock.monotonic()
        self._asked = 0
        self._on = stream.isatty()

    def show(self) -> bool:
        """Draws the bar now and then; never asks to stop."""
        self._asked += 1
        if not self._on or self._asked % _LOOK_EVERY:
            return False
        now = self._clock.monotonic()
        if now - self._shown_at >= _SHOWN_SECONDS:
            self._shown_at = now
            self._stream.write(f"\r{self._line(now)}\033[K")
            self._stream.flush()
        return False

    def clear(self) -> None:
        """Takes the bar away."""
        if self._on:
            self._stream.write("\r\033[K")

    def _line(self, now: float) -> str:
        tally, rounds = self._simulation.tally, self._simulation.state.rules.rounds
        done = len(tally.rounds)
        filled = _WIDTH * done // rounds
        speed = tally.happenings / max(now - self._begun, 1e-9)
        bar = "#" * filled + "." * (_WIDTH - filled)
        passed = time_text(self._simulation.seconds)
        return f"[{bar}] round {done}/{rounds}, {passed} simulated, {speed:,.0f} events/s"


def _print(outcome: Outcome, scenario: Scenario) -> None:
    rows = summary_rows(outcome, scenario)
    width = max(len(what) for what, _ in rows)
    for what, value in rows:
        sys.stdout.write(f"{what:{width}}  {value}\n")
