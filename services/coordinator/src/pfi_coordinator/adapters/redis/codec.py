"""States, events and effects as JSON, by their own type annotations."""

from typing import Annotated

from pydantic import Field, TypeAdapter

from pfi_coordinator.domain.effects import Effect
from pfi_coordinator.domain.events import Event
from pfi_coordinator.domain.members import Session
from pfi_coordinator.domain.replicas import Replica
from pfi_coordinator.domain.state import AdapterVersion, RoundState, RunState

STATE: TypeAdapter[RunState] = TypeAdapter(RunState)
ROUND: TypeAdapter[RoundState] = TypeAdapter(RoundState)
ADAPTER: TypeAdapter[AdapterVersion] = TypeAdapter(AdapterVersion)
SESSION: TypeAdapter[Session] = TypeAdapter(Session)
REPLICA: TypeAdapter[Replica] = TypeAdapter(Replica)
EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="type")])
EFFECT: TypeAdapter[Effect] = TypeAdapter(Annotated[Effect, Field(discriminator="kind")])
