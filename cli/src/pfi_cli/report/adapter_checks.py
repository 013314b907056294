"""Checks the stored adapters of a run against each other and against what the coordinator says."""

from collections.abc import Sequence
from itertools import pairwise

from pfi_cli.api.runs import GLOBAL, Run
from pfi_cli.output.run_lines import in_line, round_name
from pfi_cli.report.problems import Problems
from pfi_cli.report.stored_run import VerifiedAdapter


def published_versions(run: Run) -> list[tuple[str, int]]:
    """Gives (line, version) of everything that a completed run has published.

    The line of a cluster begins after the probe round, with the global version.
    """
    found = [(GLOBAL, 0), *((GLOBAL, number) for number in run.rounds_of(GLOBAL))]
    for line in run.lines:
        own = run.rounds_of(line.line)
        found += [(line.line, number) for number in own if number <= line.version]
    return found


def check_published(run: Run, adapters: Sequence[VerifiedAdapter], problems: Problems) -> None:
    """Checks that the store holds what the coordinator says was published."""
    said = {(adapter.line, adapter.version): adapter.digest for adapter in run.adapters}
    for adapter in adapters:
        evidence = adapter.evidence
        if said.get((evidence.line, evidence.version)) != evidence.digest:
            problems.add(f"{_name(adapter)}: the store and the run name different adapters")


def check_chain(adapters: Sequence[VerifiedAdapter], problems: Problems) -> None:
    """Checks that each version was made from the one before; a cluster's first from the global."""
    lines = dict.fromkeys(adapter.evidence.line for adapter in adapters)
    begin = [adapter for adapter in adapters if adapter.evidence.line == GLOBAL]
    for line in lines:
        own = [adapter for adapter in adapters if adapter.evidence.line == line]
        for before, after in pairwise(own if line == GLOBAL else [*begin[-1:], *own]):
            if after.lineage.parent_digest != before.evidence.digest:
                problems.add(f"{_name(after)} does not come from version {before.evidence.version}")


def check_counted(run: Run, adapters: Sequence[VerifiedAdapter], problems: Problems) -> None:
    """Checks that the aggregator signed for as many updates as were counted, all of the cohort.

    The state of a task is not compared: a client may be revoked after its update was counted.
    """
    lineages = {(each.evidence.line, each.evidence.version): each.lineage for each in adapters}
    for each in run.rounds:
        lineage = lineages.get((each.line, each.round))
        if lineage is None:
            continue
        signed = {update.task for update in lineage.counted}
        cohort = {member.task for member in each.cohort}
        if not signed <= cohort or len(lineage.counted) != each.counted:
            problems.add(
                f"{round_name(each)}: the aggregator counted {sorted(signed)}, the coordinator "
                f"{each.counted} of {sorted(cohort)}"
            )


def _name(adapter: VerifiedAdapter) -> str:
    return in_line(adapter.evidence.line, f"version {adapter.evidence.version}")
