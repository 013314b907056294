from dataclasses import replace
from datetime import timedelta

from tests.unit.coordinator.domain.builders import (
    BEGUN,
    CLIENTS,
    OPENED,
    SEALED,
    START,
    adapter,
    play,
    run,
)

from pfi_coordinator.domain import events
from pfi_coordinator.domain.explain import explain
from pfi_coordinator.domain.machine import decide


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
