"""What a simulation found, row by row: for the terminal and for the page."""

from pfi_coordinator.adapters.simulation.phrases import (
    rate_text,
    share_text,
    size_text,
    time_text,
)
from pfi_coordinator.domain.simulation.assumptions import Scenario
from pfi_coordinator.domain.simulation.outcome import Outcome
from pfi_coordinator.domain.state import RunPhase

Row = tuple[str, str]

_ENDS = {
    RunPhase.COMPLETED: "completed after",
    RunPhase.FAILED: "failed after",
    RunPhase.CANCELLED: "cancelled after",
}


def summary_rows(outcome: Outcome, scenario: Scenario) -> list[Row]:
    """Gives what a person wants to know first."""
    return [
        *_run_rows(outcome),
        *_client_rows(outcome, scenario),
        *_load_rows(outcome),
        *_target_rows(outcome),
    ]


def _run_rows(outcome: Outcome) -> list[Row]:
    ended = _ENDS.get(RunPhase(outcome.phase), "still going on after")
    stopped = " (the simulation was interrupted)" if outcome.interrupted else ""
    rows = [("run", f"{ended} {time_text(outcome.virtual_seconds)}{stopped}")]
    if outcome.why:
        rows.append(("why", outcome.why))
    published = f"{len(outcome.rounds)} of {outcome.rounds_wanted} published"
    p50, p95 = time_text(outcome.round_p50_seconds), time_text(outcome.round_p95_seconds)
    return [
        *rows,
        ("rounds", f"{published}, in {outcome.attempts} attempts"),
        ("time of a round", f"p50 {p50}, p95 {p95}"),
        ("of it collecting", f"p50 {time_text(outcome.collect_p50_seconds)}"),
    ]


def _client_rows(outcome: Outcome, scenario: Scenario) -> list[Row]:
    fates = ", ".join(
        f"{name.replace('_', ' ')} {count:,}" for name, count in outcome.fates.items() if count
    )
    breaks = f"{outcome.interruptions:,} left, {outcome.flat_batteries:,} with a low battery"
    return [
        ("clients used", f"{outcome.clients_used:,} of {scenario.clients:,}"),
        ("tasks", f"{outcome.tasks:,}: {fates}" if fates else "none"),
        ("drop-outs", f"{share_text(outcome.dropped_share)} of tasks"),
        ("interruptions", breaks),
        ("idle", f"{share_text(outcome.idle_share)} of the time that devices are there"),
        ("wasted", f"{share_text(outcome.wasted_share)} of the training"),
    ]


def _load_rows(outcome: Outcome) -> list[Row]:
    arrivals, commits, payload = outcome.arrivals, outcome.commits, outcome.bytes_in
    restarted = outcome.longest_return_seconds
    back = f"all sessions were back after {time_text(restarted)}"
    return [
        *([("restart", back)] if restarted else []),
        ("sessions opened", f"{rate_text(arrivals.mean)}/s, peak {rate_text(arrivals.peak)}/s"),
        ("updates taken", f"{rate_text(commits.mean)}/s, peak {rate_text(commits.peak)}/s"),
        ("payload taken", f"{size_text(payload.mean)}/s, peak {size_text(payload.peak)}/s"),
        ("payload up", size_text(payload.total)),
        ("payload down", size_text(outcome.download_bytes)),
        ("longest wait at a spool", time_text(outcome.longest_upload_wait_seconds)),
        ("coordinator busy", f"{share_text(outcome.coordinator_busy_share)} of the time"),
    ]


def _target_rows(outcome: Outcome) -> list[Row]:
    if outcome.target_loss is None:
        return []
    reached = outcome.target_seconds
    when = "not reached" if reached is None else f"after {time_text(reached)}"
    return [(f"loss {outcome.target_loss:g}", f"{when}, by the learning model")]
