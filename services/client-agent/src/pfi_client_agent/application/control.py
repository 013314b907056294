"""Stops a task, and says how far it is."""

import threading
from collections.abc import Callable

from pfi_client_agent.domain.abandonment import TaskStoppedError
from pfi_client_agent.domain.training import BeforeStep


class TaskControl:
    """The handle on a task that runs; its methods may be called from any thread.

    Args:
        report: Is told steps done and steps in all, in the learning thread.
    """

    def __init__(self, report: Callable[[int, int], None]) -> None:
        self._report = report
        self._stop = threading.Event()

    def stop(self) -> None:
        """End training before its next step."""
        self._stop.set()

    def require_running(self) -> None:
        """Check that nobody stopped the task.

        Raises:
            TaskStoppedError: Somebody did.
        """
        if self._stop.is_set():
            raise TaskStoppedError

    def before_step(self, steps_before: int, steps_total: int) -> BeforeStep:
        """Make what a training calls before each of its steps.

        Args:
            steps_before: Steps of trainings that came before it in the task.
            steps_total: Steps of the whole task.
        """

        def check_and_report(steps_done: int) -> None:
            self.require_running()
            self._report(steps_before + steps_done, steps_total)

        return check_and_report
