"""What is stored of a run, and what is written together."""

from dataclasses import dataclass
from datetime import datetime

from pfi_common.spec import Description, RunSpec
from pfi_coordinator.domain.effects import Effect
from pfi_coordinator.domain.events import Event
from pfi_coordinator.domain.state import AdapterVersion, RoundState, RunState


@dataclass(frozen=True, slots=True)
class Origin:
    """The version of another run that a run was restarted from: it is its version 0."""

    run: str
    line: str
    version: int
    digest: str
    schema_digest: str
    lineage_digest: str


@dataclass(frozen=True, slots=True)
class RunDocument:
    """What was submitted, and never changes. Without an origin version 0 is made from the seed."""

    run: str
    name: str
    created_at: datetime
    spool: str
    spec: RunSpec
    description: Description
    origin: Origin | None = None


@dataclass(frozen=True, slots=True)
class StoredRun:
    """The state of a run, its revision, and the effects that are still to be carried out."""

    state: RunState
    revision: int
    outbox: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One decision, written as a whole or not at all."""

    before: RunState
    event: Event
    now: datetime
    after: RunState
    effects: tuple[Effect, ...]
    acknowledged: str | None = None


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An entry of a run's event log."""

    event: Event
    now: datetime


@dataclass(frozen=True, slots=True)
class RunHistory:
    """A run as people read it: its state, every attempt that was opened, every version."""

    state: RunState
    changes: int
    rounds: tuple[RoundState, ...]
    adapters: tuple[AdapterVersion, ...]


@dataclass(frozen=True, slots=True)
class RunLine:
    """One line of the list of runs."""

    run: str
    name: str
    state: RunState
    changes: int
