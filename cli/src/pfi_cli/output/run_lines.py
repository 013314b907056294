"""What changed in a run, as lines for a terminal that is no screen, such as a CI log."""

from collections.abc import Iterator
from datetime import datetime

from pfi_cli.api.runs import ENDED_STATES, GLOBAL, Round, Run
from pfi_cli.output.clusters import partition_text
from pfi_cli.output.moments import with_short_moments
from pfi_cli.output.traffic import Traffic
from pfi_cli.output.units import bytes_text, seconds_text

PATIENCE_SECONDS = 2.0


def changes(before: Run | None, now: Run) -> Iterator[str]:
    """Says what is new since the last look; steps are not worth a line."""
    if before is None or before.state != now.state:
        yield f"{now.name} is {now.state}"
    if now.partition is not None and (before is None or before.partition != now.partition):
        yield partition_text(now.partition)
    yield from _line_changes(before, now)
    known = {(each.line, each.round): each for each in before.rounds} if before is not None else {}
    for each in now.rounds:
        earlier = known.get((each.line, each.round))
        if earlier is None or (earlier.state, earlier.attempt) != (each.state, each.attempt):
            yield _round_line(now, each)


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
    told = with_short_moments(run.why.waiting_for, moment)
    return f"waiting for {told}" if seconds > PATIENCE_SECONDS else None


def _line_changes(before: Run | None, now: Run) -> Iterator[str]:
    """Says how lines of clusters came to an end."""
    known = {each.line: each.state for each in before.lines} if before is not None else {}
    for each in now.lines:
        if each.state in ENDED_STATES and known.get(each.line) != each.state:
            why = "" if each.error is None else f": {each.error.get('detail', '')}"
            yield f"{each.line} is {each.state}{why}"


def in_line(line: str, name: str) -> str:
    """Names something of a line; what is of the global one needs no more than its name."""
    return name if line == GLOBAL else f"{line} {name}"


def round_name(each: Round) -> str:
    """Names a round, with its line where that is a cluster's."""
    return in_line(each.line, f"round {each.round}")


def _round_line(run: Run, each: Round) -> str:
    attempt = f" (attempt {each.attempt})" if each.attempt > 1 else ""
    line = f"{round_name(each)}{attempt} is {each.state}"
    if each.state != "published":
        return line
    traffic = Traffic.of_members(each.cohort)
    left_out = run.left_out_of(each)
    return (
        f"{line}: {each.counted} of {len(each.cohort)} updates counted"
        f"{f', {left_out} left out,' if left_out else ''} in "
        f"{seconds_text(each.wall_seconds)}, up {bytes_text(traffic.up_bytes)}, "
        f"down {bytes_text(traffic.down_bytes)}"
    )
