"""Tells what happens to a person at a terminal: sentences, and a bar per task."""

from datetime import datetime

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from pfi.coordinator.v1.task_pb2 import Task
from pfi_client_agent.domain.local_data import LocalData
from pfi_common.errors import PlatformError
from pfi_common.identity import LocalIdentity

SHOWN_SKIPPED_FILES = 5


class ConsoleObserver:
    """Writes to a terminal; see `observer.Observer`.

    Args:
        console: The terminal.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
        )
        self._bars: dict[str, TaskID] = {}

    def data_read(self, data: LocalData) -> None:
        """Say what is in the data, and which rows are bad."""
        self._say(
            f"{data.source}: {len(data.rows)} rows, {data.duplicate_count} duplicates, "
            f"{data.bad_count} unusable"
        )
        for bad in data.bad_rows:
            self._say(f"  {bad.place} {bad.reason}", style="yellow")
        if data.bad_count > len(data.bad_rows):
            self._say(f"  and {data.bad_count - len(data.bad_rows)} more", style="yellow")
        for skipped in data.skipped_files[:SHOWN_SKIPPED_FILES]:
            self._say(f"  skipped {skipped.file}: {skipped.reason}", style="yellow")
        if len(data.skipped_files) > SHOWN_SKIPPED_FILES:
            more = len(data.skipped_files) - SHOWN_SKIPPED_FILES
            self._say(f"  skipped {more} more files", style="yellow")

    def enrolled(self, identity: LocalIdentity) -> None:
        """Say who this device is."""
        self._say(f"Enrolled as {identity.identity.name} in {identity.identity.federation}.")

    def session_opened(self, client: str, address: str) -> None:
        """Say that the agent is ready."""
        self._progress.start()
        self._say(f"Connected to {address} as {client}; waiting for tasks. Ctrl-C stops.")

    def session_ended(self, error: PlatformError | None, delay_seconds: float) -> None:
        """Say why, and what happens next."""
        cause = f" ({error.message})" if error else ""
        self._say(f"Connection closed{cause}; again in {delay_seconds:.1f} s.", style="yellow")

    def certificate_renewed(self, expires_at: datetime) -> None:
        """Say until when the new certificate is valid."""
        self._say(f"Certificate renewed; valid until {expires_at:%Y-%m-%d %H:%M} UTC.")

    def renewal_failed(self, error: PlatformError) -> None:
        """Say that there will be another try."""
        self._say(f"Certificate not renewed yet: {error.message}", style="yellow")

    def task_started(self, task: Task) -> None:
        """Show a bar."""
        total = task.train.local.steps + task.train.personal.steps or None
        self._bars[task.task] = self._progress.add_task(f"{task.run} {_kind(task)}", total=total)

    def rows_left_out(self, task: Task, count: int) -> None:
        """Say how many rows the run cannot use, and why."""
        self._say(
            f"{task.run}: {count} rows have none of the run's labels; left out.", style="yellow"
        )

    def task_progress(self, task: Task, steps_done: int, steps_total: int) -> None:
        """Move the bar."""
        bar = self._bars.get(task.task)
        if bar is not None:
            self._progress.update(bar, completed=steps_done, total=steps_total)

    def update_reused(self, task: Task) -> None:
        """Say that nothing is trained again."""
        self._say(f"{task.run} round {task.round}: trained before; the stored update is sent.")

    def residual_missing(self, task: Task) -> None:
        """Say that something of an earlier round stays lost."""
        self._say(
            f"{task.run} round {task.round}: what the encoding lost in round "
            f"{task.train.counted_round} is not on this device; it is not made up for.",
            style="yellow",
        )

    def transfer_retried(self, task: Task, error: PlatformError, delay_seconds: float) -> None:
        """Say why a transfer is tried again."""
        self._say(
            f"{task.run} round {task.round}: {error.message} Again in {delay_seconds:.1f} s.",
            style="yellow",
        )

    def personal_archived(self, run: str) -> None:
        """Say where the old adapter went."""
        self._say(f"{run}: the personal adapter does not fit any more; archived.", style="yellow")

    def task_completed(self, task: Task, seconds: float) -> None:
        """Fill the bar and keep a line."""
        self._remove(task)
        self._say(f"{task.run} {_kind(task)}: done in {seconds:.1f} s.", style="green")

    def task_abandoned(self, task: Task, reason: str, error: BaseException) -> None:
        """Say why a task is given back."""
        self._remove(task)
        cause = error.message if isinstance(error, PlatformError) else str(error)
        self._say(f"{task.run} {_kind(task)}: given back, {reason}: {cause}", style="red")

    def task_stopped(self, task: Task) -> None:
        """Say that a task was stopped."""
        self._remove(task)
        self._say(f"{task.run} {_kind(task)}: stopped.")

    def stopped(self) -> None:
        """Say goodbye."""
        self.close()
        self._say("Stopped. Start again with the same command; nothing is lost.")

    def close(self) -> None:
        """Leave the terminal as it was."""
        self._progress.stop()

    def _remove(self, task: Task) -> None:
        bar = self._bars.pop(task.task, None)
        if bar is not None:
            self._progress.remove_task(bar)

    def _say(self, sentence: str, style: str = "") -> None:
        # Names and messages come from elsewhere: no markup is read in them.
        self._console.print(sentence, style=style, markup=False, highlight=False)


def _kind(task: Task) -> str:
    kinds = {"evaluate": "evaluation", "place": "placement"}
    return kinds.get(task.WhichOneof("work") or "", f"round {task.round}")
