"""Streams of agents, on the real mTLS port."""

import pytest
from tests.support.coordinator.agent import Talk, completed
from tests.support.coordinator.values import RUN

from pfi.coordinator.v1 import session_service_pb2
from pfi_common.errors import (
    ClientRevokedError,
    InvalidRequestError,
    PermissionDeniedError,
    SessionSupersededError,
)

pytestmark = pytest.mark.integration


async def connected(coordinator):
    listed = (await coordinator.admin.get("/v1/clients")).json()["clients"]
    return {entry["client"] for entry in listed if entry["connected"]}


async def test_an_agent_is_welcomed_and_then_connected(coordinator):
    enrolled = await coordinator.enrol()
    talk = Talk(coordinator.endpoints.session, enrolled.identity, training_rows=7)
    welcome = await talk.receive()
    assert (welcome.protocol, welcome.client) == (1, enrolled.client)
    assert dict(welcome.aggregators) == coordinator.endpoints.aggregators
    assert await connected(coordinator) == {enrolled.client}
    listed = (await coordinator.admin.get("/v1/clients")).json()["clients"]
    assert (listed[0]["training_rows"], listed[0]["agent_version"]) == (7, "test")
    await talk.close()


async def test_an_agent_is_told_which_of_its_runs_have_ended(coordinator):
    enrolled = await coordinator.enrol()
    runs = [(await coordinator.submit(name=name))["run"] for name in ("one", "two")]
    await coordinator.admin.post(f"/v1/runs/{runs[0]}/cancel")
    kept = [*runs, "r-ffffffffff", "no run"]
    talk = Talk(coordinator.endpoints.session, enrolled.identity, kept_runs=kept)
    assert list((await talk.receive()).ended_runs) == runs[:1]
    await talk.close()


@pytest.mark.parametrize(
    "change",
    [
        {"training_rows": 0},
        {"protocol_minimum": 2, "protocol_maximum": 3},
        {"agent_version": "v" * 65},
        {"upload_encodings": ["e" * 33]},
        {"device_class": "Two words"},
    ],
)
async def test_a_wrong_hello_is_refused(coordinator, change):
    enrolled = await coordinator.enrol()
    talk = Talk(coordinator.endpoints.session, enrolled.identity, **change)
    with pytest.raises(InvalidRequestError):
        await talk.receive()
    await talk.close()
    assert await connected(coordinator) == set()


async def test_the_newer_of_two_sessions_stays(coordinator):
    enrolled = await coordinator.enrol()
    first = Talk(coordinator.endpoints.session, enrolled.identity)
    await first.receive("welcome")
    second = Talk(coordinator.endpoints.session, enrolled.identity)
    await second.receive("welcome")
    with pytest.raises(SessionSupersededError):
        await first.ended()
    assert await connected(coordinator) == {enrolled.client}
    await first.close()
    await second.close()


async def test_revocation_ends_an_open_stream(coordinator):
    enrolled = await coordinator.enrol()
    talk = Talk(coordinator.endpoints.session, enrolled.identity)
    await talk.receive("welcome")
    path = f"/v1/clients/{enrolled.client}/revoke"
    response = await coordinator.admin.post(path, json={"reason": "stolen"})
    assert response.json()["state"] == "revoked"
    with pytest.raises(ClientRevokedError):
        await talk.ended()
    await talk.close()


async def test_results_of_unknown_tasks_are_acknowledged_and_foreign_ones_refused(coordinator):
    enrolled = await coordinator.enrol()
    talk = Talk(coordinator.endpoints.session, enrolled.identity)
    await talk.receive("welcome")
    own = f"{RUN}.1.1.{enrolled.client}"
    talk.send(completed(own, None))
    assert (await talk.receive("result_recorded")).task == own
    talk.send(completed(f"{RUN}.1.1.c-{'f' * 12}", None))
    with pytest.raises(PermissionDeniedError):
        await talk.ended()
    await talk.close()


@pytest.mark.parametrize(
    "metrics", [{"TRAIN_LOSS": float("nan")}, {"TRAIN_LOSS": float("inf")}, {"UNSPECIFIED": 1.0}]
)
async def test_odd_metrics_end_the_stream(coordinator, metrics):
    enrolled = await coordinator.enrol()
    talk = Talk(coordinator.endpoints.session, enrolled.identity)
    await talk.receive("welcome")
    talk.send(completed(f"{RUN}.1.1.{enrolled.client}", None, **metrics))
    with pytest.raises(InvalidRequestError):
        await talk.ended()
    await talk.close()


async def test_a_second_hello_ends_the_stream(coordinator):
    enrolled = await coordinator.enrol()
    talk = Talk(coordinator.endpoints.session, enrolled.identity)
    await talk.receive("welcome")
    talk.send(session_service_pb2.SessionRequest(hello=session_service_pb2.SessionHello()))
    with pytest.raises(InvalidRequestError):
        await talk.ended()
    await talk.close()


async def test_a_draining_coordinator_tells_agents_to_come_back(site):
    async with site.coordinator(aggregators={"spool-0": "127.0.0.1:9"}) as coordinator:
        enrolled = await coordinator.enrol()
        talk = Talk(coordinator.endpoints.session, enrolled.identity)
        await talk.receive("welcome")
    assert (await talk.receive("reconnect_after")).delay.seconds == 1
    assert await talk.receive() is None
    await talk.close()
