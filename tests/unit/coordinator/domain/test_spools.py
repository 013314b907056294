"""Rounds that lie on several spools, and rounds that workers reduce in pieces."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.unit.coordinator.domain.builders import (
    BEGUN,
    START,
    adapter,
    committed,
    play,
    published,
    run,
)

from pfi_coordinator.domain import effects, events
from pfi_coordinator.domain.explain import explain
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.spools import spool_in, spool_of
from pfi_coordinator.domain.state import RoundPhase, RunPhase
from pfi_coordinator.domain.timing import next_deadline

SPOOLS = ("spool-0", "spool-1", "spool-2")
CLIENTS = tuple(f"c-{index}" for index in range(6))
RULES = {"size": 6, "selected_count": 6, "minimum": 4}
ELIGIBLE = events.ClientsEligible(CLIENTS, SPOOLS, 3)
OPENING = (*BEGUN, ELIGIBLE)
COLLECTING = (*OPENING, events.RoundOpened(1, 1))
SEALING = (*COLLECTING, committed(*CLIENTS))
SEALED = events.RoundSealed(1, 1, CLIENTS)
REDUCING = (*SEALING, SEALED)


def spread(**changes):
    return run(**(RULES | changes))


def away(effect, spool="spool-1"):
    return events.EffectDelayed(effect, "SPOOL_UNAVAILABLE", spool)


def test_clients_are_dealt_evenly_and_for_good():
    state, asked = play(spread(), *OPENING)
    current = state.round
    assert sorted(current.spools) == list(SPOOLS)
    assert current.elsewhere
    dealt = {client: spool_of(current.spools, current.dealing, client) for client in CLIENTS}
    assert set(Counter(dealt.values()).values()) == {2}
    later, _ = play(state, events.RoundOpened(1, 1), committed(*CLIENTS), SEALED)
    assert {client: spool_in(later, 1, 1, client) for client in CLIENTS} == dealt
    assert play(spread(), *OPENING) == (state, asked)


def test_the_spool_of_a_receipt_is_known_until_its_round_settles():
    state, _ = play(
        spread(),
        *REDUCING,
        events.RoundReduced(1, 1),
        published(1),
        events.ClientsEligible(CLIENTS),
    )
    assert state.settling
    assert spool_in(state, 1, 1, "c-0") in SPOOLS
    assert spool_in(state, 2, 1, "c-0") is None
    assert spool_in(state, 1, 2, "c-0") is None


def test_no_round_is_opened_on_spools_that_nobody_asked():
    few = events.ClientsEligible(CLIENTS[:4], (), 3)
    late = START + timedelta(minutes=11)
    state, asked = play(play(spread(), *BEGUN)[0], few, now=late)
    assert (state.round.phase, state.eligible) == (RoundPhase.WAITING, 4)
    assert not asked


def test_another_spool_finalizes_another_round():
    homes = set()
    for number in range(8):
        state = replace(spread(), run=f"r-{number:010x}")
        homes.add(play(state, *OPENING)[0].round.spools[0])
    assert homes == set(SPOOLS)


def test_a_rule_that_needs_all_updates_gets_one_spool():
    state, _ = play(spread(one_spool=True), *OPENING)
    assert len(state.round.spools) == 1
    assert state.round.elsewhere
    state, _ = play(spread(one_spool=True), *BEGUN, events.ClientsEligible(CLIENTS, SPOOLS[:1], 1))
    assert state.round.spools == ("spool-0",)
    assert not state.round.elsewhere


def test_a_large_cohort_is_not_dealt_twice():
    clients = tuple(f"c-{index}" for index in range(1000))
    state, _ = play(
        run(size=1000, selected_count=1000, minimum=1),
        *BEGUN,
        events.ClientsEligible(clients, SPOOLS, 3),
    )
    assert state.round.dealing == 0
    dealt = Counter(spool_of(state.round.spools, 0, client) for client in clients)
    assert min(dealt.values()) > 250


def test_a_state_without_spools_goes_on_as_before():
    state, asked = play(spread(), *BEGUN, events.ClientsEligible(CLIENTS), events.RoundOpened(1, 1))
    assert state.round.spools == ()
    assert spool_in(state, 1, 1, "c-0") is None
    state, asked = play(state, committed(*CLIENTS), SEALED)
    assert state.round.phase is RoundPhase.FINALIZING
    assert asked[-1] == effects.FinalizeRound(1, 1)


def test_partial_sums_come_before_the_merge():
    state, asked = play(spread(), *REDUCING)
    assert state.round.phase is RoundPhase.REDUCING
    assert asked[-1] == effects.ReduceRound(1, 1)
    assert "summed by each of its spools" in explain(state).waiting_for
    state, asked = play(state, events.RoundReduced(1, 1), events.RoundReduced(1, 1))
    assert state.round.phase is RoundPhase.FINALIZING
    assert asked == [effects.FinalizeRound(1, 1)]


def test_pieces_come_before_the_merge_and_are_counted():
    state, _ = play(spread(one_spool=True), *SEALING, events.RoundSealed(1, 1, CLIENTS, pieces=4))
    spool = state.round.spools[0]
    state, asked = play(state, away("reduce_round", ""), events.PiecesReduced(1, 1, 3))
    why = explain(state)
    assert why.waiting_for == "workers to reduce round 1 of 2, attempt 1; 3 of 4 pieces are there"
    assert f"pfi.spool.{spool}" in why.unblocks
    assert asked == []
    assert play(state, events.PiecesReduced(1, 2, 1), events.RoundReduced(2, 1)) == (state, [])
    state, _ = play(state, events.RoundReduced(1, 1))
    assert state.round.pieces_done == 4


def test_too_few_counted_updates_are_not_reduced():
    state, asked = play(spread(), *SEALING, events.RoundSealed(1, 1, CLIENTS[:3], pieces=4))
    assert state.round.phase is RoundPhase.ABORTING
    assert effects.ReduceRound(1, 1) not in asked


@pytest.mark.parametrize(
    ("story", "effect"),
    [(OPENING, "open_round"), (SEALING, "seal_round"), (REDUCING, "reduce_round")],
)
def test_a_spool_that_stays_away_is_given_up(story, effect):
    state, _ = play(spread(), *story, away(effect))
    why = explain(state)
    assert "(delayed: SPOOL_UNAVAILABLE, spool-1)" in why.waiting_for
    assert why.unblocks.startswith("the aggregator of spool-1 answers again")
    limit = START + timedelta(seconds=300)
    assert next_deadline(state) <= limit
    assert "opened again on the spools that answer" in why.next
    early, _ = decide(state, events.Tick(), limit - timedelta(seconds=1))
    assert early.round.phase is not RoundPhase.ABORTING
    state, asked = decide(state, events.Tick(), limit)
    assert state.round.phase is RoundPhase.ABORTING
    assert state.round.cause.message.endswith("spool-1 did not answer for 300 s")
    assert asked[-1] == effects.AbortRound(1, 1)
    state, asked = play(state, events.RoundAborted(1, 1, ("spool-1",)))
    assert (state.round.phase, state.round.attempt) == (RoundPhase.WAITING, 2)
    assert asked == [effects.VoidRound(1, 1, ("spool-1",))]
    state, _ = play(state, events.ClientsEligible(CLIENTS, ("spool-0", "spool-2"), 3))
    assert sorted(state.round.spools) == ["spool-0", "spool-2"]


def test_a_spool_that_comes_back_is_not_given_up():
    state, _ = play(spread(), *SEALING, away("seal_round"), events.EffectDelayed("seal_round", ""))
    later, asked = decide(state, events.Tick(), START + timedelta(seconds=301))
    assert later == state
    assert asked == ()


@pytest.mark.parametrize(
    ("story", "effect"),
    [
        ((*REDUCING, events.RoundReduced(1, 1)), "finalize_round"),
        (COLLECTING, "watch_round"),
        (SEALING, "settle_round"),
    ],
)
def test_no_other_wait_for_a_spool_ends_the_attempt(story, effect):
    state, _ = play(spread(), *story, away(effect))
    later, _ = decide(state, events.Tick(), START + timedelta(seconds=301))
    assert later.round.phase is state.round.phase


def test_there_is_no_patience_without_another_spool():
    state, _ = play(
        spread(),
        *BEGUN,
        events.ClientsEligible(CLIENTS, ("spool-0",), 1),
        events.RoundOpened(1, 1),
        committed(*CLIENTS),
        away("seal_round", "spool-0"),
    )
    later, _ = decide(state, events.Tick(), START + timedelta(seconds=10_000))
    assert later.round.phase is RoundPhase.SEALING


def test_what_goes_on_beside_the_round_does_not_hide_its_own_wait():
    state, _ = play(spread(), *SEALING, away("seal_round"))
    again, _ = play(state, away("watch_round"), away("void_round"))
    assert again == state
    beside, _ = play(spread(), *SEALING, away("watch_round"), away("seal_round"))
    assert beside.trouble == state.trouble


def test_the_last_attempt_is_settled_after_the_spools_hear_of_it():
    state, _ = play(spread(), *SEALING)
    state = replace(state, round=replace(state.round, attempt=3))
    state, _ = play(state, away("seal_round"))
    state, _ = decide(state, events.Tick(), START + timedelta(seconds=300))
    state, asked = play(state, events.RoundAborted(1, 3, ("spool-1",)))
    assert state.phase is RunPhase.FAILED
    assert state.failure.reason == "SPOOL_UNAVAILABLE"
    assert asked == [effects.VoidRound(1, 3, ("spool-1",)), effects.SettleRound(1, 3)]


def test_a_published_round_tells_later_receipts_their_spool():
    state, _ = play(spread(rounds=1), *REDUCING, events.RoundReduced(1, 1))
    published_at = events.RoundPublished(1, 1, adapter(1), 0.1)
    state, _ = play(state, published_at)
    assert spool_in(state, 1, 1, "c-3") in SPOOLS
