"""Which replica of the coordinator an agent talks to."""

from collections import Counter
from types import SimpleNamespace

import pytest

from pfi_client_agent.adapters.endpoints_file import load_endpoints, save_endpoints
from pfi_client_agent.application.serving.following import Follower
from pfi_client_agent.domain.federation import Endpoints, next_replica
from pfi_common.errors import ServiceUnavailableError

THREE = Endpoints("e:1", "a:1", {}, ("a:1", "b:1", "c:1"), ("e:1", "e:2", "e:3"))


def test_an_agent_that_knows_one_replica_stays_with_it():
    alone = Endpoints("e:1", "a:1")
    assert next_replica(alone, "c-1", "") == next_replica(alone, "c-1", "a:1") == "a:1"


def test_every_replica_is_tried_in_turn():
    first = next_replica(THREE, "c-1", "")
    second = next_replica(THREE, "c-1", first)
    third = next_replica(THREE, "c-1", second)
    assert {first, second, third} == set(THREE.coordinators)
    assert next_replica(THREE, "c-1", third) == first


def test_one_that_is_gone_is_followed_by_the_first():
    assert next_replica(THREE, "c-1", "z:1") == next_replica(THREE, "c-1", "")


def test_clients_spread_over_replicas_and_over_the_rest_when_one_fails():
    clients = [f"c-{number:012}" for number in range(3000)]
    first = Counter(next_replica(THREE, client, "") for client in clients)
    assert all(800 < first[address] < 1200 for address in THREE.coordinators)
    moved = [c for c in clients if next_replica(THREE, c, "") == "a:1"]
    then = Counter(next_replica(THREE, client, "a:1") for client in moved)
    assert all(350 < then[address] < 650 for address in ("b:1", "c:1"))


def test_the_file_keeps_all_addresses_and_older_files_are_read(tmp_path):
    path = tmp_path / "endpoints.json"
    save_endpoints(path, THREE)
    assert load_endpoints(path) == THREE
    path.write_text('{"enrolment": "e:1", "coordinator": "a:1", "aggregators": {}}')
    assert load_endpoints(path) == Endpoints("e:1", "a:1", {})


class Unreachable:
    """A membership of a federation whose coordinators all are away."""

    identity = None

    def __init__(self, coordinator: str) -> None:
        self.endpoints = THREE
        self.coordinator = coordinator
        self.tried: list[str] = []

    def try_another_coordinator(self) -> None:
        self.coordinator = next_replica(self.endpoints, "c-1", self.coordinator)

    def open_channel(self, address: str, _identity: object) -> None:
        self.tried.append(address)
        raise ServiceUnavailableError("away")


@pytest.mark.parametrize("coordinator", ["a:1", "name-of-all:1"])
async def test_every_replica_is_asked_once_for_an_adapter(coordinator):
    membership = Unreachable(coordinator)
    follower = Follower(SimpleNamespace(state=None), "", 1.0)
    with pytest.raises(ServiceUnavailableError):
        await follower._asked(membership)
    assert sorted(membership.tried) == sorted({coordinator, *THREE.coordinators})
