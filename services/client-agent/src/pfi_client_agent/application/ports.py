"""What the use cases need from outside that is worth replacing in tests: learning and answering."""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from pfi_client_agent.domain.answering import AdapterWeights, Ending, Prompt, Sampling
from pfi_client_agent.domain.classification import Classification
from pfi_client_agent.domain.device_report import DeviceReport
from pfi_client_agent.domain.split import Split
from pfi_client_agent.domain.training import (
    BackboneReference,
    BeforeStep,
    Evaluation,
    FreshAdapter,
    PersonalAdapter,
    PersonalOutcome,
    SharedOutcome,
    StepOptions,
    Vector,
)
from pfi_common.tensors import Schema, Tensor


class DeviceState(Protocol):
    """What the device is like. Used from any thread."""

    def read(self) -> DeviceReport:
        """Look at the device; what cannot be found out is unknown."""
        ...


class Workbench(Protocol):
    """A loaded backbone that carries adapters of one schema. Used from one thread."""

    @property
    def head_tensors(self) -> Sequence[Tensor]:
        """Tensors of a classifier's head, sorted by name, wherever it is trained; none without."""
        ...

    def train_shared(
        self,
        base: Vector,
        rows: Split,
        options: StepOptions,
        before_step: BeforeStep,
        personal: PersonalAdapter | None = None,
    ) -> SharedOutcome:
        """Train the shared adapter from `base`; equal arguments give equal bits on one thread.

        Args:
            base: Values to start from.
            rows: Rows of the run.
            options: How it is trained.
            before_step: Called before every step.
            personal: Holds the head of a classifier whose head is personal; the head is used as it
                is, and not trained here. Untrained when None.

        Raises:
            AdapterInvalidError: The base does not fit the schema, or is not finite.
            TooFewRowsError: Too few rows hold a token to learn from.
            TrainingDivergedError: A loss or coordinate is not finite.
            MemoryExhaustedError: The device has too little memory.
            TaskStoppedError: `before_step` raised it.
        """
        ...

    def train_fresh(
        self,
        base: Vector,
        fresh: FreshAdapter,
        rows: Split,
        options: StepOptions,
        before_step: BeforeStep,
    ) -> SharedOutcome:
        """Train a fresh adapter on top of the frozen shared adapter `base`.

        Equal arguments give equal bits on one thread. The outcome's `delta` is the trained adapter,
        in the fresh schema; of a shared head, which is trained with it, the change.

        Args:
            base: Values of the shared adapter.
            fresh: What to begin with; the head's values are those of `base`.
            rows: Rows of the run.
            options: How it is trained; a proximal term pulls towards the first values.
            before_step: Called before every step.

        Raises what `train_shared` raises.
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

        A classifier's backbone is measured with the untrained head, and a personal head stands in
        both other measurements.

        Raises what `train_shared` raises.
        """
        ...


class Learner(Protocol):
    """Makes workbenches, and keeps the last one ready for the next task."""

    def open(
        self,
        backbone: BackboneReference,
        schema: Schema,
        classification: Classification | None = None,
    ) -> Workbench:
        """Load and check a backbone.

        Args:
            backbone: The backbone.
            schema: Schema of the shared adapter.
            classification: What a classifier tells apart; None for a language model.

        Raises:
            BackboneUnreadableError: It cannot be found or loaded.
            BackboneMismatchError: It is not the one that the run names.
            SchemaMismatchError: The adapter schema does not fit it.
            MemoryExhaustedError: The device has too little memory.
        """
        ...


class AnswerEngine(Protocol):
    """A backbone that answers; its adapters are exchanged between two answers.

    Used from one thread.
    """

    @property
    def backbone_digest(self) -> str | None:
        """Digest of the loaded backbone; None before `load`."""
        ...

    def load(self, backbone: BackboneReference | None) -> None:
        """Load and check the backbone, once; None: the one that the device's owner chose.

        Raises:
            BackboneUnreadableError: It cannot be found or loaded, or none was chosen.
            BackboneMismatchError: It is not the one that is loaded, or not the one named.
        """
        ...

    def check(self, layers: Sequence[AdapterWeights]) -> None:
        """Check that adapters can be applied; nothing changes.

        Raises:
            SchemaMismatchError: One does not fit the backbone.
            AdapterInvalidError: One does not fit its schema, or a value is not finite.
        """
        ...

    def apply(self, layers: Sequence[AdapterWeights]) -> None:
        """Answer with these adapters from now on, and with no others.

        Raises what `check` raises, and then answers as before.
        """
        ...

    def answer(
        self, prompt: Prompt, sampling: Sampling, cancelled: Callable[[], bool]
    ) -> Iterator[str | Ending]:
        """Yield the answer piece by piece, then how it ended.

        Ends without an `Ending` soon after `cancelled` says so.

        Raises:
            PromptTooLongError: The conversation alone leaves no room for an answer.
            ChatTemplateMissingError: The backbone cannot hold a conversation.
            InvalidRequestError: The backbone's template refuses the conversation.
            ServiceUnavailableError: The device has too little memory.
        """
        ...
