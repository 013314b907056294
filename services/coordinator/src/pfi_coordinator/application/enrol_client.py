"""Trades a join token and a certificate request for an identity."""

import secrets

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pfi_common.clock import Clock
from pfi_common.errors import TokenInvalidError
from pfi_common.identity import key_sha256, verify_certificate_request
from pfi_coordinator.application.certify_client import CertifyClient, ClientCertificate
from pfi_coordinator.application.create_token import secret_sha256
from pfi_coordinator.application.guard_store import GuardStore
from pfi_coordinator.application.ports.token_store import TokenStore
from pfi_coordinator.domain.enrolment import check_agent_version, check_display_name
from pfi_coordinator.domain.members import Client

_MAXIMUM_SECRET_CHARACTERS = 256


class EnrolClient:
    """Enrols clients."""

    def __init__(
        self, tokens: TokenStore, certify: CertifyClient, guard: GuardStore, clock: Clock
    ) -> None:
        self._tokens = tokens
        self._certify = certify
        self._guard = guard
        self._clock = clock

    async def __call__(
        self, secret: str, request_der: bytes, *, agent_version: str, display_name: str
    ) -> ClientCertificate:
        """Enrols a client. The same token and key within 10 minutes give the same client.

        Raises:
            StoreUnsuitableError: The store has lost the registry.
            CertificateRequestInvalidError: The request is no proof of a P-256 key.
            InvalidRequestError: A name breaks its rule.
            TokenInvalidError: There is no such token.
            TokenExpiredError: It is too old.
            TokenUsedError: It is used up.
            ClientRevokedError: The key belongs to a revoked client, also one revoked since the
                token was used.
        """
        self._guard.require_intact()
        if not 0 < len(secret) <= _MAXIMUM_SECRET_CHARACTERS:
            raise TokenInvalidError
        key = verify_certificate_request(request_der)
        now = self._clock.now()
        applicant = Client(
            client=f"c-{secrets.token_hex(6)}",
            display_name=check_display_name(display_name),
            key_sha256=key_sha256(key),
            public_key_der=key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            enrolled_at=now,
            agent_version=check_agent_version(agent_version),
        )
        client = await self._tokens.redeem(secret_sha256(secret), applicant, now)
        return await self._certify(client, applicant.public_key_der)
