"""The spool: who owns it, and what lies in it."""

from collections.abc import Iterator
from pathlib import Path

from pfi_cli.doctor.file_locks import lock_holder
from pfi_cli.doctor.findings import Finding, ok, problem, skipped, warning
from pfi_cli.doctor.scene import Scene

NAME = "spool"


def check_spool(scene: Scene) -> Iterator[Finding]:
    """Looks at the lock, at rounds that have not settled and at uploads that broke off."""
    spool = scene.layout.spool
    if not spool.is_dir():
        yield skipped(NAME, "", f"no spool in {scene.layout.root}")
        return
    yield _lock(scene, spool)
    yield _rounds(scene, spool)
    yield _uploads(spool)


def _lock(scene: Scene, spool: Path) -> Finding:
    try:
        holder = lock_holder(spool / ".lock")
    except FileNotFoundError:
        return skipped(NAME, "lock", "never locked, or this system lists no locks")
    federation = scene.federation
    known = {} if federation is None else federation.processes
    ours = {each.pid for each in known.values() if each.record.alive}
    if holder is None and scene.running:
        step = "See logs/aggregator.log in the state folder."
        return problem(NAME, "lock", "the federation runs, and nobody owns the spool", step)
    if holder is None:
        return ok(NAME, "lock", "free")
    if holder in ours:
        return ok(NAME, "lock", f"held by the aggregator (process {holder})")
    step = "Stop that process: one aggregator owns a spool."
    return problem(NAME, "lock", f"held by process {holder}, which is not this federation's", step)


def _rounds(scene: Scene, spool: Path) -> Finding:
    count = sum(1 for path in spool.glob("[!.]*/*/*/*/.plan") if path.is_file())
    if count == 0:
        return ok(NAME, "rounds", "none open")
    found = f"{count} not settled yet"
    if scene.running:
        return ok(NAME, "rounds", found)
    step = "Start the federation: it goes on with them, or settles them."
    return warning(NAME, "rounds", found, step)


def _uploads(spool: Path) -> Finding:
    count = sum(1 for _ in (spool / "incoming").glob("*.header"))
    found = f"{count} not complete" if count else "none under way"
    return ok(NAME, "uploads", found)
