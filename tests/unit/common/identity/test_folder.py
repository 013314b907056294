import stat

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tests.support.certificates import DAY, FederationFixture

from pfi_common.errors import NotEnrolledError
from pfi_common.identity import (
    key_sha256,
    load_identity,
    load_signer,
    save_identity,
    save_key,
    save_signer,
)

FILES = ("key.pem", "certificate.pem", "authority.pem")


@pytest.fixture
def federation(tmp_path):
    return FederationFixture(tmp_path / "federation")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "identity"


def save(folder, identity):
    save_identity(
        folder,
        key_pem=identity.key_pem,
        certificate_chain_pem=identity.certificate_chain_pem,
        authority_pem=identity.authority_pem,
    )


def test_an_identity_is_read_as_it_was_saved(federation, folder):
    saved = federation.client("c-1")
    save(folder, saved)
    loaded = load_identity(folder)
    assert loaded == saved
    assert loaded.identity.uri == "spiffe://example/client/c-1"
    assert loaded.key_sha256 == key_sha256(saved.certificate.public_key())
    assert loaded.expires_at == saved.certificate.not_valid_after_utc
    assert loaded.authority_certificate == federation.authority.certificate


def test_the_key_is_its_owners_alone_and_never_printed(federation, folder):
    save(folder, federation.client())
    assert stat.S_IMODE((folder / "key.pem").stat().st_mode) == 0o600
    assert "PRIVATE" not in repr(load_identity(folder))


@pytest.mark.parametrize("missing", FILES)
def test_a_missing_file_is_named(federation, folder, missing):
    save(folder, federation.client())
    (folder / missing).unlink()
    with pytest.raises(NotEnrolledError, match=f"{missing} is missing"):
        load_identity(folder)


@pytest.mark.parametrize("damaged", FILES)
def test_a_damaged_file_is_named(federation, folder, damaged):
    save(folder, federation.client())
    (folder / damaged).write_text("cut off")
    with pytest.raises(NotEnrolledError, match=f"{damaged} is not a"):
        load_identity(folder)


def test_a_certificate_over_another_key_is_refused(federation, folder):
    save(folder, federation.client())
    (folder / "key.pem").write_bytes(federation.client().key_pem)
    with pytest.raises(NotEnrolledError, match=r"certificate\.pem .* is not over key\.pem"):
        load_identity(folder)


def test_a_certificate_of_another_authority_is_refused(federation, folder, tmp_path):
    save(folder, federation.client())
    other = FederationFixture(tmp_path / "other", "other")
    (folder / "authority.pem").write_bytes(other.authority.certificate_pem)
    with pytest.raises(NotEnrolledError, match=r"is not of authority\.pem"):
        load_identity(folder)


def test_the_authority_itself_is_no_member(federation, folder):
    save(folder, federation.client())
    authority_key = federation.authority._key
    save_key(folder / "key.pem", authority_key)
    (folder / "certificate.pem").write_bytes(federation.authority.certificate_pem)
    with pytest.raises(NotEnrolledError, match=r"certificate\.pem"):
        load_identity(folder)


def test_a_signer_is_read_as_it_was_saved(federation, folder):
    key = Ed25519PrivateKey.generate()
    certificate = federation.authority.issue_signer(key.public_key(), "coordinator", DAY)
    save_signer(folder, key, certificate)
    assert load_signer(folder).certificate == certificate
    assert stat.S_IMODE((folder / "signing_key.pem").stat().st_mode) == 0o600


@pytest.mark.parametrize("missing", ["signing_key.pem", "signing_certificate.pem"])
def test_a_missing_signer_is_named(federation, folder, missing):
    key = Ed25519PrivateKey.generate()
    certificate = federation.authority.issue_signer(key.public_key(), "coordinator", DAY)
    save_signer(folder, key, certificate)
    (folder / missing).unlink()
    with pytest.raises(NotEnrolledError, match=f"{missing} is missing"):
        load_signer(folder)


def test_a_signing_key_that_is_not_the_certificates_is_refused(federation, folder):
    key = Ed25519PrivateKey.generate()
    certificate = federation.authority.issue_signer(key.public_key(), "coordinator", DAY)
    save_signer(folder, Ed25519PrivateKey.generate(), certificate)
    with pytest.raises(NotEnrolledError, match="not over an Ed25519"):
        load_signer(folder)


def test_a_nonsensical_signing_key_is_named(federation, folder):
    key = Ed25519PrivateKey.generate()
    save_signer(
        folder, key, federation.authority.issue_signer(key.public_key(), "coordinator", DAY)
    )
    (folder / "signing_key.pem").write_text("nonsense")
    with pytest.raises(NotEnrolledError, match=r"signing_key\.pem is not"):
        load_signer(folder)
