"""One decision of the machine, for those who watch a simulation."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from pfi_coordinator.domain.effects import Effect
from pfi_coordinator.domain.events import Event
from pfi_coordinator.domain.state import RunState

MIDNIGHT = datetime(2030, 1, 1, tzinfo=UTC)
"""When the virtual clock stands at zero."""


@dataclass(frozen=True, slots=True)
class Decided:
    """One decision of the machine."""

    before: RunState
    event: Event
    now: datetime
    after: RunState
    effects: tuple[Effect, ...]


Observer = Callable[[Decided], None]
