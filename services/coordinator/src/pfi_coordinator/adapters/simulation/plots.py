"""The pictures of a simulation."""

from collections.abc import Callable
from pathlib import Path

from pfi_common.errors import InvalidRequestError
from pfi_coordinator.adapters.simulation.canvas import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    RED,
    SKY,
    Picture,
    legend,
)
from pfi_coordinator.adapters.simulation.report import Plot
from pfi_coordinator.domain.simulation.outcome import Outcome

_HOUR, _MINUTE, _MEGABYTE = 3600.0, 60.0, 1e6
_COLOURS = {
    "counted": GREEN,
    "late": RED,
    "stopped": SKY,
    "dropped": ORANGE,
    "given_back": BLUE,
    "voided": "#a5761d",
    "open": GREY,
}

ROUNDS = Plot("rounds.png", "Time of each round: looking for clients, collecting, publishing")
DEVICES = Plot("devices.png", "Devices that are there, that charge, and that work, over time")
LOAD = Plot("load.png", "Sessions opened and payload taken in the busiest second, over time")
TASKS = Plot("tasks.png", "How tasks ended, round by round of the whole run")
LEARNING = Plot("learning.png", "Loss by the learning model, over time")


def draw_plots(folder: Path, outcome: Outcome) -> tuple[Plot, ...]:
    """Draws every picture that there is something to draw for.

    Raises:
        InvalidRequestError: The folder cannot be written.
    """
    wanted = [item for item in _DRAWN.items() if item[0] != LEARNING or outcome.target_loss]
    drawn = [plot for plot, _ in wanted if outcome.rounds or plot in _WITHOUT_ROUNDS]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for plot in drawn:
            _DRAWN[plot](outcome).save(folder / plot.file)
    except OSError as error:
        message = f"{folder} cannot be written: {error.strerror}. Name another folder with --out."
        raise InvalidRequestError(message, field="--out") from error
    return tuple(drawn)


def _rounds(outcome: Outcome) -> Picture:
    picture = Picture("Rounds", ("minutes, by round",))
    axes = picture.axes[0]
    at = [index + 1 for index in range(len(outcome.rounds))]
    waited = [(row.opened - row.begun) / _MINUTE for row in outcome.rounds]
    collected = [(row.sealed - row.opened) / _MINUTE for row in outcome.rounds]
    closed = [(row.published - row.sealed) / _MINUTE for row in outcome.rounds]
    edges = {"width": 1.0, "linewidth": 0}
    axes.bar(at, waited, color=GREY, label="waiting, failed attempts", **edges)
    axes.bar(at, collected, bottom=waited, color=BLUE, label="collecting", **edges)
    below = [first + second for first, second in zip(waited, collected, strict=True)]
    axes.bar(at, closed, bottom=below, color=ORANGE, label="publishing", **edges)
    axes.set_xlim(0.5, len(at) + 0.5)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("round", fontsize=9)
    legend(axes, 3)
    return picture


def _devices(outcome: Outcome) -> Picture:
    picture = Picture("Devices", ("devices that are there", "devices that work"))
    hours = [sample.at / _HOUR for sample in outcome.samples]
    upper, lower = picture.axes
    online = [sample.online for sample in outcome.samples]
    upper.fill_between(hours, online, color=SKY, alpha=0.5, linewidth=0, label="there")
    charging = [sample.charging for sample in outcome.samples]
    upper.fill_between(hours, charging, color=BLUE, alpha=0.6, linewidth=0, label="charging")
    legend(upper, 2)
    lower.plot(hours, [sample.busy for sample in outcome.samples], color=GREEN, linewidth=1.2)
    for axes in picture.axes:
        axes.set_ylim(bottom=0)
        axes.margins(x=0)
    lower.set_xlabel("hours after the begin", fontsize=9)
    return picture


def _load(outcome: Outcome) -> Picture:
    subtitles = ("sessions opened a second, busiest second", "payload, MB a second, busiest second")
    picture = Picture("Load", subtitles)
    hours = [row.at / _HOUR for row in outcome.loads]
    upper, lower = picture.axes
    upper.plot(hours, [row.arrivals_peak for row in outcome.loads], color=BLUE, linewidth=1.2)
    payload = [row.bytes_peak / _MEGABYTE for row in outcome.loads]
    lower.plot(hours, payload, color=ORANGE, linewidth=1.2)
    for axes in picture.axes:
        axes.set_ylim(bottom=0)
        axes.margins(x=0)
    lower.set_xlabel("hours after the begin", fontsize=9)
    return picture


def _tasks(outcome: Outcome) -> Picture:
    picture = Picture("Tasks", ("share of all tasks, %",))
    axes, total = picture.axes[0], max(outcome.tasks, 1)
    kinds = [(name, 100 * count / total) for name, count in outcome.fates.items() if count]
    names = [f"{name.replace('_', ' ')} ({share:.1f} %)" for name, share in kinds]
    shares = [share for _, share in kinds]
    axes.barh(names, shares, color=[_COLOURS[name] for name, _ in kinds])
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    return picture


def _learning(outcome: Outcome) -> Picture:
    picture = Picture("Learning, by the model", ("loss",))
    axes = picture.axes[0]
    hours = [row.published / _HOUR for row in outcome.rounds]
    axes.step(hours, [row.loss for row in outcome.rounds], color=GREEN, where="post")
    axes.axhline(outcome.target_loss, color=RED, linewidth=1.0, linestyle="--", label="target")
    axes.set_xlabel("hours after the begin", fontsize=9)
    legend(axes, 1)
    return picture


_DRAWN: dict[Plot, Callable[[Outcome], Picture]] = {
    ROUNDS: _rounds,
    DEVICES: _devices,
    LOAD: _load,
    TASKS: _tasks,
    LEARNING: _learning,
}
_WITHOUT_ROUNDS = (DEVICES, LOAD, TASKS)
