from dataclasses import replace

import pytest
from tests.unit.coordinator.simulation.scenes import ALWAYS_ON, WORK, rules, simulation

from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.selection_rules import SelectionRules
from pfi_coordinator.domain.simulation.device_model import Day, DeviceModel, Failures, Night
from pfi_coordinator.domain.simulation.jobs import Fate
from pfi_coordinator.domain.simulation.outcome import outcome_of
from pfi_coordinator.domain.state import RoundPhase, RunPhase

KINDS = {
    "plain": {},
    "replacing": {"selection": SelectionRules(replace=True, absence_seconds=5.0)},
    "utility": {"selection": SelectionRules(policy="utility", fairness_cap=2.0)},
    "spread": {"spools": 3},
    "hasty": {"deadline_seconds": 20.0, "retry_first_seconds": 5.0},
}


def of_kind(kind, observe=None, **scenario):
    changes = dict(KINDS[kind])
    scenario["spools"] = changes.pop("spools", 1)
    work = replace(WORK, keeps_history=kind == "utility")
    return simulation(rules(**changes), observe=observe, work=work, **scenario)


def outcome(simulated, target_loss=None):
    return outcome_of(simulated, simulated.run(), target_loss)


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_arguments_give_the_same_outcome(kind):
    assert outcome(of_kind(kind)) == outcome(of_kind(kind))


def test_another_seed_gives_another_outcome():
    assert outcome(simulation(seed=1)) != outcome(simulation(seed=2))


@pytest.mark.parametrize("kind", KINDS)
def test_every_task_ends_once_and_rounds_count_no_more_than_they_may(kind):
    simulated = of_kind(kind)
    found = outcome(simulated)
    for job in simulated.world.jobs:
        assert job.fates.total() == job.handed_out
        assert not job.committed
        assert not job.arriving
        assert job.fates[Fate.COUNTED] <= simulated.state.rules.selected_count
    assert sum(found.fates.values()) == found.tasks
    assert found.fates["open"] == 0
    counted = [row.counted for row in found.rounds]
    assert sum(counted) == found.fates["counted"]
    assert all(count >= simulated.state.rules.minimum for count in counted)


@pytest.mark.parametrize("kind", KINDS)
def test_decisions_replay_and_keep_the_parts_of_a_cohort_apart(kind):
    decisions = []
    simulated = of_kind(kind, observe=decisions.append)
    simulated.run()
    state = decisions[0].before
    for decided in decisions:
        assert decided.before == state
        state, effects = decide(state, decided.event, decided.now)
        assert (state, effects) == (decided.after, decided.effects)
        current = state.round
        if current is not None:
            parts = (current.open, current.committed, current.closed)
            assert len(current.cohort) == sum(map(len, parts))
    assert state == simulated.state


def test_a_run_of_devices_that_are_always_there_counts_all_it_asks_for():
    simulated = simulation(rules(selected_count=20), ALWAYS_ON)
    found = outcome(simulated)
    assert found.phase == RunPhase.COMPLETED
    assert [row.counted for row in found.rounds] == [20] * 3
    assert found.fates["counted"] == found.tasks == 60
    assert found.interruptions == found.flat_batteries == 0
    assert found.wasted_share == 0.0


def test_a_run_fails_when_no_update_ever_comes():
    silent = replace(ALWAYS_ON, failures=Failures(given_back=0.0, silent=1.0))
    found = outcome(simulation(devices=silent))
    assert found.phase == RunPhase.FAILED
    assert found.why.startswith("QUORUM_NOT_REACHED")
    assert found.rounds == ()
    assert found.fates["dropped"] == found.tasks > 0


def test_a_run_without_clients_waits_until_it_is_given_up():
    nobody = DeviceModel(night=Night(share=0.0), day=Day(visits=0.0))
    simulated = simulation(devices=nobody, longest_days=1.0)
    found = outcome(simulated)
    assert found.phase == RunPhase.RUNNING
    assert simulated.state.round.phase is RoundPhase.WAITING
    assert found.tasks == found.arrivals.total == 0
    assert found.virtual_seconds > 86_400.0


def test_a_simulation_that_is_stopped_keeps_what_it_has():
    simulated = simulation(rules(rounds=50))
    ending = simulated.run(lambda: len(simulated.tally.rounds) == 2)
    found = outcome_of(simulated, ending, None)
    assert found.interrupted
    assert len(found.rounds) == 2
    assert sum(found.fates.values()) == found.tasks


def test_a_restart_brings_every_session_back_at_once():
    quiet = outcome(simulation(rules(rounds=10), ALWAYS_ON))
    shaken = outcome(simulation(rules(rounds=10), ALWAYS_ON, restart_hours=(0.01,)))
    assert quiet.arrivals.total == 0
    assert shaken.arrivals.total == 400
    assert shaken.longest_return_seconds >= 5.0
    assert [row.counted for row in shaken.rounds] == [row.counted for row in quiet.rounds]


def test_a_robust_rule_takes_its_time():
    plain = outcome(simulation(devices=ALWAYS_ON))
    robust = outcome(simulation(devices=ALWAYS_ON, work=replace(WORK, robust=True)))
    extra = 3.6e-8 * WORK.coordinates * plain.rounds[0].counted
    closing = [row.published - row.sealed for row in (plain.rounds[0], robust.rounds[0])]
    assert closing[1] - closing[0] == pytest.approx(extra, rel=0.05)


def test_the_time_of_a_target_is_that_of_the_round_that_reaches_it():
    simulated = simulation(rules(rounds=6), ALWAYS_ON)
    ending = simulated.run()
    losses = [row.loss for row in simulated.tally.rounds]
    assert losses == sorted(losses, reverse=True)
    assert outcome_of(simulated, ending, losses[3]).target_seconds == (
        simulated.tally.rounds[3].published
    )
    assert outcome_of(simulated, ending, 0.1).target_seconds is None


def test_utility_learns_from_what_clients_did():
    simulated = of_kind("utility")
    simulated.run()
    names = tuple(simulated.world.fleet.names.tolist())
    facts = simulated.world.histories.find(names)
    assert sum(item.selected for item in facts) >= 3 * 26
    assert any(item.utility for item in facts)
    assert any(item.seconds for item in facts)
