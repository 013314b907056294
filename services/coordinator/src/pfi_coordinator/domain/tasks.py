"""Tasks: their names, the row that people see of each, and what a client has yet to hear."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

from pfi_coordinator.domain.state import GLOBAL

_EVALUATION = "eval"
_PLACEMENT = "place"

RUN_PATTERN = r"r-[0-9a-f]{10}"
"""What the id of a run looks like."""

_TASK = re.compile(
    rf"(?P<run>{RUN_PATTERN})"
    r"\.(?P<scope>(?:cluster-[1-9]\d*\.)?(?:[1-9]\d*\.[1-9]\d*|eval(?:-[1-9]\d*)?)|place\.[1-9]\d*)"
    r"\.(?P<client>c-[0-9a-f]{12})"
)


class TaskState(StrEnum):
    """How far a task is. The order of definition is the order of life; the last three are final."""

    ASSIGNED = "assigned"
    TRAINING = "training"
    COMMITTED = "committed"
    COMPLETED = "completed"
    ABANDONED = "abandoned"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class TaskName:
    """The parts of a task id `<run>.<scope>.<client>`.

    The scope is `<round>.<attempt>` or `eval`, after the line of a cluster, or `place.<number>`. A
    run that was extended is evaluated again: `eval-2`.
    """

    run: str
    scope: str
    client: str

    @property
    def text(self) -> str:
        """The task id."""
        return f"{self.run}.{self.scope}.{self.client}"

    @property
    def line(self) -> str:
        """The line that the task belongs to; that of the whole run for a placement."""
        first, _, rest = self.scope.partition(".")
        return GLOBAL if first.isdigit() or not rest or first == _PLACEMENT else first

    @property
    def attempt(self) -> tuple[int, int] | None:
        """(round, attempt), or None for an evaluation and a placement."""
        *_, number, attempt = ("", *self.scope.split("."))
        if attempt.startswith(_EVALUATION) or number == _PLACEMENT:
            return None
        return int(number), int(attempt)

    @property
    def placement(self) -> int | None:
        """Number of the placement, or None for other tasks."""
        first, _, number = self.scope.partition(".")
        return int(number) if first == _PLACEMENT else None

    @classmethod
    def parse(cls, text: str) -> "TaskName | None":
        """Reads a task id; None when it is not one."""
        match = _TASK.fullmatch(text)
        return None if match is None else cls(match["run"], match["scope"], match["client"])


def round_scope(number: int, attempt: int, line: str = GLOBAL) -> str:
    """Names the rows of one attempt."""
    return _of_line(line, f"{number}.{attempt}")


def evaluation_scope(line: str = GLOBAL, past: int = 0) -> str:
    """Names the rows of a line's closing evaluation; so many were before it."""
    return _of_line(line, f"{_EVALUATION}-{past + 1}" if past else _EVALUATION)


def placement_scope(number: int) -> str:
    """Names the rows of one placement of new clients."""
    return f"{_PLACEMENT}.{number}"


def _of_line(line: str, scope: str) -> str:
    return scope if line == GLOBAL else f"{line}.{scope}"


def task_seed(run: str, number: int, client: str) -> int:
    """Seed of everything random in a task; the same for every attempt of a round."""
    return int.from_bytes(sha256(f"{run}|{number}|{client}".encode()).digest()[:8], "big")


@dataclass(frozen=True, slots=True)
class TaskRow:
    """What people see of one client's task."""

    task: str
    state: TaskState
    steps_done: int = 0
    steps_total: int = 0
    payload_bytes: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    upload_encoding: str = ""
    device_class: str = ""


@dataclass(frozen=True, slots=True)
class RowChange:
    """News of a task. A row never goes back: an older state or a smaller count changes nothing."""

    name: TaskName
    state: TaskState
    steps_done: int = 0
    steps_total: int = 0
    payload_bytes: int = 0
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Assignment:
    """A task to hand out: its name, and the message that the client gets.

    The encoding of the update, in lower case, and the device class whose rank is trained are for
    people; empty when nothing is uploaded, or the device says no class.
    """

    name: TaskName
    message: bytes
    upload_encoding: str = ""
    device_class: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a client is told on every session until newer notices crowd it out.

    Exactly one of the two forms: a cancelled task, or a settled round of a run.
    """

    cancelled_task: str = ""
    settled_run: str = ""
    settled_round: int = 0


@dataclass(frozen=True, slots=True)
class Inbox:
    """What a client has to be sent: open tasks by id, and notices, newest first."""

    tasks: dict[str, bytes]
    notices: tuple[Notice, ...]


MAXIMUM_NOTICES = 64
"""How many notices are kept for a client; a later one crowds out the oldest."""
