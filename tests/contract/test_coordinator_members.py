"""TokenStore, ClientRegistry, ChallengeStore, Revocations and ApiKeyStore, on memory and Redis."""

from datetime import timedelta

import pytest
from tests.support.coordinator.contract import ports
from tests.support.coordinator.members import (
    MemoryApiKeyStore,
    MemoryChallengeStore,
    MemoryClientRegistry,
    MemoryRevocations,
    MemoryTokenStore,
)
from tests.support.coordinator.values import NOW, client, client_id

from pfi_common.errors import (
    ClientRevokedError,
    ClientUnknownError,
    TokenExpiredError,
    TokenInvalidError,
    TokenUsedError,
)
from pfi_coordinator.application.ports.api_keys import ApiKey
from pfi_coordinator.domain.members import AgentFacts
from pfi_coordinator.domain.scopes import Scope

__all__ = [
    "MemoryApiKeyStore",
    "MemoryChallengeStore",
    "MemoryClientRegistry",
    "MemoryRevocations",
    "MemoryTokenStore",
    "ports",
]
SECRET = "5" * 64
HOUR = timedelta(hours=1)


@pytest.fixture
async def token(ports):
    await ports.tokens.create([SECRET], "kiosk", NOW + HOUR)
    return SECRET


async def test_a_token_registers_one_client(ports, token):
    assert await ports.tokens.redeem(token, client(1), NOW) == client_id(1)
    assert await ports.registry.get(client_id(1)) == client(1)
    assert await ports.registry.all() == [client(1)]


async def test_tokens_of_one_request_are_good_for_one_client_each(ports):
    await ports.tokens.create([SECRET, "6" * 64], "fleet", NOW + HOUR)
    assert await ports.tokens.redeem(SECRET, client(1), NOW) == client_id(1)
    assert await ports.tokens.redeem("6" * 64, client(2), NOW) == client_id(2)


async def test_the_same_key_may_repeat_for_ten_minutes(ports, token):
    await ports.tokens.redeem(token, client(1), NOW)
    again = client(2, key_sha256=client(1).key_sha256)
    window = NOW + timedelta(minutes=10)
    assert await ports.tokens.redeem(token, again, window) == client_id(1)
    with pytest.raises(TokenUsedError):
        await ports.tokens.redeem(token, again, window + timedelta(seconds=1))
    assert await ports.registry.all() == [client(1)]


async def test_another_key_finds_the_token_used(ports, token):
    await ports.tokens.redeem(token, client(1), NOW)
    with pytest.raises(TokenUsedError):
        await ports.tokens.redeem(token, client(2), NOW)


async def test_expired_and_unknown_tokens(ports, token):
    with pytest.raises(TokenExpiredError):
        await ports.tokens.redeem(token, client(1), NOW + HOUR)
    with pytest.raises(TokenInvalidError):
        await ports.tokens.redeem("6" * 64, client(1), NOW)
    assert await ports.registry.all() == []


async def test_a_known_key_keeps_its_client(ports, token):
    await ports.tokens.create(["6" * 64], "", NOW + HOUR)
    await ports.tokens.redeem(token, client(1), NOW)
    renamed = client(2, key_sha256=client(1).key_sha256, display_name="New name")
    assert await ports.tokens.redeem("6" * 64, renamed, NOW) == client_id(1)
    assert (await ports.registry.get(client_id(1))).display_name == "New name"


async def test_a_revoked_key_does_not_use_a_token_up(ports, token):
    await ports.tokens.create(["6" * 64], "", NOW + HOUR)
    await ports.tokens.redeem(token, client(1), NOW)
    await ports.revocations.add(client_id(1), "lost")
    with pytest.raises(ClientRevokedError):
        await ports.tokens.redeem("6" * 64, client(2, key_sha256=client(1).key_sha256), NOW)
    assert await ports.tokens.redeem("6" * 64, client(3), NOW) == client_id(3)


async def test_the_registry_keeps_what_is_noted(ports, token):
    await ports.tokens.redeem(token, client(1), NOW)
    await ports.registry.certified(client_id(1), NOW + HOUR)
    facts = AgentFacts("0.1.0", 25, ("bf16", "fp32"), "phone")
    await ports.registry.described(client_id(1), facts)
    await ports.registry.revoke(client_id(1))
    found = await ports.registry.get(client_id(1))
    assert found.certificate_expires_at == NOW + HOUR
    assert (found.agent_version, found.training_rows, found.revoked) == ("0.1.0", 25, True)
    assert (found.upload_encodings, found.device_class) == (("bf16", "fp32"), "phone")
    assert await ports.registry.find([client_id(1), client_id(2)]) == {client_id(1): found}


@pytest.mark.parametrize("method", ["get", "revoke"])
async def test_clients_that_never_enrolled_are_unknown(ports, method):
    with pytest.raises(ClientUnknownError):
        await getattr(ports.registry, method)(client_id(9))


async def test_a_nonce_is_good_once(ports):
    await ports.challenges.put(b"n" * 32)
    assert await ports.challenges.take(b"n" * 32)
    assert not await ports.challenges.take(b"n" * 32)
    assert not await ports.challenges.take(b"m" * 32)


async def test_revocations_stay(ports):
    await ports.revocations.add(client_id(1), "lost")
    await ports.revocations.add(client_id(1), "stolen")
    assert await ports.revocations.members() == {client_id(1)}


async def test_api_keys_by_id(ports):
    key = ApiKey("0a1b", "ci", "9" * 64, frozenset({Scope.RUNS_READ, Scope.RUNS_WRITE}), NOW)
    await ports.api_keys.put(key)
    assert await ports.api_keys.get("0a1b") == key
    assert await ports.api_keys.get("ffff") is None
