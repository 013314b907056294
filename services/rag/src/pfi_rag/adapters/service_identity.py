"""The service's own certificate.

It comes from an authority that lives in the state folder, in the client's trust domain: so whoever
runs the federation cannot pose as the index. A certificate that the federation issued
(`pfi-coordinator issue-service`) is used as it is.
"""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from pfi_common.clock import Clock
from pfi_common.errors import SettingsInvalidError
from pfi_common.identity import (
    CertificateAuthority,
    LocalIdentity,
    generate_key,
    key_to_pem,
    load_identity,
    save_identity,
)
from pfi_common.identity.authority_folder import federation_of

LOOPBACK = ("localhost", "127.0.0.1", "::1")
"""Names of this machine, which every certificate has."""

_AUTHORITY_NAME = "pfi-rag"
_SERVICE_NAME = "rag"
_LIFETIME = timedelta(days=730)


def ensure_identity(state: Path, hosts: Sequence[str], clock: Clock) -> LocalIdentity:
    """Gives the service's identity; makes it, or makes it anew, where that is due.

    Args:
        state: The state folder.
        hosts: DNS names and IP addresses that the certificate has to have.
        clock: Tells whether it expires soon.

    Raises:
        SettingsInvalidError: The certificate was issued by another authority and has expired.
        NotEnrolledError: The folder holds something damaged.
    """
    folder = state / "identity"
    if not (folder / "certificate.pem").exists():
        return _issue(state, hosts, clock)
    identity = load_identity(folder)
    if not _is_own(identity, state):
        if clock.now() > identity.expires_at:
            raise SettingsInvalidError(
                f"the certificate in {folder} has expired: issue it again, or remove the folder"
            )
        return identity
    known = _hosts(identity.certificate)
    if clock.now() + _LIFETIME / 2 > identity.expires_at or not set(hosts) <= set(known):
        return _issue(state, [*known, *hosts], clock)
    return identity


def read_federation_authority(path: Path) -> tuple[bytes, str]:
    """Reads the certificate of the federation's authority, and the federation's name.

    Raises:
        SettingsInvalidError: The file is missing, or no such certificate.
    """
    try:
        data = path.read_bytes()
        certificate = x509.load_pem_x509_certificate(data)
    except FileNotFoundError:
        raise SettingsInvalidError(
            f"{path} is missing: `pfi-rag init --federation-authority FILE` with the authority.pem "
            "of an enrolled agent (identity/authority.pem in its state folder)"
        ) from None
    except (ValueError, OSError, x509.InvalidVersion):
        raise SettingsInvalidError(f"{path} is not a certificate in PEM") from None
    return certificate.public_bytes(Encoding.PEM), federation_of(certificate)


def _issue(state: Path, hosts: Sequence[str], clock: Clock) -> LocalIdentity:
    authority = CertificateAuthority.create(_authority_folder(state), _AUTHORITY_NAME, clock)
    key = generate_key()
    names = list(dict.fromkeys((*LOOPBACK, *hosts)))
    certificate = authority.issue_service(key.public_key(), _SERVICE_NAME, names, _LIFETIME)
    save_identity(
        state / "identity",
        key_pem=key_to_pem(key),
        certificate_chain_pem=certificate.public_bytes(Encoding.PEM),
        authority_pem=authority.certificate_pem,
    )
    return load_identity(state / "identity")


def _authority_folder(state: Path) -> Path:
    return state / "own-authority"


def _is_own(identity: LocalIdentity, state: Path) -> bool:
    own = _authority_folder(state) / "authority.pem"
    return own.exists() and own.read_bytes() == identity.authority_pem


def _hosts(certificate: x509.Certificate) -> list[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = names.get_values_for_type(x509.IPAddress)
    return [*names.get_values_for_type(x509.DNSName), *map(str, addresses)]
