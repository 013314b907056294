"""Registered metrics by name, as the wire has them."""

from collections.abc import Mapping

from pfi.common.v1.metrics_pb2 import Metric, MetricName

_PREFIX = "METRIC_NAME_"


def metric_messages(values: Mapping[str, float]) -> list[Metric]:
    """Write metrics, sorted by name.

    Args:
        values: Values by `MetricName` without its prefix.

    Raises:
        ValueError: A name is not registered.
    """
    return [
        Metric(name=MetricName.Value(_PREFIX + name), value=value)
        for name, value in sorted(values.items())
    ]


def given_metrics(**values: float | None) -> dict[str, float]:
    """Keep the metrics that a task has; others do not apply to its run."""
    return {name: value for name, value in values.items() if value is not None}
