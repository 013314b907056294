"""Join tokens in Redis."""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import cast

from pfi_common.errors import (
    ClientRevokedError,
    PlatformError,
    TokenExpiredError,
    TokenInvalidError,
    TokenUsedError,
)
from pfi_common.identity.redis_revocations import KEY as REVOKED
from pfi_coordinator.adapters.redis import keys
from pfi_coordinator.adapters.redis.connection import RedisClient, fields, store_errors, text
from pfi_coordinator.adapters.redis.scripts import Argument, Script
from pfi_coordinator.domain.enrolment import EXPIRED_TOKEN_KEPT, REPEAT_WINDOW
from pfi_coordinator.domain.members import Client

_REFUSALS: dict[str, type[PlatformError]] = {
    "INVALID": TokenInvalidError,
    "USED": TokenUsedError,
    "EXPIRED": TokenExpiredError,
    "REVOKED": ClientRevokedError,
}


class RedisTokenStore:
    """`pfi_coordinator.application.ports.token_store.TokenStore` on Redis."""

    def __init__(self, redis: RedisClient) -> None:
        self._redis = redis
        self._redeem = Script(redis, "redeem_token")

    async def create(self, secrets_sha256: Sequence[str], label: str, expires_at: datetime) -> None:
        """See TokenStore.create."""
        forgotten_at = expires_at + EXPIRED_TOKEN_KEPT
        columns = fields({"label": label, "expires_at": expires_at.timestamp()})
        async with store_errors(), self._redis.pipeline(transaction=True) as pipeline:
            for key in map(keys.token, secrets_sha256):
                pipeline.hset(key, mapping=columns)
                pipeline.expireat(key, int(forgotten_at.timestamp()))
            await pipeline.execute()

    async def redeem(self, secret_sha256: str, applicant: Client, now: datetime) -> str:
        """See TokenStore.redeem."""
        touched = [
            keys.token(secret_sha256),
            keys.client_of_key(applicant.key_sha256),
            keys.client(applicant.client),
            keys.CLIENTS,
            REVOKED,
        ]
        arguments: list[Argument] = [now.timestamp(), REPEAT_WINDOW.total_seconds()]
        arguments += [applicant.key_sha256, applicant.client, applicant.display_name]
        arguments += [base64.b64encode(applicant.public_key_der), applicant.agent_version]
        arguments.append(applicant.enrolled_at.isoformat())
        reply = cast("list[bytes]", await self._redeem(touched, arguments))
        outcome, client = text(reply[0]), text(reply[1])
        if outcome != "OK":
            raise _REFUSALS[outcome]
        return client
