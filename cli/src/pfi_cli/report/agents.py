"""Checks what agents on this machine say they have, against what they have."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pfi_cli.api.runs import Member, Run
from pfi_cli.report.figures import PersonalEvidence
from pfi_cli.report.problems import Problems
from pfi_cli.report.sources import Sources
from pfi_common.errors import NotEnrolledError
from pfi_common.identity import load_identity

COMPARED_METRICS = (
    "eval_loss_backbone",
    "eval_loss_shared",
    "eval_loss_personal",
    "eval_accuracy_backbone",
    "eval_accuracy_shared",
    "eval_accuracy_personal",
)


@dataclass(frozen=True)
class AgentEvidence:
    """What was found on this machine.

    Attributes:
        personal: Personal adapters that were read back and verified.
        elsewhere: Names of clients whose own records are not on this machine.
    """

    personal: Sequence[PersonalEvidence]
    elsewhere: Sequence[str]


def check_agents(
    run: Run, members: Sequence[Member], sources: Sources, problems: Problems
) -> AgentEvidence:
    """Finds each client's own record of the closing evaluation and its personal adapter.

    Args:
        run: The run.
        members: Clients of the closing evaluation.
        sources: The state folders of agents; none means that agents are elsewhere.
        problems: Takes what is missing or does not match.
    """
    records = _records(run.run, sources.agents)
    here, elsewhere = _parted(members, sources, set(records))
    evidence: list[PersonalEvidence] = []
    for member in here:
        found = records.get(member.client)
        if found is None:
            problems.add(
                f"client {member.name}: no evaluations/{run.run}.json in the agents' folders that "
                "were named or found; name the folder of every client, or none"
            )
            continue
        folder, record = found
        _compare(member, record, problems)
        if record["shared_digest"] != _evaluated(run, member.line):
            problems.add(f"client {member.name}: it evaluated another shared adapter")
        evidence += _personal(member, folder, record, problems)
    return AgentEvidence(evidence, [member.name for member in elsewhere])


def _parted(
    members: Sequence[Member], sources: Sources, recorded: set[str]
) -> tuple[Sequence[Member], Sequence[Member]]:
    """Parts clients that must have a folder here from those that are on other machines."""
    if not sources.agents:
        return [], members
    if sources.agents_are_all:
        return members, []
    # A folder without the record of this run still tells by its certificate whose it is.
    owners = recorded.union(*map(_enrolled, sources.agents))
    here = [member for member in members if member.client in owners]
    return here, [member for member in members if member.client not in owners]


def _enrolled(folder: Path) -> set[str]:
    """The client that a folder's certificate names; none when it is not enrolled."""
    try:
        return {load_identity(folder / "identity").identity.name}
    except NotEnrolledError:
        return set()


def _evaluated(run: Run, line: str) -> str:
    """The newest version of a line."""
    own = [adapter for adapter in run.adapters if adapter.line == line]
    return max(own, key=lambda adapter: adapter.version).digest if own else ""


def _records(run: str, folders: Sequence[Path]) -> dict[str, tuple[Path, Mapping[str, Any]]]:
    found = {}
    for folder in folders:
        path = folder / "evaluations" / f"{run}.json"
        if path.is_file():
            record = json.loads(path.read_text(encoding="utf-8"))
            found[str(record["client"])] = (folder, record)
    return found


def _compare(member: Member, record: Mapping[str, Any], problems: Problems) -> None:
    """What the client measured must be what the coordinator stored."""
    for metric in COMPARED_METRICS:
        if record["metrics"].get(metric) != member.metrics.get(metric):
            problems.add(f"client {member.name}: {metric} differs from the stored evaluation")


def _personal(
    member: Member, folder: Path, record: Mapping[str, Any], problems: Problems
) -> list[PersonalEvidence]:
    if "eval_loss_personal" not in member.metrics:
        return []
    adapter = record.get("personal_adapter")
    file = folder / str(adapter)
    if adapter is None or not file.is_file():
        problems.add(f"client {member.name}: its personal adapter {file} is missing")
        return []
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    if digest != record["personal_sha256"]:
        problems.add(f"client {member.name}: its personal adapter {file} was changed")
        return []
    return [PersonalEvidence(client=member.client, name=member.name, file=str(file), sha256=digest)]
