"""Where a certificate authority lives: two files that appear together or not at all.

Both are written into a folder beside the final one, which is then renamed: a kill between the two
files leaves nothing that starts.
"""

import errno
import secrets
import shutil
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from pfi_common.clock import Clock
from pfi_common.errors import NotEnrolledError, SettingsInvalidError
from pfi_common.identity.certificates import key_usage, spiffe_uris
from pfi_common.identity.files import PRIVATE, PUBLIC, sync_folder, write_new
from pfi_common.identity.keys import generate_key, key_to_pem, load_key
from pfi_common.identity.member import Identity

KEY_FILE = "authority_key.pem"
CERTIFICATE_FILE = "authority.pem"

_LIFETIME = timedelta(days=3650)
_BACKDATED = timedelta(days=1)
_SCHEME = "spiffe://"


def publish_authority(folder: Path, federation: str, clock: Clock) -> None:
    """Makes a new authority in `folder` unless something is there already."""
    if _occupied(folder):
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.with_name(f".{folder.name}.{secrets.token_hex(6)}")
    partial.mkdir(mode=0o700)
    try:
        _write(partial, federation, clock)
        _rename(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    sync_folder(folder.parent)


def read_authority(
    folder: Path, federation: str | None
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    """Reads key and certificate of the authority in `folder`.

    Raises:
        SettingsInvalidError: One is missing or damaged, they do not belong together, or they are
            another federation's.
    """
    certificate = _read_certificate(folder / CERTIFICATE_FILE)
    try:
        key = load_key(folder / KEY_FILE)
    except NotEnrolledError as error:
        raise SettingsInvalidError(f"no certificate authority: {error.message}") from None
    if key.public_key() != certificate.public_key():
        raise SettingsInvalidError(f"{KEY_FILE} and {CERTIFICATE_FILE} in {folder} do not match")
    found = federation_of(certificate)
    if federation not in (None, found):
        raise SettingsInvalidError(f"{folder} holds the authority of {found}, not of {federation}")
    return key, certificate


def federation_of(certificate: x509.Certificate) -> str:
    """Reads the federation's name from an authority's certificate.

    Raises:
        SettingsInvalidError: It is not the certificate of a federation's authority.
    """
    names = [uri.removeprefix(_SCHEME) for uri in spiffe_uris(certificate)]
    if len(names) != 1 or "/" in names[0]:
        raise SettingsInvalidError("the certificate is not a federation's authority")
    return names[0]


def _read_certificate(path: Path) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes())
    except FileNotFoundError:
        raise SettingsInvalidError(f"no certificate authority: {path} is missing") from None
    except (ValueError, x509.InvalidVersion):
        raise SettingsInvalidError(f"{path} is not a certificate in PEM") from None


def _occupied(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _rename(partial: Path, folder: Path) -> None:
    """Puts the folder in place; one that another process has put there first is kept."""
    try:
        partial.rename(folder)
    except OSError as error:
        if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
            raise


def _write(folder: Path, federation: str, clock: Clock) -> None:
    key = generate_key()
    certificate = _self_signed(key, federation, clock)
    write_new(folder / KEY_FILE, key_to_pem(key), PRIVATE)
    write_new(folder / CERTIFICATE_FILE, certificate.public_bytes(Encoding.PEM), PUBLIC)
    sync_folder(folder)


def _self_signed(
    key: ec.EllipticCurvePrivateKey, federation: str, clock: Clock
) -> x509.Certificate:
    Identity(federation, "service", "coordinator")  # refuses a name that no member could have
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, federation)])
    public, now = key.public_key(), clock.now()
    uri = x509.UniformResourceIdentifier(f"{_SCHEME}{federation}")
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(key_usage("key_cert_sign", "crl_sign"), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.SubjectAlternativeName([uri]), critical=False)
        .sign(key, SHA256())
    )
