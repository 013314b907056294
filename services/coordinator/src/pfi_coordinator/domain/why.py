"""What an explanation of a run consists of."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class WaitReason(StrEnum):
    """What a run waits for, in one word. A closed list: metrics and alerts speak of it."""

    INITIAL_ADAPTER = "initial_adapter"
    CLIENTS = "clients"
    UPDATES = "updates"
    AGGREGATOR = "aggregator"
    WORKERS = "workers"
    SPOOL = "spool"
    TROUBLE = "trouble"
    BACK_OFF = "back_off"
    EVALUATION = "evaluation"
    PAUSED = "paused"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Why:
    """The answer for people, in full sentences without a full stop.

    Attributes:
        waiting_for: What the run waits for.
        since: Since when.
        unblocks: What would end the wait.
        next: What happens then.
        reason: What it waits for, in one word.
        due: When the wait is over by itself; None when it depends on others alone.
    """

    waiting_for: str
    since: datetime
    unblocks: str
    next: str
    reason: WaitReason
    due: datetime | None = None
