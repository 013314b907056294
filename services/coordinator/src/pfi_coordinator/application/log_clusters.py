"""Says in the log what became of the clusters of a run."""

from pfi_common.telemetry.events import Event as LogEvent
from pfi_common.telemetry.log import get_logger
from pfi_coordinator.application.records import Step
from pfi_coordinator.domain.lines import line_named
from pfi_coordinator.domain.state import PartitionPhase


def log_clusters(step: Step) -> None:
    """Logs clusters that were formed, or not, and clients that joined one."""
    before, after = step.before.partition, step.after.partition
    if after is not None and after != before and after.phase is PartitionPhase.DONE:
        if step.after.lines:
            get_logger().info(LogEvent.CLUSTERS_FORMED, run=step.after.run, count=after.clusters)
        else:
            get_logger().warning(
                LogEvent.CLUSTERS_NOT_FOUND, run=step.after.run, reason=after.reason
            )
    for line in step.after.lines:
        known = line_named(step.before, line.line)
        for client in sorted(line.placed - (frozenset() if known is None else known.placed)):
            get_logger().info(
                LogEvent.CLIENT_PLACED, run=step.after.run, line=line.line, client=client
            )
