"""Renews a certificate that has expired, for a client that proves its key."""

import secrets

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from pfi_common.clock import Clock
from pfi_common.errors import IdentityInvalidError, RenewalRefusedError
from pfi_common.identity import CertificateAuthority, identity_of, key_sha256
from pfi_coordinator.application.certify_client import ClientCertificate
from pfi_coordinator.application.ports.challenge_store import ChallengeStore
from pfi_coordinator.application.renew_certificate import RenewCertificate
from pfi_coordinator.domain.enrolment import RENEWAL_CONTEXT, RENEWAL_WINDOW

_NONCE_BYTES = 32
_MAXIMUM_CERTIFICATE_BYTES = 8192


class RenewExpiredCertificate:
    """Issues challenges, and renews for those who answer them."""

    def __init__(
        self,
        authority: CertificateAuthority,
        challenges: ChallengeStore,
        renew: RenewCertificate,
        clock: Clock,
    ) -> None:
        self._authority = authority
        self._challenges = challenges
        self._renew = renew
        self._clock = clock

    async def create_challenge(self) -> bytes:
        """Gives a fresh nonce, good for one use within 60 seconds."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        await self._challenges.put(nonce)
        return nonce

    async def __call__(
        self, certificate_pem: bytes, nonce: bytes, signature: bytes
    ) -> ClientCertificate:
        """Renews a certificate that ended at most 30 days ago.

        Raises:
            RenewalRefusedError: The challenge failed, or the certificate ended too long ago.
            IdentityInvalidError: The certificate names no client of this federation.
            ClientUnknownError: The client is not registered.
            ClientRevokedError: It is revoked.
        """
        certificate = self._read(certificate_pem)
        if len(nonce) != _NONCE_BYTES or not await self._challenges.take(nonce):
            raise RenewalRefusedError(
                "the challenge is unknown, used or too old: ask for a new one"
            )
        key = _verify_signature(certificate, nonce, signature)
        if self._clock.now() - certificate.not_valid_after_utc > RENEWAL_WINDOW:
            raise RenewalRefusedError(
                f"the certificate ended more than {RENEWAL_WINDOW.days} days ago: enrol again"
            )
        identity = identity_of(certificate)
        if identity.role != "client" or identity.federation != self._authority.federation:
            raise IdentityInvalidError("the certificate is not a client's of this federation")
        return await self._renew(identity.name, key_sha256(key))

    def _read(self, pem: bytes) -> x509.Certificate:
        if len(pem) > _MAXIMUM_CERTIFICATE_BYTES:
            raise IdentityInvalidError("the certificate is too long")
        try:
            certificate = x509.load_pem_x509_certificate(pem)
            certificate.verify_directly_issued_by(self._authority.certificate)
        except (ValueError, TypeError, x509.InvalidVersion, InvalidSignature):
            raise IdentityInvalidError("the certificate is not of this federation") from None
        return certificate


def _verify_signature(
    certificate: x509.Certificate, nonce: bytes, signature: bytes
) -> ec.EllipticCurvePublicKey:
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey):
        raise IdentityInvalidError("the certificate's key is not ECDSA")
    try:
        key.verify(signature, RENEWAL_CONTEXT + nonce, ec.ECDSA(SHA256()))
    except InvalidSignature:
        raise RenewalRefusedError(
            "the challenge was not signed with the certificate's key"
        ) from None
    return key
