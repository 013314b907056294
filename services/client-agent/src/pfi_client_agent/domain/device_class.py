"""The class that a device names itself by; a run may give each class a rank of its own."""

import re

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")


class DeviceClassInvalidError(ValueError):
    """A name cannot be a device class."""


def parse_device_class(text: str) -> str:
    """Read the name of a device class.

    Raises:
        DeviceClassInvalidError: It is no such name.
    """
    if not _NAME.fullmatch(text):
        raise DeviceClassInvalidError(
            f"`{text}`: a name has 1 to 32 lower-case letters, digits, `_` or `-`"
        )
    return text


def parse_device_classes(text: str) -> tuple[str, ...]:
    """Read the classes that the clients of a fleet have in turn, separated by commas.

    Raises:
        DeviceClassInvalidError: One is no such name.
    """
    return tuple(parse_device_class(name.strip()) for name in text.split(","))
