"""Tells what happens as JSON logs."""

from datetime import datetime

from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.domain.local_data import LocalData
from pfi_common.errors import PlatformError
from pfi_common.identity import LocalIdentity
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import EventLogger, get_logger


class LogObserver:
    """One log line for everything that happens, except for progress; see `observer.Observer`.

    Args:
        logger: What lines are written with; a logger that names no client when None.
    """

    def __init__(self, logger: EventLogger | None = None) -> None:
        self._logger = logger or get_logger()

    def data_read(self, data: LocalData) -> None:
        """Log counts of distinct and of bad rows, and the first bad ones by line and reason."""
        self._logger.info(
            Event.DATA_READ,
            rows=len(data.rows),
            bad_rows=data.bad_count,
            skipped_files=len(data.skipped_files),
        )
        for bad in data.bad_rows:
            self._logger.warning(
                Event.BAD_ROW_SKIPPED, line_number=bad.line_number, reason=bad.reason
            )

    def enrolled(self, identity: LocalIdentity) -> None:
        """Log who this device is."""
        self._logger.info(
            Event.DEVICE_ENROLLED,
            client=identity.identity.name,
            certificate_expires_at=identity.certificate.not_valid_after_utc.isoformat(),
        )

    def session_opened(self, client: str, address: str) -> None:
        """Log that the agent is ready."""
        self._logger.info(Event.AGENT_READY, client=client, address=address)

    def session_ended(self, error: PlatformError | None, delay_seconds: float) -> None:
        """Log the end of a session."""
        self._logger.warning(
            Event.SESSION_ENDED, error=error, retry_after_seconds=round(delay_seconds, 3)
        )

    def certificate_renewed(self, expires_at: datetime) -> None:
        """Log the new certificate."""
        self._logger.info(Event.CERTIFICATE_RENEWED, certificate_expires_at=expires_at.isoformat())

    def renewal_failed(self, error: PlatformError) -> None:
        """Log why there is none."""
        self._logger.warning(Event.CERTIFICATE_RENEWAL_FAILED, error=error)

    def task_started(self, task: Task) -> None:
        """Log the start of a task."""
        self._logger.info(
            Event.TASK_STARTED,
            task=task.task,
            run=task.run,
            round=task.round,
            attempt=task.attempt,
        )

    def rows_left_out(self, task: Task, count: int) -> None:
        """Log how many rows the run cannot use."""
        self._logger.warning(Event.ROWS_LEFT_OUT, run=task.run, count=count)

    def task_progress(self, task: Task, steps_done: int, steps_total: int) -> None:
        """Say nothing: the coordinator shows progress."""

    def update_reused(self, task: Task) -> None:
        """Log that stored bytes are sent."""
        self._logger.info(Event.UPDATE_REUSED, task=task.task)

    def residual_missing(self, task: Task) -> None:
        """Log that something of an earlier round stays lost."""
        self._logger.warning(Event.RESIDUAL_MISSING, task=task.task, run=task.run)

    def transfer_retried(self, task: Task, error: PlatformError, delay_seconds: float) -> None:
        """Log a failed transfer."""
        self._logger.warning(
            Event.TRANSFER_RETRIED,
            error=error,
            task=task.task,
            retry_after_seconds=round(delay_seconds, 3),
        )

    def personal_archived(self, run: str) -> None:
        """Log that a personal adapter was put aside."""
        self._logger.warning(Event.PERSONAL_ADAPTER_ARCHIVED, run=run)

    def task_completed(self, task: Task, seconds: float) -> None:
        """Log a finished task."""
        self._logger.info(Event.TASK_COMPLETED, task=task.task, seconds=round(seconds, 3))

    def task_abandoned(self, task: Task, reason: str, error: BaseException) -> None:
        """Log why a task is given back."""
        self._logger.error(Event.TASK_ABANDONED, error=error, task=task.task, state=reason)

    def task_stopped(self, task: Task) -> None:
        """Log that a task was stopped."""
        self._logger.info(Event.TASK_STOPPED, task=task.task)

    def stopped(self) -> None:
        """Log the end."""
        self._logger.info(Event.AGENT_STOPPED)
