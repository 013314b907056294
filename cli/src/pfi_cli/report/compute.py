"""Figures from a run's metrics. Pure: what is missing was refused before."""

import statistics
from collections.abc import Iterator, Sequence

from pfi_cli.api.runs import Member, Round, Run
from pfi_cli.output.traffic import Traffic
from pfi_cli.report.figures import (
    AccuracySummary,
    ClientOutcome,
    LossSummary,
    RoundOutcome,
    RoundTime,
    SilentClient,
    Spread,
    TrafficComparison,
    VersionLoss,
)

BYTES_PER_PARAMETER = 4


def client_outcome(member: Member, device_class: str = "") -> ClientOutcome:
    """Reads a client's closing evaluation.

    Args:
        member: Its entry.
        device_class: Of its last task; empty for none.
    """
    return ClientOutcome(
        client=member.client,
        name=member.name,
        line=member.line,
        device_class=device_class,
        held_out_rows=round(member.metrics["held_out_rows"]),
        backbone=member.metrics["eval_loss_backbone"],
        shared=member.metrics["eval_loss_shared"],
        personal=member.metrics.get("eval_loss_personal"),
        accuracy_backbone=member.metrics.get("eval_accuracy_backbone"),
        accuracy_shared=member.metrics.get("eval_accuracy_shared"),
        accuracy_personal=member.metrics.get("eval_accuracy_personal"),
    )


def silent_client(member: Member) -> SilentClient:
    """Names a client that did not report at the end."""
    return SilentClient(client=member.client, name=member.name, state=member.state)


def loss_summary(clients: Sequence[ClientOutcome]) -> LossSummary:
    """Summarises the closing evaluation; personal only when every client has one."""
    personal = [client.personal for client in clients if client.personal is not None]
    return LossSummary(
        backbone=spread([client.backbone for client in clients]),
        shared=spread([client.shared for client in clients]),
        personal=spread(personal) if len(personal) == len(clients) else None,
    )


def accuracy_summary(clients: Sequence[ClientOutcome]) -> AccuracySummary | None:
    """Summarises a classifier's closing evaluation; None for a language model."""
    backbone = [c.accuracy_backbone for c in clients if c.accuracy_backbone is not None]
    shared = [c.accuracy_shared for c in clients if c.accuracy_shared is not None]
    personal = [c.accuracy_personal for c in clients if c.accuracy_personal is not None]
    if not shared or len(shared) != len(backbone):
        return None
    return AccuracySummary(
        backbone=spread(backbone),
        shared=spread(shared),
        personal=spread(personal) if len(personal) == len(clients) else None,
    )


def spread(values: Sequence[float]) -> Spread:
    """Mean, sample deviation and range of at least one value."""
    return Spread(
        mean=statistics.fmean(values),
        deviation=statistics.stdev(values) if len(values) > 1 else 0.0,
        lowest=min(values),
        highest=max(values),
    )


def loss_history(run: Run) -> list[VersionLoss]:
    """Loss by version of the shared adapter: round n reports on version n - 1, the end on the last.

    A client appears where it took part. Lines come one after the other; what the first round of a
    cluster reports is the loss with the version that the probe round published.
    """
    return [entry for line in run.line_names for entry in _line_history(run, line)]


def _line_history(run: Run, line: str) -> Iterator[VersionLoss]:
    rounds = [each for each in run.rounds if each.line == line]
    for each in rounds:
        yield VersionLoss(line=line, version=each.round - 1, by_client=_shared_losses(each.cohort))
    reported = [m for m in run.evaluation if (m.state, m.line) == ("completed", line)]
    if rounds and reported:
        last = rounds[-1].round
        yield VersionLoss(line=line, version=last, by_client=_shared_losses(reported))


def _shared_losses(members: Sequence[Member]) -> dict[str, float]:
    key = "eval_loss_shared"
    return {member.name: member.metrics[key] for member in members if key in member.metrics}


def round_outcome(each: Round, local_steps: int, up_bytes: int, left_out: int = 0) -> RoundOutcome:
    """Figures of a published round.

    Args:
        each: The round.
        local_steps: Steps on the shared adapter in each task.
        up_bytes: Payload of the counted updates, as the aggregator signed it.
        left_out: Counted updates that the aggregation rule left out, as the aggregator signed it.
    """
    return RoundOutcome(
        line=each.line,
        round=each.round,
        attempt=each.attempt,
        selected=len(each.cohort),
        counted=each.counted or 0,
        clipped=each.clipped or 0,
        capped=each.capped or 0,
        left_out=left_out,
        up_bytes=up_bytes,
        down_bytes=Traffic.of_members(each.cohort).down_bytes,
        down_clients=sum("downloaded_bytes" in member.metrics for member in each.cohort),
        time=round_time(each, local_steps),
    )


def round_time(each: Round, local_steps: int) -> RoundTime:
    """Splits a round's wall time along the client that worked longest."""
    wall = each.wall_seconds or 0.0
    longest = max(each.cohort, key=lambda member: member.metrics.get("work_seconds", 0.0)).metrics
    work, task = longest.get("work_seconds", 0.0), longest.get("task_seconds", 0.0)
    rate = longest.get("steps_per_second", 0.0)
    training = min(work, local_steps / rate) if rate > 0 else 0.0
    return RoundTime(
        wall=wall,
        training=training,
        evaluation=work - training,
        transfer=max(0.0, task - work),
        rest=max(0.0, wall - max(task, work)),
        merge=each.merge_seconds or 0.0,
        longest_work=work,
        overhead=max(0.0, wall - work) if each.attempt == 1 else None,
    )


def traffic_comparison(rounds: Sequence[RoundOutcome], parameter_count: int) -> TrafficComparison:
    """Compares the mean round with full fine-tuning by the clients whose bytes were measured."""
    measured = statistics.fmean(each.up_bytes + each.down_bytes for each in rounds)
    model_bytes = parameter_count * BYTES_PER_PARAMETER
    up = model_bytes * statistics.fmean(each.counted for each in rounds)
    down = model_bytes * statistics.fmean(each.down_clients for each in rounds)
    return TrafficComparison(
        measured_bytes=measured,
        full_up_bytes=up,
        full_down_bytes=down,
        full_bytes=up + down,
        times_less=(up + down) / max(measured, 1.0),
    )


def longest_overhead(rounds: Sequence[RoundOutcome]) -> float | None:
    """The longest overhead of a round; None when all were reopened."""
    known = [each.time.overhead for each in rounds if each.time.overhead is not None]
    return max(known, default=None)
