"""Runs `pfi-agent`, and holds a training in its middle while a file is there.

    python held_agent.py <folder> start --state ...

The file is named after the round. A test that has to meet a training in its middle makes the file
before, and takes it away after: nothing depends on how fast the machine trains. A file that says
`fail` is taken away by the training, which then fails.
"""

import sys
import time
from pathlib import Path

from pfi_client_agent.application import task_desk
from pfi_client_agent.entrypoints.main import main

HELD_AFTER_STEPS = 2
FAIL = "fail"
_POLL_SECONDS = 0.02


class TrainingFailedError(Exception):
    """What a training ends with that was told to fail."""


def hold_trainings(folder: Path) -> None:
    """Makes each training of this process wait before its third step while its round is held."""
    report = task_desk._Work._report

    def report_and_wait(work: task_desk._Work, steps_done: int, steps_total: int) -> None:
        report(work, steps_done, steps_total)
        while steps_done >= HELD_AFTER_STEPS and is_held(folder / str(work.task.round)):
            time.sleep(_POLL_SECONDS)
            work._control.require_running()
            report(work, steps_done, steps_total)

    task_desk._Work._report = report_and_wait  # type: ignore[method-assign]


def is_held(hold: Path) -> bool:
    """Tell whether a training has to wait.

    Raises:
        TrainingFailedError: It was told to fail.
    """
    try:
        told = hold.read_text()
    except FileNotFoundError:
        return False
    if told == FAIL:
        hold.unlink()
        raise TrainingFailedError
    return True


if __name__ == "__main__":
    folder = Path(sys.argv.pop(1))
    sys.argv[0] = "pfi-agent"
    hold_trainings(folder)
    main()
