from dataclasses import replace
from datetime import timedelta

from tests.unit.coordinator.domain.builders import (
    BEGUN,
    CLIENTS,
    FIVE,
    FORMED,
    OPENED,
    SEALED,
    START,
    adapter,
    clustered_run,
    play,
    run,
    through_to_evaluation,
)

from pfi_coordinator.domain import events
from pfi_coordinator.domain.explain import explain
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.why import WaitReason


def test_waiting_says_how_many_are_wanted_and_there():
    state, _ = play(run(), *BEGUN, events.ClientsEligible(("c-1",)))
    why = explain(state)
    assert "3 eligible clients" in why.waiting_for
    assert "there is 1" in why.waiting_for
    assert "fp32" in why.unblocks
    assert why.since == START


def test_collecting_says_what_happens_at_the_deadline():
    state, _ = play(run(), *OPENED)
    why = explain(state)
    assert "3 clients still work" in why.waiting_for
    assert (START + timedelta(seconds=600)).isoformat() in why.next


def test_counts_of_one_are_in_the_singular():
    state, _ = play(run(size=1, minimum=1), *BEGUN)
    assert state.round is not None
    waiting = replace(state, round=replace(state.round, deadline=START))
    assert "1 eligible client " in explain(waiting).waiting_for
    assert f"(from {START.isoformat()} on 1 is enough)" in explain(waiting).waiting_for
    state, _ = play(run(), *OPENED)
    assert state.round is not None
    one_left = replace(state.round, open=frozenset(CLIENTS[:1]))
    assert "1 client still works" in explain(replace(state, round=one_left)).waiting_for


def test_trouble_is_named_until_the_phase_changes():
    state, _ = play(run(), *BEGUN, events.ClientsEligible(CLIENTS))
    delayed = events.EffectDelayed("open_round", "SERVICE_UNAVAILABLE")
    state, _ = play(state, delayed)
    assert decide(state, delayed, START + timedelta(seconds=5)) == (state, ())
    assert "SERVICE_UNAVAILABLE" in explain(state).waiting_for
    assert explain(play(state, events.EffectDelayed("open_round", ""))[0]).waiting_for.endswith(
        "to be opened"
    )
    state, _ = play(state, events.RoundOpened(1, 1))
    assert "SERVICE_UNAVAILABLE" not in explain(state).waiting_for


def test_every_phase_has_a_whole_answer():
    seen = set()
    history = (
        events.RunSubmitted(),
        events.InitialAdapterMade(adapter(0)),
        *OPENED[2:],
        *SEALED[4:],
        events.RoundPublished(1, 1, adapter(1), 0.1),
        events.EvaluationAnswered(CLIENTS),
        events.EvaluationStored(),
    )
    state = run(rounds=1)
    for event in history:
        state, _ = decide(state, event, START)
        why = explain(state)
        assert all((why.waiting_for, why.unblocks, why.next))
        seen.add(why.waiting_for)
    assert len(seen) == len(history)


def test_a_paused_run_says_who_lets_it_go_on():
    state, _ = play(run(), *BEGUN, events.PauseRequested())
    why = explain(state)
    assert (why.reason, why.since) == (WaitReason.PAUSED, START)
    assert why.unblocks == f"`pfi run resume {state.run}`"
    assert "round 1 of 2" in why.next


def test_a_pausing_run_says_what_is_still_open():
    state, _ = play(run(), *OPENED, events.PauseRequested())
    why = explain(state)
    assert why.reason is WaitReason.UPDATES
    assert why.next.endswith("nothing new is opened: the run is paused")


def test_paused_lines_are_explained_by_what_is_open():
    state, _ = play(clustered_run(), *FORMED, events.ClientsEligible(FIVE, line="cluster-2"))
    paused, _ = play(state, events.PauseRequested())
    assert explain(paused).waiting_for.startswith("cluster-2: round 2 of 2, attempt 1 to be opened")
    state, _ = play(clustered_run(), *FORMED, events.PauseRequested())
    assert explain(state).reason is WaitReason.PAUSED


def test_what_ends_by_itself_says_when():
    state, _ = play(run(), *OPENED)
    assert explain(state).due == START + timedelta(seconds=600)
    assert explain(play(run(), *BEGUN)[0]).due is None
    assert explain(through_to_evaluation()).due == START + timedelta(seconds=600)


def test_trouble_is_told_from_a_spool_that_is_away():
    state, _ = play(run(), *BEGUN, events.ClientsEligible(CLIENTS))
    delayed = events.EffectDelayed("open_round", "STORE_UNAVAILABLE")
    assert explain(play(state, delayed)[0]).reason is WaitReason.TROUBLE
    away = events.EffectDelayed("open_round", "SPOOL_UNAVAILABLE", "spool-1")
    assert explain(play(state, away)[0]).reason is WaitReason.SPOOL


def test_a_broken_off_attempt_waits_for_its_abort():
    state, _ = play(run(), *OPENED, events.PauseRequested(at_once=True))
    assert "when the run is resumed" in explain(state).next
