"""What the use cases need from outside that is worth replacing in tests: the learning itself."""

from typing import Protocol

from pfi_client_agent.domain.split import Split
from pfi_client_agent.domain.training import (
    BackboneReference,
    BeforeStep,
    Evaluation,
    PersonalAdapter,
    PersonalOutcome,
    SharedOutcome,
    StepOptions,
    Vector,
)
from pfi_common.tensors import Schema


class Workbench(Protocol):
    """A loaded backbone that carries adapters of one schema. Used from one thread."""

    def train_shared(
        self,
        base: Vector,
        rows: Split,
        options: StepOptions,
        before_step: BeforeStep,
    ) -> SharedOutcome:
        """Train the shared adapter from `base`; equal arguments give equal bits on one thread.

        Raises:
            AdapterInvalidError: The base does not fit the schema, or is not finite.
            TooFewRowsError: Too few rows hold a token to learn from.
            TrainingDivergedError: A loss or coordinate is not finite.
            MemoryExhaustedError: The device has too little memory.
            TaskStoppedError: `before_step` raised it.
        """
        ...

    def train_personal(
        self,
        base: Vector,
        personal: PersonalAdapter,
        rows: Split,
        options: StepOptions,
        before_step: BeforeStep,
    ) -> PersonalOutcome:
        """Train the personal adapter on top of the frozen shared adapter `base`.

        With 0 steps it is only evaluated. Raises what `train_shared` raises.
        """
        ...

    def evaluate(
        self,
        shared: Vector,
        personal: PersonalAdapter | None,
        rows: Split,
        *,
        maximum_tokens: int,
    ) -> Evaluation:
        """Measure the losses of backbone, shared adapter, and shared with personal adapter.

        Raises what `train_shared` raises.
        """
        ...


class Learner(Protocol):
    """Makes workbenches, and keeps the last one ready for the next task."""

    def open(self, backbone: BackboneReference, schema: Schema) -> Workbench:
        """Load and check a backbone.

        Raises:
            BackboneUnreadableError: It cannot be found or loaded.
            BackboneMismatchError: It is not the one that the run names.
            SchemaMismatchError: The adapter schema does not fit it.
            MemoryExhaustedError: The device has too little memory.
        """
        ...
