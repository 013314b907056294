"""Where artifacts lie: `<kind>/<first two digits>/<digest>`, and pointers under their own names."""

from __future__ import annotations

import re

from pfi_common.errors import ArtifactUnknownError, InvalidRequestError

KINDS = frozenset(
    {"adapters", "forms", "schemas", "lineages", "optimizer-states", "partials"}
    | {"exports", "reports"}
)
STAGING = ".staging"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SEGMENT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.\-]{0,127}")


def object_path(kind: str, digest: str) -> str:
    """Gives the path of an artifact.

    Raises:
        ArtifactUnknownError: the digest is not one, so no artifact can have it.
        ValueError: there is no such kind.
    """
    if kind not in KINDS:
        message = f"artifact kind {kind!r} is none of {', '.join(sorted(KINDS))}"
        raise ValueError(message)
    if _DIGEST.fullmatch(digest) is None:
        message = "A digest is 64 lower-case hexadecimal digits."
        raise ArtifactUnknownError(message, kind=kind)
    return f"{kind}/{digest[:2]}/{digest}"


def pointer_path(path: str) -> str:
    """Checks the name of a pointer, or the folder of pointers, and gives it back.

    Raises:
        InvalidRequestError: a segment is empty, hidden, too long, or leads elsewhere.
    """
    if not all(_SEGMENT.fullmatch(segment) for segment in path.split("/")):
        message = "A name consists of segments of letters, digits, `_`, `-` and `.`."
        raise InvalidRequestError(message)
    return path
