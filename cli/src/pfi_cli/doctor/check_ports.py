"""Ports of the local federation: free, or held by its own processes."""

from collections.abc import Iterator

from pfi_cli.doctor.findings import Finding, ok, problem, skipped
from pfi_cli.doctor.listeners import answers, holds_port
from pfi_cli.doctor.scene import Scene
from pfi_cli.local.federation_file import FederationFile

NAME = "port"
_COORDINATORS = frozenset({"enrolment", "session", "admin"})


def check_ports(scene: Scene) -> Iterator[Finding]:
    """Looks at every port that the federation has chosen."""
    federation = scene.federation
    if federation is None or not federation.endpoints:
        yield skipped(
            NAME, "", f"no federation in {scene.layout.root}", "`pfi up` chooses free ports."
        )
        return
    for name, address in sorted(federation.endpoints.items()):
        yield _port(federation, _of_service(name), address)


def _port(federation: FederationFile, name: str, address: str) -> Finding:
    alive = [each.pid for each in federation.processes.values() if each.record.alive]
    listening = answers(address)
    if not listening and federation.anything_runs:
        return problem(
            NAME,
            name,
            f"{address}: the federation runs, and nothing listens",
            "See the logs below the state folder; `pfi down` and `pfi up` start it again.",
        )
    if not listening:
        return ok(NAME, name, f"{address}: free, the federation is stopped")
    ours = holds_port(alive, int(address.rpartition(":")[2]))
    if ours is None:
        return ok(NAME, name, f"{address}: something listens; this system does not say what")
    if ours:
        return ok(NAME, name, f"{address}: the federation listens")
    return problem(
        NAME,
        name,
        f"{address}: taken by a process that is not the federation's",
        'Stop that process, or remove the entry below "endpoints" in federation.json while the '
        "federation is stopped; agents that know the port enrol again.",
    )


def _of_service(endpoint: str) -> str:
    """Names a port after the service that listens there, as `pfi up` calls it."""
    service, _, port = endpoint.partition("_")
    return f"coordinator {service}" if service in _COORDINATORS else f"{service} {port}".strip()
