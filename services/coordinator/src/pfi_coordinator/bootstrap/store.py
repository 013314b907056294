"""Opens the store, and refuses one that must not be used."""

import asyncio
from collections.abc import AsyncIterator, Set
from contextlib import asynccontextmanager

from pfi_common.clock import Clock
from pfi_common.errors import StoreUnavailableError
from pfi_common.identity import CertificateAuthority
from pfi_common.telemetry.events import Event as LogEvent
from pfi_common.telemetry.log import get_logger
from pfi_coordinator.adapters.redis.api_keys import RedisApiKeyStore
from pfi_coordinator.adapters.redis.connection import RedisClient, connect
from pfi_coordinator.adapters.redis.store_probe import RedisStoreProbe
from pfi_coordinator.adapters.state_folder import StateFolder
from pfi_coordinator.application.api_keys import CreateApiKey
from pfi_coordinator.application.guard_store import GuardStore
from pfi_coordinator.domain.scopes import Scope
from pfi_coordinator.domain.store_rules import Verdict, judge_store
from pfi_coordinator.settings import CoordinatorSettings

_PATIENCE_SECONDS = 10.0
_PAUSE_SECONDS = 0.2


@asynccontextmanager
async def opened_redis(settings: CoordinatorSettings) -> AsyncIterator[RedisClient]:
    """Gives a client, and closes it.

    Raises:
        StoreUnsuitableError: The URL is not one of a single server.
    """
    redis = connect(settings.redis_url)
    try:
        yield redis
    finally:
        await redis.aclose()


async def check_store(
    redis: RedisClient, folder: StateFolder, authority: CertificateAuthority, clock: Clock
) -> GuardStore:
    """Checks the store and marks it as this federation's.

    Raises:
        StoreUnsuitableError: It must not be used.
        StoreUnavailableError: It did not answer for 10 seconds.
    """
    probe = RedisStoreProbe(redis)
    verdict = await _judge(probe, folder, authority, clock)
    if verdict.intact:
        await _mark(probe, folder, verdict)
    else:
        get_logger().error(LogEvent.REGISTRY_LOST)
    return GuardStore(probe, intact=verdict.intact)


async def accept_empty_store(settings: CoordinatorSettings, clock: Clock) -> None:
    """Begins with an empty registry after a loss, because a person said so.

    Raises:
        StoreUnsuitableError: The store must not be used.
    """
    folder = StateFolder(settings.state)
    authority = CertificateAuthority.load(folder.authority, clock)
    async with opened_redis(settings) as redis:
        probe = RedisStoreProbe(redis)
        await _mark(probe, folder, await _judge(probe, folder, authority, clock))


async def create_api_key(
    settings: CoordinatorSettings, name: str, scopes: Set[Scope], clock: Clock
) -> str:
    """Makes an API key.

    Raises:
        InvalidRequestError: The name breaks its rule.
    """
    async with opened_redis(settings) as redis:
        return await CreateApiKey(RedisApiKeyStore(redis), clock)(name, scopes)


async def _judge(
    probe: RedisStoreProbe, folder: StateFolder, authority: CertificateAuthority, clock: Clock
) -> Verdict:
    give_up = clock.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            facts, stored = await probe.facts(), await probe.marker()
            return judge_store(facts, authority.fingerprint, stored, folder.read_marker())
        except StoreUnavailableError:
            # Redis may be loading its data, which it does after every restart.
            if clock.monotonic() > give_up:
                raise
            await asyncio.sleep(_PAUSE_SECONDS)


async def _mark(probe: RedisStoreProbe, folder: StateFolder, verdict: Verdict) -> None:
    await probe.mark(verdict.marker)
    folder.write_marker(verdict.marker)
