"""Whose index a call works on: told by the caller's certificate, here and nowhere else.

`partition_of` is the one function that names an index. The folder of an embedded store and the
tenant of a shared one both come from it, so that no other input of a call can choose either.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from pfi_common.errors import PermissionDeniedError
from pfi_common.identity import Identity

TENANT_FIELD = "tenant"
"""Payload field that names the owner of a point in a shared store."""


class Caller(Protocol):
    """What is read from the certificate of a connection."""

    @property
    def identity(self) -> Identity:
        """The name in the certificate."""
        ...

    @property
    def key_sha256(self) -> str:
        """SHA-256 of the certificate's public key, 64 hexadecimal digits."""
        ...


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owns an index.

    Attributes:
        federation: The federation that names the client.
        client: Client id.
        key_sha256: SHA-256 of the client's public key; an index stays with the key that made it.
    """

    federation: str
    client: str
    key_sha256: str

    @property
    def uri(self) -> str:
        """The SPIFFE id, as it stands in the certificate."""
        return Identity(self.federation, "client", self.client).uri


@dataclass(frozen=True, slots=True)
class TenantFilter:
    """What every call to a shared store is narrowed to.

    Attributes:
        value: The owner's value of `TENANT_FIELD`.
    """

    value: str


def owner_of(caller: Caller) -> Owner:
    """Gives the owner that a certificate names.

    Raises:
        PermissionDeniedError: The caller is not a client.
    """
    if caller.identity.role != "client":
        raise PermissionDeniedError("only clients have a document index")
    return Owner(caller.identity.federation, caller.identity.name, caller.key_sha256)


def partition_of(owner: Owner) -> str:
    """Names the owner's part of any store: SHA-256 of the SPIFFE id, 64 hexadecimal digits."""
    return hashlib.sha256(owner.uri.encode()).hexdigest()


def index_location(root: Path, owner: Owner) -> Path:
    """Gives the folder of the owner's index below `root`."""
    return root / partition_of(owner)


def tenant_filter(owner: Owner) -> TenantFilter:
    """Gives what every call for this owner to a shared store is narrowed to."""
    return TenantFilter(partition_of(owner))
