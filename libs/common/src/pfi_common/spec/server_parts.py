"""Parts of a run specification that say what the control plane does."""

from __future__ import annotations

import math
from datetime import timedelta
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import Field

from pfi_common.spec.duration import Duration
from pfi_common.spec.eligible_parts import Eligible
from pfi_common.spec.part import SpecPart

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
    deadline: Duration = timedelta(minutes=10)
    """Longest duration of a round"""
    attempts: Annotated[int, Field(ge=1, le=100)] = 3
    """How often a round is tried, with growing pauses in between, before its run fails"""
    select: Literal["random"] = "random"
    """How clients are chosen among the connected ones"""
    eligible: Eligible = Eligible()
    """What a device has to be like to be selected"""

    @property
    def selected_count(self) -> int:
        """Clients selected for a round: ceil(size * over_select), in decimal arithmetic."""
        return math.ceil(self.size * Fraction(str(self.over_select)))


class Stop(SpecPart):
    """When a run ends."""

    rounds: Annotated[int, Field(ge=1, le=100_000)] = 5
    """Rounds to publish"""
