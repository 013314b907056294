"""How many connections a service on this machine may hold."""

import resource
from collections.abc import Iterator

from pfi_cli.doctor.findings import Finding, ok, warning
from pfi_cli.doctor.scene import Scene
from pfi_common.open_files import FEW_OPEN_FILES

NAME = "files"


def check_open_files(_scene: Scene) -> Iterator[Finding]:
    """Looks at the most that services, which raise their own limit, are granted."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:
        yield ok(NAME, "limit", "no limit")
        return
    found = f"{most:,} at most"
    if most < FEW_OPEN_FILES:
        step = "Raise the hard limit (ulimit -Hn, LimitNOFILE=) for more than some thousand agents."
        yield warning(NAME, "limit", found, step)
        return
    yield ok(NAME, "limit", found)
