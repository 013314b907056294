"""Why a task is given back, as a name of the protocol's closed list, so that no data leaks."""

from pfi_client_agent.domain.split import TooFewRowsError
from pfi_common.errors import (
    AdapterInvalidError,
    AdapterUnknownError,
    AttemptVoidedError,
    BackboneMismatchError,
    BackboneUnreadableError,
    BaseMismatchError,
    CoordinateLimitExceededError,
    EncodingMismatchError,
    PayloadNotFiniteError,
    PayloadSizeInvalidError,
    RoundFullError,
    RoundUnknownError,
    SchemaMismatchError,
    SpecInvalidError,
    TicketExpiredError,
    TicketForeignError,
    TicketInvalidError,
    UpdateConflictError,
    UpdateTooLateError,
    WeightInvalidError,
)


class TrainingDivergedError(Exception):
    """A loss or coordinate is not finite."""


class MemoryExhaustedError(Exception):
    """The device has too little memory for the task."""


class TooLittleMemoryError(MemoryExhaustedError):
    """The device has less memory than the task is estimated to need; nothing was begun.

    Attributes:
        needed_bytes: What the task needs.
        available_bytes: What training may use.
    """

    def __init__(self, needed_bytes: int, available_bytes: int) -> None:
        self.needed_bytes = needed_bytes
        self.available_bytes = available_bytes
        super().__init__(
            f"the task is estimated to need {needed_bytes / 1e9:.2f} GB of memory, and training "
            f"may use {available_bytes / 1e9:.2f} GB here"
        )


class TaskStoppedError(Exception):
    """The task was cancelled, or the agent is stopping: not a failure, nothing is reported."""


_CAUSES: dict[str, tuple[type[BaseException], ...]] = {
    "BACKBONE_MISMATCH": (BackboneMismatchError, BackboneUnreadableError),
    "ADAPTER_INVALID": (
        AdapterInvalidError,
        AdapterUnknownError,
        SchemaMismatchError,
        SpecInvalidError,
    ),
    "TRAINING_DIVERGED": (TrainingDivergedError,),
    "OUT_OF_MEMORY": (MemoryExhaustedError, MemoryError),
    "TOO_FEW_ROWS": (TooFewRowsError,),
    "UPDATE_REFUSED": (
        AttemptVoidedError,
        BaseMismatchError,
        CoordinateLimitExceededError,
        EncodingMismatchError,
        PayloadNotFiniteError,
        PayloadSizeInvalidError,
        RoundFullError,
        RoundUnknownError,
        TicketExpiredError,
        TicketForeignError,
        TicketInvalidError,
        UpdateConflictError,
        UpdateTooLateError,
        WeightInvalidError,
    ),
}


def abandon_reason(error: BaseException) -> str:
    """Give the name in `AbandonReason`, without its prefix; FAILED for everything else."""
    for name, causes in _CAUSES.items():
        if isinstance(error, causes):
            return name
    return "FAILED"
