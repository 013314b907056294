"""The container engine, which only a deployment in containers of your own needs."""

import shutil
from collections.abc import Iterator, Sequence

from pfi_cli.doctor.findings import Finding, ok, skipped, warning
from pfi_cli.doctor.programs import ask
from pfi_cli.doctor.scene import Scene

NAME = "containers"
ENGINES = ("docker", "podman")

_SECONDS = 0.9
_NEEDLESS = "this version needs none"
_COMPOSE: Sequence[Sequence[str]] = (("docker-compose",), ("podman-compose",))


def check_containers(_scene: Scene) -> Iterator[Finding]:
    """Looks for an engine that answers, and for compose."""
    engine = next((name for name in ENGINES if shutil.which(name)), None)
    if engine is None:
        yield skipped(
            NAME,
            "engine",
            f"no docker and no podman on the PATH; {_NEEDLESS}",
        )
        return
    answered, told = ask([engine, "info", "--format", "{{json .ServerVersion}}"], _SECONDS)
    if answered:
        yield ok(NAME, "engine", f"{engine} answers, version {told.strip(chr(34)) or 'unknown'}")
    else:
        step = f"Nothing, {_NEEDLESS}; for one of your own, start its daemon or join its group."
        yield warning(NAME, "engine", f"{engine} is installed and does not answer: {told}", step)
    yield _compose(engine)


def _compose(engine: str) -> Finding:
    standalone = [command for command in _COMPOSE if shutil.which(command[0])]
    for command in ((engine, "compose"), *standalone):
        answered, told = ask([*command, "version", "--short"], _SECONDS)
        if answered:
            return ok(NAME, "compose", f"{' '.join(command)} {told.splitlines()[0]}")
    step = f"Nothing, {_NEEDLESS}; for one of your own, install the engine's plugin."
    return warning(NAME, "compose", "no compose found", step)
