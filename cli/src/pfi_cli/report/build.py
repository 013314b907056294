"""Builds a report: reads, verifies, computes."""

from collections.abc import Mapping, Sequence
from typing import Any

from cryptography import x509

from pfi_cli.api.runs import Member, Run
from pfi_cli.output.client_metrics import device_classes
from pfi_cli.output.run_lines import in_line, round_name
from pfi_cli.report import compute
from pfi_cli.report.adapter_checks import (
    check_chain,
    check_counted,
    check_published,
    published_versions,
)
from pfi_cli.report.agents import AgentEvidence, check_agents
from pfi_cli.report.answers import load_answers
from pfi_cli.report.clusters import cluster_outcomes, partition_outcome
from pfi_cli.report.encodings import encoding_outcomes
from pfi_cli.report.figures import Report
from pfi_cli.report.problems import Problems
from pfi_cli.report.sources import Sources
from pfi_cli.report.stored_run import StoredRun, VerifiedAdapter
from pfi_common.artifacts import open_artifact_store
from pfi_common.clock import SystemClock
from pfi_common.errors import ReportIncompleteError
from pfi_common.identity import StatementVerifier
from pfi_common.spec import Description

STATEMENTS_PER_ADAPTER = 2
COMPLETED = "completed"
ROUND_METRICS = ("eval_loss_shared", "work_seconds", "task_seconds", "downloaded_bytes")
NEEDED_METRICS = ("eval_loss_backbone", "eval_loss_shared", "held_out_rows")


async def build_report(document: Mapping[str, Any], sources: Sources) -> Report:
    """Builds the report of a completed run.

    Args:
        document: The run as the coordinator describes it.
        sources: Where everything else lies.

    Raises:
        ReportIncompleteError: Names everything that is missing or damaged.
    """
    run = Run.model_validate(document)
    if run.state != "completed":
        raise ReportIncompleteError(f"the run {run.name} is {run.state}, not completed")
    problems = Problems()
    stored = StoredRun(run.run, open_artifact_store(sources.artifacts_url), _verifier(sources))
    description = await stored.description()
    adapters = await _adapters(run, stored, description, problems)
    check_published(run, adapters, problems)
    check_chain(adapters, problems)
    check_counted(run, adapters, problems)
    _check_rounds(run, problems)
    asked = await _evaluation(run, stored, problems)
    reporting = [member for member in asked if member.state == COMPLETED]
    agents = check_agents(run, reporting, sources, problems)
    problems.raise_if_any()
    report = _compute(run.model_copy(update={"evaluation": asked}), description, adapters, agents)
    return report.model_copy(update={"answers": load_answers(sources.answers, run.run)})


async def _adapters(
    run: Run, stored: StoredRun, description: Description, problems: Problems
) -> list[VerifiedAdapter]:
    adapters = []
    for line, version in published_versions(run):
        with problems.noted(in_line(line, f"shared adapter, version {version}")):
            adapters.append(await stored.adapter(version, description, line))
    return adapters


def _check_rounds(run: Run, problems: Problems) -> None:
    """Every client that completed a round's task has reported what the figures need."""
    for each in run.rounds:
        for member in each.cohort:
            missing = [name for name in ROUND_METRICS if name not in member.metrics]
            if member.state == COMPLETED and missing:
                lacking = ", ".join(missing)
                problems.add(f"{round_name(each)}, client {member.name}: no {lacking}")


async def _evaluation(run: Run, stored: StoredRun, problems: Problems) -> Sequence[Member]:
    """The stored closing evaluation; every client that completed it has all metrics."""
    members: list[Member] = []
    with problems.noted("closing evaluation"):
        members = [Member.model_validate(entry) for entry in await stored.evaluation()]
    for member in members:
        missing = [name for name in NEEDED_METRICS if name not in member.metrics]
        if member.state == COMPLETED and missing:
            problems.add(f"client {member.name}: its evaluation lacks {', '.join(missing)}")
    if members and all(member.state != COMPLETED for member in members):
        problems.add("no client completed the closing evaluation")
    if {m.client for m in members} != {m.client for m in run.evaluation}:
        problems.add("the stored closing evaluation names other clients than the run")
    return members


def _compute(
    run: Run,
    description: Description,
    adapters: Sequence[VerifiedAdapter],
    agents: AgentEvidence,
) -> Report:
    if run.created_at is None or run.ended_at is None or not run.evaluation:
        raise ReportIncompleteError("the run lacks its times or its closing evaluation")
    by_name = sorted(run.evaluation, key=lambda member: member.name)
    classes = device_classes(run)
    clients = [
        compute.client_outcome(m, classes.get(m.client, ""))
        for m in by_name
        if m.state == COMPLETED
    ]
    silent = [compute.silent_client(m) for m in by_name if m.state != COMPLETED]
    local_steps = int(run.spec["local"]["steps"])
    signed = {(a.evidence.line, a.evidence.version): _signed_figures(a) for a in adapters}
    rounds = [
        compute.round_outcome(each, local_steps, *signed[each.line, each.round])
        for each in run.rounds
        if (each.line, each.round) in signed  # the last round of a line that failed has none
    ]
    return Report(
        run=run.run,
        name=run.name,
        created_at=run.created_at,
        ended_at=run.ended_at,
        backbone=str(run.spec["backbone"]["model"]),
        backbone_digest=description.backbone_digest,
        parameter_count=description.parameter_count,
        coordinate_count=description.adapter_schema.coordinate_count,
        spec=run.spec,
        clients=clients,
        silent_clients=silent,
        losses=compute.loss_summary(clients),
        accuracies=compute.accuracy_summary(clients),
        history=compute.loss_history(run),
        rounds=rounds,
        traffic=compute.traffic_comparison(rounds, description.parameter_count),
        encodings=encoding_outcomes(run, description.adapter_schema.coordinate_count),
        adapters=[adapter.evidence for adapter in adapters],
        personal_adapters=agents.personal,
        records_elsewhere=agents.elsewhere,
        statements_verified=STATEMENTS_PER_ADAPTER * len(adapters),
        partition=partition_outcome(run),
        clusters=cluster_outcomes(run, clients),
    )


def _signed_figures(adapter: VerifiedAdapter) -> tuple[int, int]:
    """Payload bytes of the counted updates, and how many of them the rule left out."""
    lineage = adapter.lineage
    return sum(update.payload_bytes for update in lineage.counted), len(lineage.report.left_out)


def _verifier(sources: Sources) -> StatementVerifier:
    certificate = x509.load_pem_x509_certificate(sources.authority.read_bytes())
    return StatementVerifier(certificate, sources.federation, SystemClock())
