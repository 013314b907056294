"""What changed in a run, as lines for a terminal that is no screen, such as a CI log."""

from collections.abc import Iterator
from datetime import datetime

from pfi_cli.api.runs import Round, Run
from pfi_cli.output.traffic import Traffic
from pfi_cli.output.units import bytes_text, seconds_text

PATIENCE_SECONDS = 15.0


def changes(before: Run | None, now: Run) -> Iterator[str]:
    """Says what is new since the last look; steps are not worth a line."""
    if before is None or before.state != now.state:
        yield f"{now.name} is {now.state}"
    known = {each.round: each for each in before.rounds} if before is not None else {}
    for each in now.rounds:
        earlier = known.get(each.round)
        if earlier is None or (earlier.state, earlier.attempt) != (each.state, each.attempt):
            yield _round_line(each)


def waiting(run: Run, moment: datetime) -> str | None:
    """Says what a run has been waiting for when that takes long."""
    if run.ended or run.why is None or run.why.since is None:
        return None
    seconds = (moment - run.why.since).total_seconds()
    return f"waiting for {run.why.waiting_for}" if seconds > PATIENCE_SECONDS else None


def _round_line(each: Round) -> str:
    attempt = f" (attempt {each.attempt})" if each.attempt > 1 else ""
    line = f"round {each.round}{attempt} is {each.state}"
    if each.state != "published":
        return line
    traffic = Traffic.of_members(each.cohort)
    return (
        f"{line}: {each.counted} of {len(each.cohort)} updates counted in "
        f"{seconds_text(each.wall_seconds)}, up {bytes_text(traffic.up_bytes)}, "
        f"down {bytes_text(traffic.down_bytes)}"
    )
