"""Clients that enrol as others do, except that nobody calls: the use case runs in this process."""

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from pfi.coordinator.v1 import session_service_pb2 as session
from pfi_common.clock import SystemClock
from pfi_common.identity import (
    Identity,
    LocalIdentity,
    create_certificate_request,
    generate_key,
    key_to_pem,
)
from pfi_coordinator.adapters.state_folder import StateFolder
from pfi_coordinator.application.certify_client import CertifyClient
from pfi_coordinator.application.create_token import MAXIMUM_TOKENS, CreateToken
from pfi_coordinator.application.enrol_client import EnrolClient
from pfi_coordinator.bootstrap.adapters import Adapters, build_adapters
from pfi_coordinator.bootstrap.store import check_store, opened_redis
from pfi_coordinator.settings import CoordinatorSettings

VERSION = "1.0.0"
LIFETIME = timedelta(days=1)
Members = list[dict[str, str]]


@dataclass(frozen=True)
class Member:
    """An enrolled client."""

    client: str
    identity: LocalIdentity


async def enrol(settings: CoordinatorSettings, count: int) -> Members:
    """Enrols clients and gives their keys and certificates, as `read_members` takes them."""
    clock = SystemClock()
    async with opened_redis(settings) as redis:
        adapters = build_adapters(settings, redis, clock)
        guard = await check_store(redis, StateFolder(settings.state), adapters.authority, clock)
        certify = CertifyClient(
            adapters.authority, adapters.registry, adapters.revocations, LIFETIME
        )
        enrolling = EnrolClient(adapters.tokens, certify, guard, clock)
        found = [await _enrol(enrolling, secret) for secret in await _tokens(adapters, count)]
        await adapters.aggregators.close()
    return [member | {"authority": adapters.identity.authority_pem.decode()} for member in found]


def read_members(file: Path, start: int, count: int) -> list[Member]:
    """Reads some of them."""
    found: Members = json.loads(file.read_text())
    return [
        Member(
            item["client"],
            LocalIdentity(
                Identity("bench", "client", item["client"]),
                item["key"].encode(),
                item["chain"].encode(),
                item["authority"].encode(),
            ),
        )
        for item in found[start : start + count]
    ]


def hello() -> session.SessionRequest:
    """What their agents say first."""
    return session.SessionRequest(
        hello=session.SessionHello(
            agent_version=VERSION,
            protocol_minimum=1,
            protocol_maximum=1,
            upload_encodings=["fp32", "int8_block"],
            training_rows=100,
            ready=True,
        )
    )


async def _tokens(adapters: Adapters, count: int) -> list[str]:
    create = CreateToken(adapters.tokens, SystemClock(), "", adapters.authority.fingerprint)
    secrets: list[str] = []
    while len(secrets) < count:
        asked = min(count - len(secrets), MAXIMUM_TOKENS)
        secrets += [token.secret for token in (await create(LIFETIME, "", asked)).tokens]
    return secrets


async def _enrol(enrolling: EnrolClient, secret: str) -> dict[str, str]:
    key = generate_key()
    issued = await enrolling(
        secret, create_certificate_request(key), agent_version=VERSION, display_name=""
    )
    return {
        "client": issued.client,
        "key": key_to_pem(key).decode(),
        "chain": issued.chain_pem.decode(),
    }
