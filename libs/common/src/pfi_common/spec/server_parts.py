"""Parts of a run specification that say what the control plane does."""

from __future__ import annotations

import math
from datetime import timedelta
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import Field

from pfi_common.spec.duration import Duration, DurationOrAuto
from pfi_common.spec.eligible_parts import Eligible
from pfi_common.spec.part import SpecPart
from pfi_common.spec.selection_parts import Utility

FIRST_DEADLINE = timedelta(minutes=30)
"""With deadline auto: of the first round, and of what no round shows the durations of."""
SHORTEST_DEADLINE = timedelta(seconds=30)
"""With deadline auto: of every later round."""
LONGEST_DEADLINE = timedelta(hours=12)
"""With deadline auto: of every later round."""

ClientCount = Annotated[int, Field(ge=1, le=1_000_000)]


def _size_of(validated: dict[str, Any]) -> int:
    return int(validated["size"])


class Cohort(SpecPart):
    """The clients of a round."""

    size: ClientCount = 4
    """Updates that a round asks for; it ends when they are in"""
    over_select: Annotated[float, Field(ge=1, le=10)] = 1.0
    """Clients selected per update asked for, to outrun stragglers"""
    minimum: Annotated[ClientCount, Field(default_factory=_size_of)]
    """Fewest updates to publish with when the deadline comes; size unless set"""
    deadline: DurationOrAuto = timedelta(minutes=10)
    """Longest duration of a round; auto derives it from how long updates took"""
    attempts: Annotated[int, Field(ge=1, le=100)] = 3
    """How often a round is tried, with growing pauses in between, before its run fails"""
    select: Literal["random", "utility"] = "random"
    """How clients are chosen among the eligible ones: at random, or rather useful and fast ones"""
    utility: Utility | None = None
    """Parameters of select utility; null for their defaults"""
    fairness_cap: Annotated[float, Field(ge=1, le=1000)] | None = None
    """Most selections of a client, as a multiple of the mean, while others wait; null for any"""
    replace_dropouts: bool = True
    """Whether others take the places of clients that drop out while a round is open"""
    absence: Duration = timedelta(minutes=1)
    """How long a selected client may be without session before its place may be taken"""
    eligible: Eligible = Eligible()
    """What a device has to be like to be selected"""

    @property
    def first_deadline(self) -> timedelta:
        """The deadline of the first round, and of what no round shows the durations of."""
        return self.deadline if isinstance(self.deadline, timedelta) else FIRST_DEADLINE

    @property
    def longest_deadline(self) -> timedelta:
        """The longest deadline that a round can have."""
        return self.deadline if isinstance(self.deadline, timedelta) else LONGEST_DEADLINE

    @property
    def selected_count(self) -> int:
        """Clients selected for a round: ceil(size * over_select), in decimal arithmetic."""
        return math.ceil(self.size * Fraction(str(self.over_select)))


class Stop(SpecPart):
    """When a run ends."""

    rounds: Annotated[int, Field(ge=1, le=100_000)] = 5
    """Rounds to publish"""
