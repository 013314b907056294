r"""The round machine: `decide(state, event, now) -> (state, effects)`.

It is pure, so production, property tests and replays of the event log run the same code:

    pending -> running -> evaluating -> completed
                 |            |
                 +------------+-------> failed, cancelled

    one attempt:  waiting -> opening -> collecting -> sealing -> finalizing -> published
                                |           |            |        ^   |
                                |           |            +-> reducing |
                                +-----------+------------+--------+---+-> aborting -> aborted
                                   (tried again after backing off, until it was tried often enough)

A paused run stays in its phase: what is open goes on, and nothing new is opened. One that was
extended goes back to running. A round is reduced when it lies on several spools, or has a rule that
workers compute in pieces.

A run with clusters leaves this path after its probe round: its state then holds one more state for
each cluster, which the same rules drive from there to the closing evaluation, and the run ends when
all of these have ended.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pfi_coordinator.domain import events
from pfi_coordinator.domain.closing import (
    pieces_reduced,
    round_aborted,
    round_published,
    round_reduced,
    round_sealed,
)
from pfi_coordinator.domain.cohort import clients_eligible, round_opened
from pfi_coordinator.domain.collecting import tasks_finished, tasks_given_back, updates_committed
from pfi_coordinator.domain.concluding import conclude
from pfi_coordinator.domain.decision import Decision
from pfi_coordinator.domain.ending import cancel_requested, clients_revoked, effect_failed
from pfi_coordinator.domain.evaluating import evaluation_answered, evaluation_stored
from pfi_coordinator.domain.extending import extend_requested
from pfi_coordinator.domain.lines import in_every_line, in_line
from pfi_coordinator.domain.partition import clients_partitioned
from pfi_coordinator.domain.pausing import pause_requested, resume_requested
from pfi_coordinator.domain.placing import client_placed
from pfi_coordinator.domain.reconciling import uploads_closed
from pfi_coordinator.domain.state import GLOBAL, RunState
from pfi_coordinator.domain.submission import initial_adapter_made, run_submitted
from pfi_coordinator.domain.timing import effect_delayed, tick

RULES: Mapping[type[events.Event], Callable[[RunState, Any, datetime], Decision]] = {
    events.RunSubmitted: run_submitted,
    events.InitialAdapterMade: initial_adapter_made,
    events.ClientsEligible: clients_eligible,
    events.RoundOpened: round_opened,
    events.UpdatesCommitted: updates_committed,
    events.UploadsClosed: uploads_closed,
    events.TasksFinished: tasks_finished,
    events.TasksGivenBack: tasks_given_back,
    events.ClientsRevoked: clients_revoked,
    events.RoundSealed: round_sealed,
    events.PiecesReduced: pieces_reduced,
    events.RoundReduced: round_reduced,
    events.RoundPublished: round_published,
    events.RoundAborted: round_aborted,
    events.ClientsPartitioned: clients_partitioned,
    events.ClientPlaced: client_placed,
    events.EvaluationAnswered: evaluation_answered,
    events.EvaluationStored: evaluation_stored,
    events.EffectDelayed: effect_delayed,
    events.EffectFailed: effect_failed,
    events.CancelRequested: cancel_requested,
    events.PauseRequested: pause_requested,
    events.ResumeRequested: resume_requested,
    events.ExtendRequested: extend_requested,
    events.Tick: tick,
}
"""One rule for each kind of event."""

_FOR_EVERY_LINE = (
    events.ClientsRevoked,
    events.CancelRequested,
    events.PauseRequested,
    events.ResumeRequested,
    events.ExtendRequested,
    events.Tick,
)
"""What happens to a run as a whole happens to each of its lines."""


def decide(state: RunState, event: events.Event, now: datetime) -> Decision:
    """Gives the state after an event and the effects to carry out.

    The same arguments give the same answer. An event that is late or repeated gives the same state
    and no effects.

    Args:
        state: The run as it is.
        event: What happened.
        now: When.

    Returns:
        The new state, and effects in the order in which they are to be carried out.
    """
    rule = RULES[type(event)]

    def rule_of_line(line: RunState) -> Decision:
        return rule(line, event, now)

    if event.line != GLOBAL:
        return conclude(state, in_line(state, event.line, rule_of_line), now)
    decision = rule(state, event, now)
    if isinstance(event, _FOR_EVERY_LINE):
        decision = in_every_line(decision, rule_of_line)
    return conclude(state, decision, now)
