from datetime import timedelta

import pytest
from tests.support.coordinator.values import client_id, description_document, session, spec_document

from pfi_common.errors import (
    ApiKeyInvalidError,
    ClientRevokedError,
    ClientUnknownError,
    InvalidRequestError,
    PermissionDeniedError,
    ScopeMissingError,
    ServiceUnavailableError,
    StoreUnsuitableError,
    TokenInvalidError,
)
from pfi_common.identity import create_certificate_request, generate_key, key_sha256
from pfi_coordinator.application.api_keys import Authorize
from pfi_coordinator.application.list_clients import ListClients
from pfi_coordinator.application.rate_limit import RateLimit
from pfi_coordinator.application.renew_certificate import RenewCertificate
from pfi_coordinator.domain.enrolment import check_agent_version, check_display_name
from pfi_coordinator.domain.members import AgentFacts
from pfi_coordinator.domain.scopes import Scope
from pfi_coordinator.domain.tasks import Assignment, TaskName, TaskState


async def enrolled(graph, key=None, name=""):
    issued = await graph.create_token(timedelta(hours=1), "kiosk")
    request = create_certificate_request(key or generate_key())
    return await graph.enrol(issued.tokens[0].secret, request, agent_version="1", display_name=name)


async def test_a_certificate_names_the_client_and_its_end_is_noted(graph):
    certificate = await enrolled(graph, name=" Desk ")
    known = await graph.ports.registry.get(certificate.client)
    assert known.display_name == "Desk"
    assert known.certificate_expires_at == graph.clock.now() + timedelta(days=1)


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(days=91), timedelta(seconds=-1)])
async def test_odd_lifetimes_of_tokens_are_refused(graph, lifetime):
    with pytest.raises(InvalidRequestError):
        await graph.create_token(lifetime, "")


async def test_many_tokens_are_made_at_once_and_each_lets_one_client_in(graph):
    issued = await graph.create_token(timedelta(hours=1), "fleet", 3)
    assert len({token.secret for token in issued.tokens}) == 3
    for token in issued.tokens:
        request = create_certificate_request(generate_key())
        await graph.enrol(token.secret, request, agent_version="1", display_name="")
    assert len(await graph.ports.registry.all()) == 3
    for count in (0, 1001):
        with pytest.raises(InvalidRequestError, match="count: 1 to 1000"):
            await graph.create_token(timedelta(hours=1), "", count)


async def test_secrets_of_odd_length_are_not_looked_up(graph):
    for secret in ("", "s" * 257):
        with pytest.raises(TokenInvalidError):
            await graph.enrol(secret, b"", agent_version="", display_name="")


async def test_a_store_that_lost_the_registry_enrols_and_starts_nothing(graph):
    await graph.guard.look()
    assert not graph.guard.intact
    with pytest.raises(StoreUnsuitableError):
        await enrolled(graph)
    with pytest.raises(StoreUnsuitableError):
        await graph.submit(spec_document(), description_document())


async def test_renewal_is_over_the_registered_key(graph):
    key = generate_key()
    certificate = await enrolled(graph, key)
    renew = RenewCertificate(graph.ports.registry, graph.certify)
    again = await renew(certificate.client, key_sha256(key.public_key()))
    assert again.client == certificate.client
    with pytest.raises(PermissionDeniedError):
        await renew(certificate.client, "0" * 64)
    await graph.ports.registry.revoke(certificate.client)
    with pytest.raises(ClientRevokedError):
        await renew(certificate.client, key_sha256(key.public_key()))


async def test_who_is_on_the_list_gets_no_certificate(graph):
    key = generate_key()
    issued = await graph.create_token(timedelta(hours=1), "label")
    request = create_certificate_request(key)
    names = {"agent_version": "1", "display_name": ""}
    certificate = await graph.enrol(issued.tokens[0].secret, request, **names)
    # A revocation that was cut short: the list has it, the registry does not.
    await graph.ports.revocations.add(certificate.client, "lost")
    renew = RenewCertificate(graph.ports.registry, graph.certify)
    with pytest.raises(ClientRevokedError):
        await renew(certificate.client, key_sha256(key.public_key()))
    with pytest.raises(ClientRevokedError):
        await graph.enrol(issued.tokens[0].secret, request, **names)


async def test_revocation_is_listed_first_and_takes_open_tasks_back(graph):
    (client,) = await graph.join(1)
    name = TaskName("r-0123456789", "1.1", client)
    await graph.ports.board.hand_out([Assignment(name, b"task")])
    view = await graph.revoke(client, "lost")
    assert view["state"] == "revoked"
    assert graph.revocation_list.revoked(client)
    assert (await graph.ports.board.inbox(client)).tasks == {}
    (rows,) = await graph.ports.board.rows(name.run, ["1.1"])
    assert rows[client].state is TaskState.ABANDONED
    with pytest.raises(ClientUnknownError):
        await graph.revoke(client_id(9), "lost")


async def test_clients_are_listed_with_their_presence(graph):
    await graph.join(1, 2)
    await graph.ports.presence.leave(session(2))
    listed = await ListClients(graph.ports.registry, graph.ports.presence)()
    assert [(item["client"], item["connected"]) for item in listed] == [
        (client_id(1), True),
        (client_id(2), False),
    ]


async def test_the_class_of_a_device_is_shown(graph):
    certificate = await enrolled(graph)
    listed = ListClients(graph.ports.registry, graph.ports.presence)
    assert [item["device_class"] for item in await listed()] == [None]
    facts = AgentFacts("1.0.0", 7, ("fp32",), "phone")
    await graph.ports.registry.described(certificate.client, facts)
    assert [item["device_class"] for item in await listed()] == ["phone"]


async def test_an_api_key_is_right_as_a_whole(graph):
    authorize = Authorize(graph.ports.api_keys)
    key = await graph.api_key(Scope.RUNS_READ)
    assert (await authorize(key, Scope.RUNS_READ)).name == "key"
    await authorize(key, None)
    with pytest.raises(ScopeMissingError):
        await authorize(key, Scope.RUNS_WRITE)
    other = await graph.api_key(Scope.RUNS_READ)
    mixed = "_".join([*key.split("_", 2)[:2], other.split("_", 2)[2]])
    for wrong in ("", "pfk", "pfk_", "pfk_ab_cd", key[:-1], key + "x", mixed, f"x{key}"):
        with pytest.raises(ApiKeyInvalidError):
            await authorize(wrong, None)


def test_calls_are_limited_by_source(graph):
    limit = RateLimit(graph.clock, per_second=2.0, burst=3.0)
    for _ in range(3):
        limit.take("a")
    with pytest.raises(ServiceUnavailableError) as refused:
        limit.take("a")
    assert refused.value.retry_after_seconds == pytest.approx(0.5)
    limit.take("b")
    graph.clock.advance(0.5)
    limit.take("a")


@pytest.mark.parametrize("name", ["<b>", "n" * 65, "new\nline", "ümlaut"])
def test_names_for_people_are_plain(name):
    with pytest.raises(InvalidRequestError):
        check_display_name(name)


@pytest.mark.parametrize("version", ["v" * 65, "1\x00"])
def test_versions_are_short_and_printable(version):
    with pytest.raises(InvalidRequestError):
        check_agent_version(version)
