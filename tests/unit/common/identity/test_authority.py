import ipaddress
import signal
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import ExtendedKeyUsageOID
from tests.support.clock import START, ManualClock

from pfi_common.clock import SystemClock
from pfi_common.errors import IdentityInvalidError, SettingsInvalidError
from pfi_common.identity import CertificateAuthority, fingerprint, generate_key, identity_of
from pfi_common.identity.certificates import DOCUMENT_SIGNING, is_issued_by

HOUR = timedelta(hours=1)


@pytest.fixture
def authority(tmp_path):
    return CertificateAuthority.create(tmp_path / "authority", "example", ManualClock())


def extension(certificate, kind):
    return certificate.extensions.get_extension_for_class(kind).value


def test_the_authority_signs_and_does_nothing_else(authority):
    certificate = authority.certificate
    assert isinstance(certificate.public_key().curve, SECP256R1)
    assert extension(certificate, x509.BasicConstraints) == x509.BasicConstraints(True, 0)
    assert extension(certificate, x509.KeyUsage).key_cert_sign
    assert not extension(certificate, x509.KeyUsage).digital_signature
    assert authority.federation == "example"
    assert authority.fingerprint == fingerprint(certificate)


def test_creating_again_gives_the_same_authority(authority, tmp_path):
    again = CertificateAuthority.create(tmp_path / "authority", "example", ManualClock())
    loaded = CertificateAuthority.load(tmp_path / "authority", ManualClock())
    assert again.fingerprint == loaded.fingerprint == authority.fingerprint


def test_an_empty_folder_is_used(tmp_path):
    (tmp_path / "authority").mkdir()
    CertificateAuthority.create(tmp_path / "authority", "example", ManualClock())
    assert [path.name for path in tmp_path.iterdir()] == ["authority"]


def test_the_key_is_its_owners_alone(authority, tmp_path):
    key = tmp_path / "authority" / "authority_key.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700


def test_the_folder_of_another_federation_is_refused(authority, tmp_path):
    with pytest.raises(SettingsInvalidError, match="authority of example, not of other"):
        CertificateAuthority.create(tmp_path / "authority", "other", ManualClock())


@pytest.mark.parametrize("missing", ["authority_key.pem", "authority.pem"])
def test_half_an_authority_does_not_start(authority, tmp_path, missing):
    (tmp_path / "authority" / missing).unlink()
    for start in (
        lambda folder: CertificateAuthority.load(folder, ManualClock()),
        lambda folder: CertificateAuthority.create(folder, "example", ManualClock()),
    ):
        with pytest.raises(SettingsInvalidError, match=f"{missing} is missing"):
            start(tmp_path / "authority")


def test_a_key_of_another_authority_does_not_start(authority, tmp_path):
    CertificateAuthority.create(tmp_path / "other", "example", ManualClock())
    (tmp_path / "other" / "authority_key.pem").replace(tmp_path / "authority" / "authority_key.pem")
    with pytest.raises(SettingsInvalidError, match="do not match"):
        CertificateAuthority.load(tmp_path / "authority", ManualClock())


def test_a_name_that_no_member_could_have_is_refused(tmp_path):
    with pytest.raises(IdentityInvalidError):
        CertificateAuthority.create(tmp_path / "authority", "Not A Name", ManualClock())
    assert list(tmp_path.iterdir()) == []


def test_concurrent_creation_makes_one_authority(tmp_path):
    def create(_):
        folder = tmp_path / "authority"
        return CertificateAuthority.create(folder, "example", SystemClock()).fingerprint

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(create, range(8)))) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["authority"]


KILLED = """
import os, signal, sys
from pathlib import Path
from pfi_common.clock import SystemClock
from pfi_common.identity import authority_folder
from pfi_common.identity import CertificateAuthority

steps = int(sys.argv[2])
def counted(function):
    def step(*arguments, **named):
        global steps
        if steps == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        steps -= 1
        return function(*arguments, **named)
    return step

authority_folder.write_new = counted(authority_folder.write_new)
authority_folder.sync_folder = counted(authority_folder.sync_folder)
authority_folder._rename = counted(authority_folder._rename)
CertificateAuthority.create(Path(sys.argv[1]), "example", SystemClock())
"""


@pytest.mark.parametrize("steps", range(5))
def test_a_kill_leaves_a_whole_authority_or_none(tmp_path, steps):
    folder = tmp_path / "authority"
    command = [sys.executable, "-c", KILLED, str(folder), str(steps)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    whole = steps == 4  # killed after the rename
    assert folder.exists() == whole
    if not whole:
        with pytest.raises(SettingsInvalidError, match="missing"):
            CertificateAuthority.load(folder, SystemClock())
    created = CertificateAuthority.create(folder, "example", SystemClock())
    assert CertificateAuthority.load(folder, SystemClock()).fingerprint == created.fingerprint


def test_a_client_is_no_server(authority):
    certificate = authority.issue_client(generate_key().public_key(), "c-1", HOUR)
    assert identity_of(certificate).uri == "spiffe://example/client/c-1"
    assert list(extension(certificate, x509.ExtendedKeyUsage)) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    assert not extension(certificate, x509.BasicConstraints).ca
    assert is_issued_by(certificate, authority.certificate)


def test_a_certificate_holds_from_a_minute_ago_for_its_lifetime(authority):
    certificate = authority.issue_client(generate_key().public_key(), "c-1", HOUR)
    assert certificate.not_valid_before_utc == START - timedelta(minutes=1)
    assert certificate.not_valid_after_utc == START + HOUR


def test_services_are_believed_by_clients_whose_clocks_are_a_day_behind(authority):
    certificate = authority.issue_service(
        generate_key().public_key(), "coordinator", ["localhost"], HOUR
    )
    for issued in (certificate, authority.certificate):
        assert issued.not_valid_before_utc == START - timedelta(days=1)
    assert certificate.not_valid_after_utc == START + HOUR


def test_no_certificate_outlives_the_authority(authority):
    certificate = authority.issue_client(
        generate_key().public_key(), "c-1", timedelta(days=365 * 20)
    )
    assert certificate.not_valid_after_utc == authority.certificate.not_valid_after_utc


def test_a_service_is_reached_by_names_and_addresses(authority):
    hosts = ("localhost", "127.0.0.1", "::1", "aggregator.example.org")
    certificate = authority.issue_service(
        generate_key().public_key(), "aggregator/spool-0", hosts, HOUR
    )
    names = extension(certificate, x509.SubjectAlternativeName)
    assert identity_of(certificate).name == "aggregator/spool-0"
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "aggregator.example.org"]
    assert names.get_values_for_type(x509.IPAddress) == [
        ipaddress.ip_address("127.0.0.1"),
        ipaddress.ip_address("::1"),
    ]
    assert set(extension(certificate, x509.ExtendedKeyUsage)) == {
        ExtendedKeyUsageOID.SERVER_AUTH,
        ExtendedKeyUsageOID.CLIENT_AUTH,
    }


def test_a_signer_only_signs_statements(authority):
    key = Ed25519PrivateKey.generate().public_key()
    certificate = authority.issue_signer(key, "coordinator", HOUR)
    assert identity_of(certificate).uri == "spiffe://example/signer/coordinator"
    assert list(extension(certificate, x509.ExtendedKeyUsage)) == [DOCUMENT_SIGNING]
    assert certificate.public_key() == key


@pytest.mark.parametrize("name", ["", "C-1", "c 1", "a/b/c", "c" * 64, "../c"])
def test_odd_client_names_are_refused(authority, name):
    with pytest.raises(IdentityInvalidError):
        authority.issue_client(generate_key().public_key(), name, HOUR)
