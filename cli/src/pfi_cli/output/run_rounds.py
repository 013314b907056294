"""The rounds of a run as bars: every line's, those to come included."""

from rich.markup import escape
from rich.progress_bar import ProgressBar
from rich.table import Table

from pfi_cli.api.runs import ENDED_STATES, GLOBAL, Member, Round, Run
from pfi_cli.output.run_lines import in_line, round_name
from pfi_cli.output.traffic import Traffic
from pfi_cli.output.units import bytes_text, seconds_text

BAR_WIDTH = 10  # leaves room for the rest on a terminal of 80 columns
_FINISHED = frozenset({"committed", "completed"})


def rounds_grid(run: Run) -> Table:
    """Draws a bar for each round, line by line, and one for each line's closing evaluation."""
    grid = Table.grid(padding=(0, 1))
    for line in run.line_names:
        _add_rounds(grid, run, line)
        _add_evaluation(grid, run, line)
    return grid


def _add_rounds(grid: Table, run: Run, line: str) -> None:
    known = {each.round: each for each in run.rounds if each.line == line}
    for number in sorted({*known, *run.rounds_of(line)}):
        each = known.get(number)
        if each is not None:
            share = progress(each)
            text = f"{_round_text(run, each)}{_spools_text(run, each)}"
            grid.add_row(round_name(each), _bar(share), f"{share:4.0%}", text)
        elif line == GLOBAL or not _has_ended(run, line):
            grid.add_row(in_line(line, f"round {number}"), _bar(0.0), "", "")


def _add_evaluation(grid: Table, run: Run, line: str) -> None:
    asked = [member for member in run.evaluation if member.line == line]
    if asked:
        share = sum(member.state in _FINISHED for member in asked) / len(asked)
        grid.add_row(in_line(line, "evaluation"), _bar(share), f"{share:4.0%}", "")


def _has_ended(run: Run, line: str) -> bool:
    return any(each.line == line and each.state in ENDED_STATES for each in run.lines)


def _bar(share: float) -> ProgressBar:
    # Colours that differ on a terminal with 16 of them, too.
    return ProgressBar(
        total=1.0,
        completed=share,
        width=BAR_WIDTH,
        complete_style="cyan",
        finished_style="green",
    )


def progress(each: Round) -> float:
    """Share of a round that is done, by the steps of its clients."""
    if each.state == "published":
        return 1.0
    parts = [_member_progress(member) for member in each.cohort]
    return sum(parts) / len(parts) if parts else 0.0


def _member_progress(member: Member) -> float:
    if member.state in _FINISHED:
        return 1.0
    return min(1.0, member.steps_done / member.steps_total) if member.steps_total else 0.0


def _round_text(run: Run, each: Round) -> str:
    if each.state == "published":
        traffic = Traffic.of_members(each.cohort)
        left_out = run.left_out_of(each)
        return (
            f"{seconds_text(each.wall_seconds)}, {each.counted}/{len(each.cohort)} counted, "
            f"{f'{left_out} left out, ' if left_out else ''}"
            f"up {bytes_text(traffic.up_bytes)}, down {bytes_text(traffic.down_bytes)}"
        )
    if each.state == "reducing":
        done = f": {each.pieces_done} of {each.pieces} pieces" if each.pieces else ""
        return f"{each.state}{done}"
    steps = "  ".join(f"{escape(m.name)} {_member_text(m)}" for m in each.cohort)
    return steps or each.state


def _spools_text(run: Run, each: Round) -> str:
    """Names the spools of a round, where the run has more than one."""
    several = len({spool for other in run.rounds for spool in other.spools}) > 1
    return f"; on {', '.join(each.spools)}" if several and each.spools else ""


def _member_text(member: Member) -> str:
    if member.state in _FINISHED:
        return "[green]done[/]"
    if member.state in {"abandoned", "cancelled"}:
        return f"[red]{member.state}[/]"
    return f"{member.steps_done}/{member.steps_total}" if member.steps_total else "-"
