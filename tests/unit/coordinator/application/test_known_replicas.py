"""Where clients are told to go."""

from datetime import timedelta

import pytest
from tests.support.clock import ManualClock
from tests.support.coordinator.memory import Memory
from tests.support.coordinator.replicas import MemoryReplicaDirectory
from tests.support.coordinator.values import NOW

from pfi_coordinator.application.endpoints import Endpoints
from pfi_coordinator.application.known_replicas import KnownReplicas


@pytest.fixture
def clock():
    return ManualClock(NOW)


@pytest.fixture
def make(clock):
    directory = MemoryReplicaDirectory(Memory())

    def replica(number, host=None):
        host = host or f"host-{number}"
        endpoints = Endpoints(f"{host}:1", f"{host}:2", f"{host}:3", {"spool-0": "s:1"})
        return KnownReplicas(f"replica-{number}", endpoints, directory, clock)

    return replica


async def test_a_replica_names_itself_before_it_knows_of_others(make):
    assert make(0).sessions == ("host-0:2",)
    assert make(0).enrolments == ("host-0:1",)


async def test_a_replica_names_itself_first_and_then_the_others(make):
    replicas = [make(number) for number in range(3)]
    for replica in (*replicas, *replicas):
        await replica.refresh()
    assert replicas[1].sessions == ("host-1:2", "host-0:2", "host-2:2")
    assert replicas[1].enrolments == ("host-1:1", "host-0:1", "host-2:1")


async def test_replicas_behind_one_name_are_one_address(make):
    replicas = [make(number, host="coordinator") for number in range(2)]
    for replica in replicas:
        await replica.refresh()
    assert replicas[1].sessions == ("coordinator:2",)


async def test_a_replica_that_was_not_seen_for_a_day_is_not_named(make, clock):
    for number in range(2):
        await make(number).refresh()
    clock.advance(timedelta(days=1, seconds=1).total_seconds())
    late = make(2)
    await late.refresh()
    assert late.sessions == ("host-2:2",)
