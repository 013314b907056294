"""The spool: who owns it, and what lies in it."""

from collections.abc import Iterator
from pathlib import Path

from pfi_cli.doctor.file_locks import lock_holder
from pfi_cli.doctor.findings import Finding, ok, problem, skipped, warning
from pfi_cli.doctor.scene import Scene
from pfi_cli.local.open_rounds import unsettled_rounds
from pfi_cli.local.scale import aggregator_of

NAME = "spool"


def check_spool(scene: Scene) -> Iterator[Finding]:
    """Looks at the lock, at rounds that have not settled and at uploads that broke off."""
    spools = scene.layout.spools()
    if not spools:
        yield skipped(NAME, "", f"no spool in {scene.layout.root}")
        return
    for name, spool in spools.items():
        of_spool = "" if len(spools) == 1 else f" of {name}"
        yield _lock(scene, name, spool, of_spool)
        yield _rounds(scene, spool, of_spool)
        yield _uploads(spool, of_spool)


def _lock(scene: Scene, name: str, spool: Path, of_spool: str) -> Finding:
    try:
        holder = lock_holder(spool / ".lock")
    except FileNotFoundError:
        return skipped(NAME, f"lock{of_spool}", "never locked, or this system lists no locks")
    federation = scene.federation
    known = {} if federation is None else federation.processes
    ours = {each.pid for each in known.values() if each.record.alive}
    owners = {} if federation is None else federation.scale.spools
    if holder is None and scene.running and name in owners:
        step = f"See logs/{owners[name]}.log in the state folder."
        return problem(
            NAME, f"lock{of_spool}", "the federation runs, and nobody owns the spool", step
        )
    if holder is None:
        return ok(NAME, f"lock{of_spool}", "free")
    if holder in ours:
        return ok(NAME, f"lock{of_spool}", f"held by {aggregator_of(name)} (process {holder})")
    step = "Stop that process: one aggregator owns a spool."
    return problem(
        NAME, f"lock{of_spool}", f"held by process {holder}, which is not this federation's", step
    )


def _rounds(scene: Scene, spool: Path, of_spool: str) -> Finding:
    count = unsettled_rounds(spool)
    if count == 0:
        return ok(NAME, f"rounds{of_spool}", "none open")
    found = f"{count} not settled yet"
    if scene.running:
        return ok(NAME, f"rounds{of_spool}", found)
    step = "Start the federation: it goes on with them, or settles them."
    return warning(NAME, f"rounds{of_spool}", found, step)


def _uploads(spool: Path, of_spool: str) -> Finding:
    count = sum(1 for _ in (spool / "incoming").glob("*.header"))
    found = f"{count} not complete" if count else "none under way"
    return ok(NAME, f"uploads{of_spool}", found)
