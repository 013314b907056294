"""What the aggregator knows better than the state, when the store has lost its last moments.

Commands may be repeated, so a state that is set back does again what it had done and gets the same
answers: the same counted set, the same version. Two things remain. An attempt that takes no more
updates will not come to its quorum by waiting (here). And a cohort that is selected again need not
be the one whose tickets are out (`closing.round_sealed`).
"""

from datetime import datetime

from pfi_coordinator.domain.collecting import seal
from pfi_coordinator.domain.decision import Decision, expects, unchanged
from pfi_coordinator.domain.events import UploadsClosed
from pfi_coordinator.domain.state import RoundPhase, RunState


def uploads_closed(state: RunState, event: UploadsClosed, now: datetime) -> Decision:
    """Asks for the counted set of an attempt that was sealed, or voided, before."""
    current = state.round
    if current is None or not expects(current, event.number, event.attempt, RoundPhase.COLLECTING):
        return unchanged(state)
    return seal(state, current, now)
