"""Identity: certificates, keys, signed statements, join tokens and revocation."""

from pfi_common.identity.authority import CertificateAuthority
from pfi_common.identity.certificates import fingerprint, identity_of
from pfi_common.identity.folder import (
    LocalIdentity,
    load_identity,
    load_signer,
    save_identity,
    save_signer,
)
from pfi_common.identity.keys import (
    generate_key,
    key_sha256,
    key_to_pem,
    load_key,
    load_or_create_key,
    save_key,
)
from pfi_common.identity.member import Identity, Role
from pfi_common.identity.requests import create_certificate_request, verify_certificate_request
from pfi_common.identity.revocation import RevocationList
from pfi_common.identity.signing import StatementSigner, StatementVerifier
from pfi_common.identity.tokens import JoinToken

__all__ = [
    "CertificateAuthority",
    "Identity",
    "JoinToken",
    "LocalIdentity",
    "RevocationList",
    "Role",
    "StatementSigner",
    "StatementVerifier",
    "create_certificate_request",
    "fingerprint",
    "generate_key",
    "identity_of",
    "key_sha256",
    "key_to_pem",
    "load_identity",
    "load_key",
    "load_or_create_key",
    "load_signer",
    "save_identity",
    "save_key",
    "save_signer",
    "verify_certificate_request",
]
