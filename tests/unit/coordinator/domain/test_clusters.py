"""A run from its probe round to the end of its lines."""

from datetime import timedelta

import pytest
from tests.unit.coordinator.domain.builders import (
    CLUSTERS,
    FIVE,
    FORMED,
    PROBED,
    START,
    adapter,
    cluster_rules,
    clustered_run,
    committed,
    play,
    rules,
    through_round,
)

from pfi_coordinator.domain import effects, events
from pfi_coordinator.domain.explain import explain
from pfi_coordinator.domain.lines import line_named, line_of
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.outbox import is_wanted
from pfi_coordinator.domain.scaling import scaled_rules
from pfi_coordinator.domain.state import PartitionPhase, RoundPhase, RunPhase

LARGE, SMALL = ("c-1", "c-2", "c-3"), ("c-4", "c-5")
ASKED = effects.PartitionClients(1)
FORGOTTEN = effects.ForgetSketches(1)


def answered(line, clients):
    return (events.EvaluationAnswered(clients, line=line), events.EvaluationStored(line=line))


def test_after_the_probe_round_the_clients_are_grouped():
    state, asked = play(clustered_run(), *PROBED)
    assert state.partition.phase is PartitionPhase.PENDING
    assert state.round is None
    assert asked[-1] == ASKED
    assert is_wanted(state, ASKED)
    assert "grouped" in explain(state).waiting_for


def test_one_line_is_opened_for_each_cluster_the_largest_first():
    state, asked = play(clustered_run(), *FORMED)
    assert [(line.line, line.members) for line in state.lines] == [
        ("cluster-1", frozenset(LARGE)),
        ("cluster-2", frozenset(SMALL)),
    ]
    assert asked[-1] == FORGOTTEN
    for line in state.lines:
        assert (line.round.number, line.round.phase) == (2, RoundPhase.WAITING)
        assert (line.base.digest, line.base.line) == (adapter(1).digest, line.line)
        assert line.rules.size == len(line.members)
    assert (state.partition.clusters, state.partition.silhouette) == (2, 0.5)
    assert line_of(state, "c-5") == "cluster-2"
    assert line_of(state, "c-9") is None
    assert explain(state).waiting_for.startswith("cluster-1: ")


@pytest.mark.parametrize("clusters", [(), (FIVE,), (FIVE, ())])
def test_without_clusters_the_run_goes_on_as_one_line_and_says_why(clusters):
    found = events.ClientsPartitioned(clusters, 0.01, "the groups are too alike")
    state, asked = play(clustered_run(), *PROBED, found)
    assert state.lines == ()
    assert (state.partition.clusters, state.partition.reason) == (1, "the groups are too alike")
    assert (state.round.number, state.round.line) == (2, "global")
    assert asked[-1] == FORGOTTEN


def test_a_partition_that_can_never_be_computed_leaves_one_line():
    failed = events.EffectFailed("partition_clients", 1, 0, "INTERNAL", "no such queue")
    state, asked = play(clustered_run(), *PROBED, failed)
    assert state.round.number == 2
    assert "no such queue" in state.partition.reason
    assert asked[-1] == FORGOTTEN


def test_a_partition_that_comes_twice_changes_nothing():
    state, _ = play(clustered_run(), *FORMED)
    assert decide(state, FORMED[-1], START) == (state, ())
    assert not is_wanted(state, ASKED)


def test_lines_advance_without_each_other():
    state, asked = play(clustered_run(rounds=3), *FORMED, *through_round("cluster-2", SMALL))
    first, second = state.lines
    assert (first.round.number, second.round.number) == (2, 3)
    assert (first.base.version, second.base.version) == (1, 2)
    assert {effect.line for effect in asked[-3:]} == {"cluster-2"}
    assert state.round is None


def test_a_line_selects_its_members_alone():
    state, asked = play(clustered_run(), *FORMED, events.ClientsEligible(FIVE, line="cluster-2"))
    assert asked[-1] == effects.OpenRound(2, 1, line="cluster-2")
    assert state.lines[1].round.cohort == frozenset(SMALL)
    assert state.lines[0].round.phase is RoundPhase.WAITING


def through_evaluation(state):
    state, asked = play(
        state,
        *through_round("cluster-1", LARGE),
        *through_round("cluster-2", SMALL),
    )
    assert [line.phase for line in state.lines] == [RunPhase.EVALUATING] * 2
    dispatched = [item for item in asked if isinstance(item, effects.DispatchEvaluation)]
    assert [(item.line, item.clients) for item in dispatched] == [
        ("cluster-1", LARGE),
        ("cluster-2", SMALL),
    ]
    return state


def test_a_run_is_completed_when_its_lines_are_and_all_is_stored():
    state = through_evaluation(play(clustered_run(), *FORMED)[0])
    state, asked = play(state, *answered("cluster-1", LARGE))
    assert (state.phase, state.lines[0].phase) == (RunPhase.RUNNING, RunPhase.COMPLETED)
    state, asked = play(state, *answered("cluster-2", SMALL))
    assert state.phase is RunPhase.EVALUATING
    assert asked == [
        effects.StoreEvaluation(2, line="cluster-2"),
        effects.StoreEvaluation(2),
    ]
    state, asked = play(state, events.EvaluationStored())
    assert (state.phase, asked) == (RunPhase.COMPLETED, [])


def failing(state, line, clients):
    """Three attempts that nobody answers."""
    now = START
    for attempt in (1, 2, 3):
        now += timedelta(seconds=700)
        state, _ = play(
            state,
            events.ClientsEligible(clients, line=line),
            events.RoundOpened(2, attempt, line=line),
            events.TasksGivenBack(2, attempt, clients, line=line),
            events.RoundAborted(2, attempt, line=line),
            now=now,
        )
    return state


def test_a_line_that_fails_does_not_end_the_others():
    state = failing(play(clustered_run(), *FORMED)[0], "cluster-2", SMALL)
    assert line_named(state, "cluster-2").phase is RunPhase.FAILED
    assert line_named(state, "cluster-2").failure.reason == "QUORUM_NOT_REACHED"
    assert state.phase is RunPhase.RUNNING
    state, _ = play(
        state,
        *through_round("cluster-1", LARGE),
        *answered("cluster-1", LARGE),
        events.EvaluationStored(),
    )
    assert state.phase is RunPhase.COMPLETED


def test_a_run_fails_when_every_line_has_failed():
    state, _ = play(clustered_run(), *FORMED)
    for line, clients in (("cluster-1", LARGE), ("cluster-2", SMALL)):
        state = failing(state, line, clients)
    assert state.phase is RunPhase.FAILED
    assert state.failure.reason == "QUORUM_NOT_REACHED"
    assert "cluster-1: " in state.failure.message
    assert "cluster-2: " in state.failure.message


def test_cancelling_takes_every_line_back():
    state, _ = play(
        clustered_run(),
        *FORMED,
        *through_round("cluster-1", LARGE)[:2],
        events.CancelRequested(),
    )
    assert state.phase is RunPhase.CANCELLED
    assert [line.phase for line in state.lines] == [RunPhase.CANCELLED] * 2
    assert not state.at_rest
    state, asked = play(state, events.RoundAborted(2, 1, line="cluster-1"))
    assert asked == [effects.SettleRound(2, 1, line="cluster-1")]


@pytest.mark.parametrize("history", [PROBED, PROBED[:4], PROBED[:1]])
def test_cancelling_before_the_clusters_are_known_deletes_the_sketches(history):
    state, asked = play(clustered_run(), *history, events.CancelRequested())
    assert state.phase is RunPhase.CANCELLED
    assert asked[-1] == FORGOTTEN
    assert is_wanted(state, FORGOTTEN)
    assert play(state, FORMED[-1])[0] == state


def test_a_client_revoked_before_the_clusters_are_known_joins_none():
    gone = events.ClientsRevoked(("c-5",))
    state, _ = play(clustered_run(), *PROBED, gone, FORMED[-1])
    assert [line.members for line in state.lines] == [frozenset(LARGE), {"c-4"}]


def test_a_revoked_member_leaves_its_line_which_asks_for_less():
    state, _ = play(clustered_run(), *FORMED, events.ClientsRevoked(("c-5",)))
    assert state.lines[1].members == {"c-4"}
    assert (state.lines[1].rules.size, state.lines[1].rules.minimum) == (1, 1)


def test_a_line_whose_members_were_all_revoked_fails():
    opened = through_round("cluster-2", SMALL)[:2]
    state, asked = play(clustered_run(), *FORMED, *opened, events.ClientsRevoked(SMALL))
    assert state.lines[1].phase is RunPhase.FAILED
    assert "revoked" in state.lines[1].failure.message
    assert effects.AbortRound(2, 1, line="cluster-2") in asked
    assert state.phase is RunPhase.RUNNING


def test_deadlines_of_lines_are_minded():
    state, _ = play(clustered_run(), *FORMED, *through_round("cluster-2", SMALL)[:2])
    partial = events.UpdatesCommitted(2, 1, (events.CommittedUpdate("c-4"),), line="cluster-2")
    state, asked = play(state, partial, events.Tick(), now=START + timedelta(seconds=601))
    assert asked[-1] == effects.AbortRound(2, 1, line="cluster-2")


def test_trouble_of_one_line_is_not_hidden_by_another_that_waits_for_longer():
    later = START + timedelta(seconds=5)
    state, _ = play(clustered_run(), *FORMED)
    delayed = events.EffectDelayed("open_round", "SERVICE_UNAVAILABLE", line="cluster-2")
    there = events.ClientsEligible(SMALL, line="cluster-2")
    state, _ = play(state, there, delayed, now=later)
    why = explain(state)
    assert why.waiting_for.startswith("cluster-2: ")
    assert "SERVICE_UNAVAILABLE" in why.waiting_for


def test_events_of_lines_that_are_not_there_change_nothing():
    state, _ = play(clustered_run(), *FORMED)
    for event in (
        events.RoundOpened(2, 1, line="cluster-3"),
        events.RoundOpened(2, 1),
        committed("c-1", number=2),
    ):
        assert decide(state, event, START) == (state, ())


@pytest.mark.parametrize(
    ("members", "everyone", "size", "minimum", "selected"),
    [(10, 20, 5, 4, 7), (1, 20, 1, 1, 1), (3, 4, 3, 3, 3), (20, 20, 10, 8, 13), (3, 20, 2, 1, 3)],
)
def test_cohorts_are_scaled_by_members(members, everyone, size, minimum, selected):
    cluster = cluster_rules(over_select=1.3)
    scaled = scaled_rules(rules(size=10, minimum=8, selected_count=13), cluster, members, everyone)
    assert (scaled.size, scaled.minimum, scaled.selected_count) == (size, minimum, selected)
    assert scaled.cluster is None


def test_a_line_never_asks_for_less_than_its_rule_needs():
    small = scaled_rules(rules(size=10, minimum=8, fewest=7), cluster_rules(), 8, 40)
    assert (small.size, small.minimum) == (7, 7)
    shrunk = scaled_rules(rules(size=10, minimum=8, fewest=7), cluster_rules(), 5, 40)
    assert (shrunk.size, shrunk.minimum, shrunk.selected_count) == (7, 7, 7)


def test_the_order_of_clusters_does_not_depend_on_the_answer():
    turned = events.ClientsPartitioned(tuple(reversed(CLUSTERS)), 0.5, "")
    assert play(clustered_run(), *PROBED, turned)[0] == play(clustered_run(), *FORMED)[0]
