"""Which command belongs to which state."""

import pytest

from pfi_aggregator.domain.round_state import (
    Command,
    RoundState,
    require_command,
    require_uploads,
)
from pfi_common.errors import AttemptVoidedError, RoundStateInvalidError, UpdateTooLateError

PERMITTED = {
    ("open", "seal"),
    ("open", "abort"),
    ("sealed", "seal"),
    ("sealed", "fold"),
    ("sealed", "finalize"),
    ("sealed", "abort"),
    ("finalized", "seal"),
    ("finalized", "fold"),
    ("finalized", "finalize"),
    ("finalized", "settle"),
    ("aborted", "abort"),
    ("aborted", "settle"),
}


@pytest.mark.parametrize("state", RoundState)
@pytest.mark.parametrize("command", Command)
def test_commands(state, command):
    if (state.value, command.value) in PERMITTED:
        require_command(state, command)
        return
    with pytest.raises(RoundStateInvalidError) as caught:
        require_command(state, command)
    assert caught.value.details == {"state": state.value}


def test_uploads_need_an_open_round():
    require_uploads(RoundState.OPEN)
    for state in (RoundState.SEALED, RoundState.FINALIZED):
        with pytest.raises(UpdateTooLateError):
            require_uploads(state)
    with pytest.raises(AttemptVoidedError):
        require_uploads(RoundState.ABORTED)
