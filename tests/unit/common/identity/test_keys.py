import hashlib
import stat

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pfi_common.errors import NotEnrolledError
from pfi_common.identity import (
    generate_key,
    key_sha256,
    key_to_pem,
    load_key,
    load_or_create_key,
    save_key,
)


def test_keys_are_p256():
    assert isinstance(generate_key().curve, ec.SECP256R1)


def test_the_hash_is_over_the_subject_public_key_info():
    public = generate_key().public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert key_sha256(public) == hashlib.sha256(der).hexdigest()


def test_a_saved_key_is_its_owners_alone(tmp_path):
    key, path = generate_key(), tmp_path / "key.pem"
    save_key(path, key)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_key(path).private_numbers() == key.private_numbers()
    assert [item.name for item in tmp_path.iterdir()] == ["key.pem"]


def test_saving_replaces_whatever_mode_was_there(tmp_path):
    path = tmp_path / "key.pem"
    path.write_text("old")
    path.chmod(0o644)
    save_key(path, generate_key())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_repeated_enrolment_finds_its_key(tmp_path):
    path = tmp_path / "identity" / "key.pem"
    first = load_or_create_key(path)
    assert load_or_create_key(path).private_numbers() == first.private_numbers()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a key",
        key_to_pem(ec.generate_private_key(ec.SECP384R1())),
        key_to_pem(Ed25519PrivateKey.generate()),
    ],
    ids=["empty", "nonsense", "P-384", "Ed25519"],
)
def test_other_keys_are_refused_by_name(tmp_path, content):
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    with pytest.raises(NotEnrolledError, match=r"key\.pem is not"):
        load_key(path)


def test_a_missing_key_is_named(tmp_path):
    with pytest.raises(NotEnrolledError, match=r"key\.pem is missing"):
        load_key(tmp_path / "key.pem")
