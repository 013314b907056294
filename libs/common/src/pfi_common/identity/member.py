"""Who somebody is: the name in a certificate."""

import re
from dataclasses import dataclass
from typing import Literal, get_args

from pfi_common.errors import IdentityInvalidError

Role = Literal["client", "service", "signer"]
"""What a member is: a client, a service, or a service's signing key."""

_FEDERATION = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}(/[a-z0-9][a-z0-9._-]{0,62})?")
_SCHEME = "spiffe://"


@dataclass(frozen=True, slots=True)
class Identity:
    """A member of a federation.

    Attributes:
        federation: Name of the federation.
        role: What the member is.
        name: Client id, or service name: `coordinator`, `aggregator/<spool>`.

    Raises:
        IdentityInvalidError: A part breaks its rule.
    """

    federation: str
    role: Role
    name: str

    def __post_init__(self) -> None:
        """Refuses names that could be read as another identity."""
        valid = (
            _FEDERATION.fullmatch(self.federation)
            and self.role in get_args(Role)
            and _NAME.fullmatch(self.name)
        )
        if not valid:
            raise IdentityInvalidError("the name is not spiffe://<federation>/<role>/<name>")

    @property
    def uri(self) -> str:
        """The SPIFFE id, as it stands in the certificate."""
        return f"{_SCHEME}{self.federation}/{self.role}/{self.name}"

    @classmethod
    def parse(cls, uri: str) -> "Identity":
        """Reads a SPIFFE id.

        Raises:
            IdentityInvalidError: It is not `spiffe://<federation>/<role>/<name>`.
        """
        federation, _, path = uri.removeprefix(_SCHEME).partition("/")
        role, _, name = path.partition("/")
        if not uri.startswith(_SCHEME) or role not in get_args(Role):
            raise IdentityInvalidError("the name is not spiffe://<federation>/<role>/<name>")
        return cls(federation, _role(role), name)


def _role(text: str) -> Role:
    roles: dict[str, Role] = {role: role for role in get_args(Role)}
    return roles[text]
