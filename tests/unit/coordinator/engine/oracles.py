"""What must hold of a world, always, when nobody answers any more, and in the end."""

from datetime import timedelta

from pfi_coordinator.domain.events import Tick
from pfi_coordinator.domain.explain import explain
from pfi_coordinator.domain.lines import every_line, line_named
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.partition import partition_pending
from pfi_coordinator.domain.state import RoundPhase, RunPhase
from pfi_coordinator.domain.tasks import round_scope
from pfi_coordinator.domain.why import WaitReason

LONGEST_WAIT_SECONDS = 600 + 300
"""A deadline, and the patience with a spool: what may end by time alone has ended by then."""

_WITHOUT_END = {
    WaitReason.INITIAL_ADAPTER,
    WaitReason.CLIENTS,
    WaitReason.AGGREGATOR,
    WaitReason.WORKERS,
    WaitReason.SPOOL,
    WaitReason.TROUBLE,
    WaitReason.PAUSED,
    WaitReason.EVALUATION,
    WaitReason.NOTHING,
}
"""What a run may wait for as long as nobody answers: the evaluation only while it is stored."""


def one_open_task_per_client(world) -> None:
    """No client is at work on two tasks of the run, whatever lies in its inbox besides."""
    for client in world.connected():
        assert len(world.clients.at_work_on(client)) <= 1, world.clients.at_work_on(client)


def versions_are_made_of_what_was_acknowledged(world) -> None:
    """Each receipt of a published attempt counts once, and nothing else does."""
    for (line, number), made in world.artifacts.versions.items():
        scope = round_scope(number, made.attempt, line)
        receipts = {name.client for name in world.clients.receipts if name.scope == scope}
        assert made.counted == receipts


def only_durable_updates_are_known(world) -> None:
    """What an attempt believes to be committed, reported or clipped has a receipt of its own."""
    for line in every_line(world.store.state):
        current = line.round
        if current is not None and current.phase is RoundPhase.COLLECTING:
            scope = round_scope(current.number, current.attempt, line.line)
            receipts = {name.client for name in world.clients.receipts if name.scope == scope}
            assert current.committed | current.reported <= receipts
            assert current.clipped <= len(receipts)


def whoever_completed_has_its_last_evaluation(world) -> None:
    """A line is completed by the evaluation of its last version, not by one of before."""
    for line in every_line(world.store.state):
        if line.phase is RunPhase.COMPLETED:
            assert (line.line, line.evaluations_past) in world.artifacts.evaluations


def every_receipt_counts_or_is_void(world) -> None:
    """An acknowledged update is in its version, or its attempt is void and says so."""
    for name in world.clients.receipts:
        number, attempt = name.attempt
        made = world.artifacts.versions.get((name.line, number))
        if made is None or made.attempt != attempt:
            spool = world.aggregators[world.clients.tickets[name]]
            assert spool.parts[name.line, number, attempt].state == "aborted"


def the_state_knows_what_is_published(world) -> None:
    """What the run says of its rounds is what the artifacts say.

    A line that was ended while its round was merged may leave one version that nobody points at.
    """
    told = {
        (item.line, item.number): (item.attempt, item.counted)
        for item in world.store.rounds.values()
        if item.phase is RoundPhase.PUBLISHED
    }
    made = {
        key: (item.attempt, len(item.counted)) for key, item in world.artifacts.versions.items()
    }
    assert told.items() <= made.items()
    for line, number in made.keys() - told.keys():
        ended = line_named(world.store.state, line)
        assert ended.phase in {RunPhase.CANCELLED, RunPhase.FAILED}
        assert ended.base.version == number - 1


def nothing_is_left_behind(world) -> None:
    """A run at rest holds no spool, no inbox and no sketch."""
    assert world.store.state.at_rest
    assert not world.store.outbox
    parts = [part for spool in world.aggregators.values() for part in spool.parts.values()]
    assert all(part.settled for part in parts), parts
    assert not any(world.board.inboxes.values()), world.board.inboxes
    assert not world.artifacts.sketches


def it_ended_for_a_reason(world) -> None:
    """A run is completed, cancelled, or says why it failed; so does each of its lines."""
    for line in every_line(world.store.state):
        assert line.phase in {RunPhase.COMPLETED, RunPhase.CANCELLED} or line.failure.reason


def without_answers_it_says_what_it_waits_for(world) -> None:
    """Only time passes: soon nothing changes any more, and the run names whom it waits for."""
    state, now = world.store.state, world.now
    for _ in range(4):
        now += timedelta(seconds=LONGEST_WAIT_SECONDS / 3)
        state, _ = decide(state, Tick(), now)
    later, asked = decide(state, Tick(), now + timedelta(days=365))
    assert (later, asked) == (state, ())
    for line in every_line(state):
        why = explain(line)
        assert why.reason in _WITHOUT_END or partition_pending(line), why
        assert why.due is None or why.reason is WaitReason.CLIENTS, why
        assert not line.placements
        assert not line.settling


ALWAYS = (
    one_open_task_per_client,
    versions_are_made_of_what_was_acknowledged,
    only_durable_updates_are_known,
    whoever_completed_has_its_last_evaluation,
)
IN_THE_END = (
    *ALWAYS,
    every_receipt_counts_or_is_void,
    the_state_knows_what_is_published,
    nothing_is_left_behind,
    it_ended_for_a_reason,
)
