"""Tasks that were handed out together, and how each of them ended."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum

NOBODY = -1


class Fate(StrEnum):
    """How a task ended. Each task ends once.

    Late updates came when the counted set was fixed. Stopped clients worked when the round was
    over, and those that dropped out did not: they had left, or were never heard of again. Updates
    of an aborted attempt are voided. Open tasks are those of a run that was not simulated to its
    end.
    """

    COUNTED = "counted"
    LATE = "late"
    GIVEN_BACK = "given_back"
    STOPPED = "stopped"
    DROPPED = "dropped"
    VOIDED = "voided"
    ANSWERED = "answered"
    UNANSWERED = "unanswered"
    OPEN = "open"


@dataclass
class Job:
    """The tasks of one attempt of a round, or of the closing evaluation.

    Attributes:
        index: Its number in the simulation.
        number: Of the round.
        attempt: Of the round; 0 for an evaluation.
        line: That it belongs to.
        handed_out: Number of tasks.
        over: Whether its counted set is fixed, or it was aborted.
        arriving: Devices whose update a spool takes in, and the seconds of work in it.
        committed: The same for updates that are durable.
        fates: How many tasks ended how.
    """

    index: int
    number: int
    attempt: int
    line: str
    handed_out: int = 0
    over: bool = False
    arriving: dict[int, float] = field(default_factory=dict)
    committed: dict[int, float] = field(default_factory=dict)
    fates: Counter[Fate] = field(default_factory=Counter)

    @property
    def is_evaluation(self) -> bool:
        """Whether its clients only evaluate."""
        return self.attempt == 0
