"""What an agent tells people while it runs; data and metric values are not part of it."""

from datetime import datetime
from typing import Protocol

from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.domain.local_data import LocalData
from pfi_common.errors import PlatformError
from pfi_common.identity import LocalIdentity


class Observer(Protocol):
    """Is told what happens, on the event loop's thread unless a method says otherwise."""

    def data_read(self, data: LocalData) -> None:
        """The data file was read and can be used; bad rows are part of what people should see."""
        ...

    def enrolled(self, identity: LocalIdentity) -> None:
        """The device has an identity now."""
        ...

    def session_opened(self, client: str, address: str) -> None:
        """The coordinator welcomed this agent: it is ready for tasks."""
        ...

    def session_ended(self, error: PlatformError | None, delay_seconds: float) -> None:
        """The session is over; the next one is tried after the delay."""
        ...

    def certificate_renewed(self, expires_at: datetime) -> None:
        """The identity has a new certificate."""
        ...

    def renewal_failed(self, error: PlatformError) -> None:
        """The certificate is still valid, but could not be renewed yet."""
        ...

    def task_started(self, task: Task) -> None:
        """Work on a task begins."""
        ...

    def rows_left_out(self, task: Task, count: int) -> None:
        """So many rows have no label that the run knows. Called from any thread."""
        ...

    def task_progress(self, task: Task, steps_done: int, steps_total: int) -> None:
        """Some optimiser steps are done."""
        ...

    def update_reused(self, task: Task) -> None:
        """The update was trained before; its stored bytes are sent."""
        ...

    def residual_missing(self, task: Task) -> None:
        """What the encoding lost in the last counted round is not on this device any more.

        It is not fed back. Called from any thread.
        """
        ...

    def transfer_retried(self, task: Task, error: PlatformError, delay_seconds: float) -> None:
        """A download or upload failed and is tried again after the delay."""
        ...

    def personal_archived(self, run: str) -> None:
        """A personal adapter no longer fits its run and was put aside. Called from any thread."""
        ...

    def task_completed(self, task: Task, seconds: float) -> None:
        """A task is done."""
        ...

    def task_abandoned(self, task: Task, reason: str, error: BaseException) -> None:
        """A task is given back."""
        ...

    def task_stopped(self, task: Task) -> None:
        """A task was cancelled, or is left open because the agent stops."""
        ...

    def stopped(self) -> None:
        """The agent stopped as it was told."""
        ...
