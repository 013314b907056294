"""What clients of a run reported, by client."""

from collections.abc import Sequence

from pfi_cli.api.runs import GLOBAL, Member, Run


def client_names(run: Run) -> dict[str, str]:
    """Gives the names of everyone who took part by client id, sorted by name."""
    return dict(sorted({m.client: m.name for m in _members(run)}.items(), key=lambda item: item[1]))


def metric_history(run: Run, client: str) -> list[dict[str, float]]:
    """Gives what a client reported, oldest first."""
    return [dict(member.metrics) for member in _members(run) if member.client == client]


def last_metric(history: Sequence[dict[str, float]], metric: str) -> float | None:
    """Gives the newest value of a metric; None when it was never reported."""
    values = [metrics[metric] for metrics in history if metric in metrics]
    return values[-1] if values else None


def line_of(run: Run, client: str) -> str:
    """Gives the line of a client's closing evaluation, else of its last round."""
    members = [(each.line, member) for each in run.rounds for member in each.cohort]
    members += [(member.line, member) for member in run.evaluation]
    lines = [line for line, member in members if member.client == client]
    return lines[-1] if lines else GLOBAL


def device_classes(run: Run) -> dict[str, str]:
    """Gives the device class of each client's last task, for those that said one."""
    members = (member for each in run.rounds for member in each.cohort)
    return {member.client: member.device_class for member in members if member.device_class}


def _members(run: Run) -> list[Member]:
    return [member for each in run.rounds for member in each.cohort] + list(run.evaluation)
