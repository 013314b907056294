"""What changed in a run, as lines for a terminal that is no screen, such as a CI log."""

from collections.abc import Iterator
from datetime import datetime

from pfi_cli.api.runs import Round, Run
from pfi_cli.output.traffic import Traffic
from pfi_cli.output.units import bytes_text, seconds_text

PATIENCE_SECONDS = 2.0


def changes(before: Run | None, now: Run) -> Iterator[str]:
    """Says what is new since the last look; steps are not worth a line."""
    if before is None or before.state != now.state:
        yield f"{now.name} is {now.state}"
    known = {each.round: each for each in before.rounds} if before is not None else {}
    for each in now.rounds:
        earlier = known.get(each.round)
        if earlier is None or (earlier.state, earlier.attempt) != (each.state, each.attempt):
            yield _round_line(each)


def waiting(run: Run, moment: datetime, seen_since: datetime) -> str | None:
    """Says what a run has been waiting for when that takes long.

    Args:
        run: The run as it is known.
        moment: Now.
        seen_since: When this wait was first seen; the run may know of an earlier begin.
    """
    if run.ended or run.why is None or not run.why.waiting_for:
        return None
    since = min(run.why.since or seen_since, seen_since)
    seconds = (moment - since).total_seconds()
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
