"""Makes the federation's authority and the identities of its services. Everything is idempotent."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from pfi_common.clock import Clock
from pfi_common.errors import InvalidRequestError, NotEnrolledError
from pfi_common.identity import (
    CertificateAuthority,
    LocalIdentity,
    key_to_pem,
    load_identity,
    load_or_create_key,
    load_signer,
    save_identity,
    save_signer,
)
from pfi_coordinator.adapters.state_folder import StateFolder

COORDINATOR = "coordinator"

_SERVICE_LIFETIME = timedelta(days=365)
_RENEW_BEFORE = timedelta(days=30)
_SIGNER_LIFETIME = timedelta(days=3650)
"""Statements are verified long after they were signed, with the certificate that they carry."""


def initialise(
    state: Path, federation: str, hosts: Sequence[str], clock: Clock
) -> CertificateAuthority:
    """Makes the authority and the coordinator's own identity, as far as they are missing.

    Raises:
        SettingsInvalidError: The folder holds another federation's authority.
        IdentityInvalidError: The federation's name is not a valid one.
    """
    folder = StateFolder(state)
    authority = CertificateAuthority.create(folder.authority, federation, clock)
    _issue(authority, COORDINATOR, folder.identity, hosts, clock)
    return authority


def issue_service(
    state: Path, service: str, out: Path, hosts: Sequence[str], clock: Clock
) -> LocalIdentity:
    """Writes a service's identity folder; one that is complete and not about to end is kept.

    Raises:
        SettingsInvalidError: There is no authority in the state folder.
        InvalidRequestError: The service's name is not `aggregator/<spool>`.
    """
    if not service.startswith("aggregator/"):
        raise InvalidRequestError("--service must be aggregator/<spool>, e.g. aggregator/spool-0")
    authority = CertificateAuthority.load(StateFolder(state).authority, clock)
    return _issue(authority, service, out, hosts, clock)


def _issue(
    authority: CertificateAuthority, service: str, out: Path, hosts: Sequence[str], clock: Clock
) -> LocalIdentity:
    if not _is_good(authority, service, out, hosts, clock):
        key = load_or_create_key(out / "key.pem")
        certificate = authority.issue_service(key.public_key(), service, hosts, _SERVICE_LIFETIME)
        save_identity(
            out,
            key_pem=key_to_pem(key),
            certificate_chain_pem=certificate.public_bytes(Encoding.PEM)
            + authority.certificate_pem,
            authority_pem=authority.certificate_pem,
        )
    if not _can_sign(out, clock):
        signing_key = Ed25519PrivateKey.generate()
        signing = authority.issue_signer(signing_key.public_key(), service, _SIGNER_LIFETIME)
        save_signer(out, signing_key, signing)
    return load_identity(out)


def _is_good(
    authority: CertificateAuthority, service: str, out: Path, hosts: Sequence[str], clock: Clock
) -> bool:
    """Whether the identity is complete, of this service and authority, for these hosts, and new."""
    try:
        known = load_identity(out)
    except NotEnrolledError:
        return False
    return (
        known.identity.name == service
        and known.authority_pem == authority.certificate_pem
        and set(hosts) <= _hosts(known.certificate)
        and known.certificate.not_valid_after_utc - clock.now() > _RENEW_BEFORE
    )


def _can_sign(out: Path, clock: Clock) -> bool:
    try:
        signer = load_signer(out)
    except NotEnrolledError:
        return False
    return signer.certificate.not_valid_after_utc - clock.now() > _RENEW_BEFORE


def _hosts(certificate: x509.Certificate) -> set[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = {str(address) for address in names.get_values_for_type(x509.IPAddress)}
    return addresses | set(names.get_values_for_type(x509.DNSName))
