"""Other wall times for programs that a test starts, by libfaketime."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import pytest

_LIBRARY = "vendor/libfaketime/src/libfaketime.so.1"


def shifted_clock(shift: str) -> Sequence[str]:
    """Words before a command that let it see a shifted wall time; monotonic time is as it is.

    The test is skipped where there is no library for this system.
    """
    found = find_spec("libfaketime")
    folder = Path() if found is None or found.origin is None else Path(found.origin).parent
    library = folder / _LIBRARY
    if not library.exists():
        pytest.skip("libfaketime is not installed, or not for this system")
    settings = {"LD_PRELOAD": library, "FAKETIME": shift, "FAKETIME_DONT_FAKE_MONOTONIC": 1}
    return ["/usr/bin/env", *(f"{name}={value}" for name, value in settings.items())]
