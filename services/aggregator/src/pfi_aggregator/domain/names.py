"""Which texts may become a part of a path, or name bytes."""

import re

from pfi_common.errors import InvalidRequestError

_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


def check_name(field: str, value: str) -> str:
    """Gives back a name that is safe as one part of a path: no separator, no leading dot.

    Raises:
        InvalidRequestError: it is empty, too long, or holds another character.
    """
    if not _PART.fullmatch(value):
        message = f"{field} must be 1 to 128 letters, digits, dots, dashes or underscores."
        raise InvalidRequestError(message, field=field)
    return value


def check_digest(field: str, value: str) -> str:
    """Gives back a SHA-256 in its one written form.

    Raises:
        InvalidRequestError: it is not 64 lower-case hexadecimal digits.
    """
    if not _DIGEST.fullmatch(value):
        message = f"{field} must be 64 lower-case hexadecimal digits."
        raise InvalidRequestError(message, field=field)
    return value
