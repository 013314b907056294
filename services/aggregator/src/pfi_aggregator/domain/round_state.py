r"""The life of one attempt of a round.

    OPEN --seal--> SEALED --finalize--> FINALIZED --settle--> gone
      \------abort-----/---> ABORTED ----settle----------------^

Every command may be repeated: it is permitted in the state that it leads to and, where its answer
can still be given, in later ones.
"""

from enum import StrEnum

from pfi_common.errors import AttemptVoidedError, RoundStateInvalidError, UpdateTooLateError


class RoundState(StrEnum):
    """Where an attempt stands."""

    OPEN = "open"
    SEALED = "sealed"
    FINALIZED = "finalized"
    ABORTED = "aborted"


class Command(StrEnum):
    """What a leader may ask of an attempt that is open or was."""

    SEAL = "seal"
    FOLD = "fold"
    FINALIZE = "finalize"
    SETTLE = "settle"
    ABORT = "abort"


_PERMITTED = {
    Command.SEAL: {RoundState.OPEN, RoundState.SEALED, RoundState.FINALIZED},
    Command.FOLD: {RoundState.SEALED, RoundState.FINALIZED},
    Command.FINALIZE: {RoundState.SEALED, RoundState.FINALIZED},
    Command.SETTLE: {RoundState.FINALIZED, RoundState.ABORTED},
    Command.ABORT: {RoundState.OPEN, RoundState.SEALED, RoundState.ABORTED},
}


def require_command(state: RoundState, command: Command) -> None:
    """Checks that a command belongs to the state.

    Raises:
        RoundStateInvalidError: it does not.
    """
    if state not in _PERMITTED[command]:
        message = f"The round is {state}, which does not permit to {command} it."
        raise RoundStateInvalidError(message, state=state.value)


def require_uploads(state: RoundState) -> None:
    """Checks that updates may be committed.

    Raises:
        AttemptVoidedError: the attempt was aborted.
        UpdateTooLateError: the counted set is fixed.
    """
    if state is RoundState.ABORTED:
        raise AttemptVoidedError
    if state is not RoundState.OPEN:
        raise UpdateTooLateError
