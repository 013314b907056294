import itertools

import numpy as np
import pytest
from tests.unit.coordinator.simulation.scenes import rules, simulation

from pfi_coordinator.domain import events
from pfi_coordinator.domain.demands import Demands
from pfi_coordinator.domain.device import DeviceReport
from pfi_coordinator.domain.eligibility import sort_out
from pfi_coordinator.domain.history import HistoryChange
from pfi_coordinator.domain.machine import decide
from pfi_coordinator.domain.members import Session
from pfi_coordinator.domain.simulation.carry_out import simulated_version
from pfi_coordinator.domain.simulation.decided import MIDNIGHT
from pfi_coordinator.domain.simulation.histories import Histories, merged
from pfi_coordinator.domain.simulation.learning_model import LearningModel
from pfi_coordinator.domain.simulation.offers import Offers
from pfi_coordinator.domain.state import new_run


def begun(changed_rules):
    state = new_run("r-0000000000", changed_rules, MIDNIGHT)
    for event in (
        events.RunSubmitted(),
        events.InitialAdapterMade(simulated_version("global", 0, MIDNIGHT)),
    ):
        state, _ = decide(state, event, MIDNIGHT)
    return state


def half_a_day(**scenario):
    simulated = simulation(rules(size=20), longest_days=0.5, **scenario)
    simulated.run()
    return simulated.world


def session(world, device):
    workers = world.workers
    report = DeviceReport(
        has_battery=True,
        battery_percent=int(100 * workers.level[device]),
        charging=bool(workers.charging[device]),
        metered=bool(workers.metered[device]),
        idle=bool(workers.charging[device]),
    )
    ready = bool(workers.charging[device] or workers.level[device] > 0.3)
    rows = int(world.fleet.training_rows[device])
    name = str(world.fleet.names[device])
    return Session(name, "s", "replica", ready, rows, ("fp32",), "", report)


COMBINATIONS = list(itertools.product([1, 300], [0, 60], [False, True], [False, True]))


@pytest.mark.parametrize(("minimum_rows", "battery", "charging", "unmetered"), COMBINATIONS)
def test_demands_come_to_the_same_as_asking_every_session(
    minimum_rows, battery, charging, unmetered
):
    world = half_a_day()
    demands = Demands(
        minimum_rows=minimum_rows,
        battery_at_least=battery,
        charging=charging,
        unmetered=unmetered,
        idle=charging and unmetered,
    )
    histories = Histories(world.fleet, LearningModel(), kept=False)
    offers = Offers(world, demands, histories)
    there = np.flatnonzero(world.workers.online).tolist()
    assert there
    asked = sort_out([session(world, device) for device in there], frozenset(), "fp32", demands)
    found = offers.eligible(begun(rules()))
    assert tuple(world.fleet.names[found].tolist()) == asked.clients


def test_of_very_many_devices_the_same_cohort_is_selected():
    world = half_a_day(clients=9000, begin_hour=3.0)
    world.workers.online[:] = True
    world.workers.charging[:] = True
    line = begun(rules(selected_count=50, size=40))
    histories = Histories(world.fleet, LearningModel(), kept=False)
    offer = Offers(world, Demands(), histories).offer(line, line.round)
    everyone = events.ClientsEligible(tuple(world.fleet.names.tolist()), ("spool-0",), 1)
    assert len(offer.clients) < len(everyone.clients)
    cohorts = [decide(line, event, MIDNIGHT)[0].round.cohort for event in (offer, everyone)]
    assert cohorts[0] == cohorts[1]


def test_further_attempts_of_a_round_count_as_one_selection():
    facts = events.ClientFacts("c-1")
    for number in (1, 1, 2):
        facts = merged(facts, HistoryChange("c-1", selected_round=number))
    facts = merged(facts, HistoryChange("c-1", dropped=1))
    facts = merged(facts, HistoryChange("c-1", seconds=3.0, reported_round=2, utility=5.0))
    assert facts == events.ClientFacts(
        "c-1", selected=2, selected_round=2, reported_round=2, seconds=3.0, utility=5.0, dropped=1
    )
