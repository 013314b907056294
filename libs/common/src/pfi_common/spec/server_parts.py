"""Parts of a run specification that say what the control plane does."""

from __future__ import annotations

import math
from datetime import timedelta
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import Field

from pfi_common.spec.duration import Duration
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
    select: Literal["random"] = "random"
    """How clients are chosen among the connected ones"""

    @property
    def selected_count(self) -> int:
        """Clients selected for a round: ceil(size * over_select), in decimal arithmetic."""
        return math.ceil(self.size * Fraction(str(self.over_select)))


class Aggregate(SpecPart):
    """How updates become one change."""

    rule: Literal["mean"] = "mean"
    """Mean of the updates, weighted by their numbers of distinct training rows"""
    product: Literal["factors"] = "factors"
    """The factors A and B are averaged separately"""
    clip_norm: Annotated[float, Field(gt=0, le=1e9)] | None = None
    """L2 norm that an update is scaled down to; null for none"""
    coordinate_limit: Annotated[float, Field(ge=1e-6, le=1e6)] = 10.0
    """Highest magnitude of a coordinate after the clip; an update with a higher one is refused"""
    max_weight: Annotated[int, Field(ge=1, le=1 << 32)] = 4096
    """Highest number of examples that an update counts with; more are capped"""


class Stop(SpecPart):
    """When a run ends."""

    rounds: Annotated[int, Field(ge=1, le=100_000)] = 5
    """Rounds to publish"""
