"""How many files and connections the process may hold."""

import resource
from contextlib import suppress

FEW_OPEN_FILES = 8_192
"""A service with less may refuse connections of a large federation."""


def raise_open_files() -> int:
    """Raises the process's limit of open files to the most that the system grants it.

    The usual 1024 is meant for programs that call `select`; each connection needs one, each upload
    two.

    Returns:
        The limit that holds from now on.
    """
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError):  # macOS calls its limit infinite and then grants less
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]
