"""Encodings of updates that an agent can write, and how people name some of them."""

from pfi_common.spec import ENCODINGS

UPLOAD_ENCODINGS = tuple(ENCODINGS)
"""All of them, the one that loses most first."""


class UploadEncodingsInvalidError(ValueError):
    """A list of encodings cannot be read."""


def parse_upload_encodings(text: str) -> tuple[str, ...]:
    """Read names, separated by commas, as `fp32,bf16`.

    Raises:
        UploadEncodingsInvalidError: A name is unknown, or there is none.
    """
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    unknown = [name for name in names if name not in ENCODINGS]
    if unknown or not names:
        found = f"{', '.join(unknown)} is none of them" if unknown else "none is given"
        raise UploadEncodingsInvalidError(
            f"name one or more of {', '.join(UPLOAD_ENCODINGS)}; {found}"
        )
    return names
