"""Who this agent is, kept valid, and where the federation is reached."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from pfi.coordinator.v1.session_service_pb2 import SessionWelcome
from pfi_client_agent.adapters.coordinator_link import OpenChannel, renew, renew_expired
from pfi_client_agent.adapters.endpoints_file import load_endpoints, save_endpoints
from pfi_client_agent.adapters.state_folder import StateFolder
from pfi_client_agent.application.observer import Observer
from pfi_client_agent.application.wire_endpoints import endpoints_of
from pfi_client_agent.domain.federation import Endpoints, next_replica, replicas
from pfi_common.clock import Clock
from pfi_common.errors import (
    IdentityInvalidError,
    NotEnrolledError,
    PlatformError,
    ServiceUnavailableError,
)
from pfi_common.identity import (
    LocalIdentity,
    StatementVerifier,
    identity_of,
    load_identity,
    save_identity,
)
from pfi_common.identity.certificates import is_issued_by

_RENEWAL_CONTEXT = b"pfi.renewal.v1\x00"
_RETRY = timedelta(minutes=1)


class Membership:
    """This agent's identity and the federation's addresses, on disk and current.

    Args:
        folder: Where they are kept.
        clock: Tells when to renew.
        open_channel: Opens channels to members.
        observer: Is told of renewals.

    Attributes:
        identity: The identity; it is replaced when its certificate is renewed.
        endpoints: The addresses.
        coordinator: Address of the replica of the coordinator to talk to.
        verifier: Verifies what services sign.

    Raises:
        NotEnrolledError: The state folder holds no complete identity.
    """

    def __init__(
        self, folder: StateFolder, clock: Clock, open_channel: OpenChannel, observer: Observer
    ) -> None:
        self._folder = folder
        self._clock = clock
        self.open_channel = open_channel
        self._observer = observer
        self.identity = load_identity(folder.identity)
        self.endpoints = load_endpoints(folder.endpoints)
        federation = self.identity.identity.federation
        self.verifier = StatementVerifier(self.identity.authority_certificate, federation, clock)
        self.coordinator = next_replica(self.endpoints, self.client, "")
        self._renew_from = self._halfway()
        # A session and a transfer may find at the same time that it is due.
        self._renewing = asyncio.Lock()

    @property
    def client(self) -> str:
        """Client id, from the certificate."""
        return self.identity.identity.name

    @property
    def expired(self) -> bool:
        """True when the certificate is no longer valid."""
        return self._clock.now() > self.identity.certificate.not_valid_after_utc

    @property
    def renewal_seconds(self) -> float:
        """How long until the certificate should be renewed; 0 when that is due."""
        return max(0.0, (self._renew_from - self._clock.now()).total_seconds())

    def aggregator(self, spool: str) -> str:
        """Give the address of a spool's aggregator.

        Raises:
            ServiceUnavailableError: None is known (yet).
        """
        address = self.endpoints.aggregators.get(spool)
        if address is None:
            raise ServiceUnavailableError(f"no aggregator is known for the spool {spool}")
        return address

    def try_another_coordinator(self) -> None:
        """Talk to the next replica from now on: this one did not answer."""
        self.coordinator = next_replica(self.endpoints, self.client, self.coordinator)

    def learn(self, welcome: SessionWelcome) -> None:
        """Take over addresses that the coordinator sent.

        A replica that began a moment ago may not know of all others yet: a welcome only adds.
        """
        known = self.endpoints
        learnt = replace(
            known,
            aggregators=dict(welcome.aggregators),
            coordinators=tuple(sorted({*known.coordinators, *welcome.coordinators})),
            enrolments=tuple(sorted({*known.enrolments, *welcome.enrolments})),
        )
        self._learn(learnt)

    async def ensure_valid(self) -> None:
        """Renew the certificate when half of its lifetime is over; does nothing before.

        Raises:
            PlatformError: The certificate has expired and cannot be renewed, or the coordinator
                refuses for good.
        """
        async with self._renewing:
            if self.renewal_seconds <= 0:
                await self._renew_or_wait()

    async def _renew_or_wait(self) -> None:
        try:
            await self._renew()
        except PlatformError as error:
            if self.expired or not error.retryable:
                raise
            self.try_another_coordinator()
            self._renew_from = self._clock.now() + _RETRY
            self._observer.renewal_failed(error)

    async def _renew(self) -> None:
        if self.expired:
            await self._renew_expired()
            return
        response = await renew(self.coordinator, self.identity, self.open_channel)
        self._replace(response.certificate.certificate_chain_pem)
        self._learn(endpoints_of(self.endpoints.enrolment, response.endpoints))
        if self.coordinator not in replicas(self.endpoints):
            self.try_another_coordinator()

    async def _renew_expired(self) -> None:
        """Ask every replica in turn: the first one that answers decides."""
        addresses = list(dict.fromkeys((self.endpoints.enrolment, *self.endpoints.enrolments)))
        for address in addresses:
            try:
                issued = await renew_expired(address, self.identity, self._sign)
            except ServiceUnavailableError:
                if address == addresses[-1]:
                    raise
            else:
                self._replace(issued.certificate_chain_pem)
                return

    def _replace(self, certificate_chain_pem: bytes) -> None:
        self.identity = _renewed(self.identity, certificate_chain_pem)
        save_identity(
            self._folder.identity,
            key_pem=self.identity.key_pem,
            certificate_chain_pem=certificate_chain_pem,
            authority_pem=self.identity.authority_pem,
        )
        self._renew_from = self._halfway()
        self._observer.certificate_renewed(self.identity.certificate.not_valid_after_utc)

    def _learn(self, endpoints: Endpoints) -> None:
        if endpoints != self.endpoints:
            save_endpoints(self._folder.endpoints, endpoints)
            self.endpoints = endpoints

    def _halfway(self) -> datetime:
        certificate = self.identity.certificate
        lifetime = certificate.not_valid_after_utc - certificate.not_valid_before_utc
        return certificate.not_valid_before_utc + lifetime / 2

    def _sign(self, nonce: bytes) -> bytes:
        key = load_pem_private_key(self.identity.key_pem, password=None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise NotEnrolledError("the identity's key is not an ECDSA key")
        return key.sign(_RENEWAL_CONTEXT + nonce, ec.ECDSA(SHA256()))


def _renewed(identity: LocalIdentity, certificate_chain_pem: bytes) -> LocalIdentity:
    """Give the identity with another certificate, which must be over the same name and key."""
    renewed = replace(identity, certificate_chain_pem=certificate_chain_pem)
    try:
        fits = (
            identity_of(renewed.certificate) == identity.identity
            and renewed.key_sha256 == identity.key_sha256
            and is_issued_by(renewed.certificate, identity.authority_certificate)
        )
    except ValueError:
        fits = False
    if not fits:
        raise IdentityInvalidError("the coordinator answered with a certificate of someone else")
    return renewed
