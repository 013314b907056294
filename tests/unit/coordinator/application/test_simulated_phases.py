from tests.support.coordinator.values import client_id
from tests.support.coordinator.working import Working, ended, submitted
from tests.unit.coordinator.simulation.scenes import ALWAYS_ON, simulation

from pfi_coordinator.domain.state import RunPhase


def phases(steps):
    """Each phase of run and round that decisions led to, once in a row."""
    found = []
    for state in steps:
        current = state.round
        phase = None if current is None else (current.number, current.attempt, current.phase)
        if not found or found[-1] != (state.phase, phase):
            found.append((state.phase, phase))
    return found


async def test_a_simulated_run_goes_through_the_phases_of_a_driven_one(graph):
    clients = await graph.join(0, 1, 2)
    run = await submitted(graph)
    async with graph.led(), Working(graph, clients):
        driven = await graph.until(run, ended)
    decisions = []
    simulated = simulation(driven.rules, ALWAYS_ON, decisions.append, clients=len(clients))
    ending = simulated.run()
    real = [step.after for step in graph.steps if step.after.run == run]
    assert phases(decided.after for decided in decisions) == phases(real)
    assert ending.state.phase is driven.phase is RunPhase.COMPLETED
    assert ending.state.participants == driven.participants == frozenset(map(client_id, range(3)))
