"""Rules of joining and staying: windows of time, and names that people give."""

import re
from datetime import timedelta

from pfi_common.errors import InvalidRequestError

REPEAT_WINDOW = timedelta(minutes=10)
"""How long a used join token still answers the key that used it."""

EXPIRED_TOKEN_KEPT = timedelta(days=7)
"""How long an expired token is remembered, so that the answer is TOKEN_EXPIRED."""

RENEWAL_WINDOW = timedelta(days=30)
"""How long after its end a certificate may still be renewed with its key."""

CHALLENGE_LIFETIME = timedelta(seconds=60)
"""How long the nonce of a renewal is good."""

MAXIMUM_TOKEN_LIFETIME = timedelta(days=90)
"""Longest life of a join token."""

RENEWAL_CONTEXT = b"pfi.renewal.v1\x00"
"""What the signature of a renewal covers before the nonce."""

_DISPLAY_NAME = re.compile(r"[A-Za-z0-9._ -]{0,64}")
_MAXIMUM_VERSION = 64


def check_display_name(name: str) -> str:
    """Gives the name back when it may be shown to people.

    Raises:
        InvalidRequestError: It is too long or has other characters.
    """
    if not _DISPLAY_NAME.fullmatch(name):
        raise InvalidRequestError(
            "display_name: at most 64 of A-Z a-z 0-9 . _ - and space", field="display_name"
        )
    return name.strip()


def check_agent_version(version: str) -> str:
    """Gives the version back when it is short and printable.

    Raises:
        InvalidRequestError: It is not.
    """
    if len(version) > _MAXIMUM_VERSION or not version.isprintable():
        raise InvalidRequestError(
            f"agent_version: at most {_MAXIMUM_VERSION} printable characters", field="agent_version"
        )
    return version
