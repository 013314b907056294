"""Signed statements: tickets, receipts and lineages that anyone can verify offline.

The signature (Ed25519) covers the full name of the message type, a zero byte, and the serialised
message; so a statement of one kind can never be taken for another.
"""

import threading
from collections import OrderedDict
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import Encoding
from google.protobuf.message import DecodeError, Message

from pfi.common.v1.signed_pb2 import SignedStatement
from pfi_common.clock import Clock
from pfi_common.errors import IdentityInvalidError, SignatureInvalidError
from pfi_common.identity.certificates import DOCUMENT_SIGNING, identity_of, is_issued_by
from pfi_common.identity.member import Identity

M = TypeVar("M", bound=Message)

_CACHED_CERTIFICATES = 64
_MAXIMUM_CERTIFICATE_BYTES = 4096


class StatementSigner:
    """Signs statements with a service's certified key.

    Attributes:
        certificate: Goes with every statement.
    """

    def __init__(self, key: Ed25519PrivateKey, certificate: x509.Certificate) -> None:
        self._key = key
        self.certificate = certificate
        self._certificate_der = certificate.public_bytes(Encoding.DER)

    def sign(self, message: Message) -> SignedStatement:
        """Signs a message. The same message gives the same bytes."""
        payload = message.SerializeToString(deterministic=True)
        return SignedStatement(
            payload=payload,
            signature=self._key.sign(_signed_bytes(type(message), payload)),
            signing_certificate=self._certificate_der,
        )


class StatementVerifier:
    """Verifies statements with the certificate of the federation's authority alone.

    Threads may verify beside each other.
    """

    def __init__(
        self, authority_certificate: x509.Certificate, federation: str, clock: Clock
    ) -> None:
        self._authority = authority_certificate
        self._federation = federation
        self._clock = clock
        self._caching = threading.Lock()
        self._certified: OrderedDict[bytes, x509.Certificate] = OrderedDict()

    def verify(self, statement: SignedStatement, message_type: type[M], *, signer: str) -> M:
        """Checks who signed the statement, when and what, and gives the message.

        Args:
            statement: As received.
            message_type: What the statement has to be about.
            signer: Service that has to have signed it, for instance `coordinator`.

        Raises:
            SignatureInvalidError: It does not verify, or is not from that signer.
        """
        certificate = self._certificate(statement.signing_certificate)
        self._check_time(certificate, self._clock.now())
        if identity_of(certificate) != Identity(self._federation, "signer", signer):
            raise SignatureInvalidError(f"the statement is not signed by {signer}")
        _check_signature(certificate, statement, message_type)
        try:
            return message_type.FromString(statement.payload)
        except DecodeError:
            raise SignatureInvalidError("the statement's payload cannot be read") from None

    def _certificate(self, der: bytes) -> x509.Certificate:
        """Gives the certificate after checking, once, that the authority issued it for signing."""
        with self._caching:
            known = self._certified.get(der)
        if known is None:
            known = _certified(der, self._authority)
            with self._caching:
                self._certified[der] = known
                if len(self._certified) > _CACHED_CERTIFICATES:
                    self._certified.popitem(last=False)
        return known

    @staticmethod
    def _check_time(certificate: x509.Certificate, now: datetime) -> None:
        if now < certificate.not_valid_before_utc:
            raise SignatureInvalidError("the signing certificate is not valid yet")
        if now > certificate.not_valid_after_utc:
            raise SignatureInvalidError("the signing certificate has expired")


def _certified(der: bytes, authority: x509.Certificate) -> x509.Certificate:
    certificate = _parse(der)
    if not is_issued_by(certificate, authority):
        raise SignatureInvalidError("the signing certificate is of another authority")
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        identity_of(certificate)
    except (x509.ExtensionNotFound, IdentityInvalidError):
        raise SignatureInvalidError("the signing certificate names no signer") from None
    if DOCUMENT_SIGNING not in purposes:
        raise SignatureInvalidError("the certificate is not one for signing")
    return certificate


def _parse(der: bytes) -> x509.Certificate:
    if len(der) > _MAXIMUM_CERTIFICATE_BYTES:
        raise SignatureInvalidError("the signing certificate is too long")
    try:
        return x509.load_der_x509_certificate(der)
    except (ValueError, x509.InvalidVersion):
        raise SignatureInvalidError("the signing certificate cannot be read") from None


def _check_signature(
    certificate: x509.Certificate, statement: SignedStatement, message_type: type[Message]
) -> None:
    try:
        key = certificate.public_key()
        if not isinstance(key, Ed25519PublicKey):
            raise SignatureInvalidError("the signing key is not Ed25519")
        key.verify(statement.signature, _signed_bytes(message_type, statement.payload))
    except (InvalidSignature, UnsupportedAlgorithm):
        raise SignatureInvalidError("the signature does not verify") from None


def _signed_bytes(message_type: type[Message], payload: bytes) -> bytes:
    return message_type.DESCRIPTOR.full_name.encode() + b"\0" + payload
