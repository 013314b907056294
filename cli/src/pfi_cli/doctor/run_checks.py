"""Runs checks side by side, each within a time."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from pfi_cli.doctor.findings import Finding, problem
from pfi_cli.doctor.scene import Scene

LIMIT_SECONDS = 2.0
GRACE_SECONDS = 1.0
"""Checks limit each wait of theirs; this is for the rest, such as a folder that does not answer."""

Look = Callable[[Scene], Iterable[Finding]]


@dataclass(frozen=True)
class Check:
    """A check and how long it may take.

    Attributes:
        name: As in its findings.
        look: The check itself.
        limit_seconds: How long it may take.
    """

    name: str
    look: Look
    limit_seconds: float = LIMIT_SECONDS


@dataclass
class _Running:
    check: Check
    scene: Scene
    found: list[Finding] = field(default_factory=list)
    done: bool = False

    def run(self) -> None:
        self.found = list(self.check.look(self.scene))
        self.done = True


def run_checks(checks: Sequence[Check], scene: Scene) -> list[Finding]:
    """Gives what all checks found, in their order; one that does not end in time is a problem."""
    started = time.monotonic()
    work = [_Running(check, scene) for check in checks]
    # Daemons: a check that hangs must not keep the command from ending.
    threads = [threading.Thread(target=each.run, daemon=True) for each in work]
    for thread in threads:
        thread.start()
    findings: list[Finding] = []
    for each, thread in zip(work, threads, strict=True):
        limit = each.check.limit_seconds + GRACE_SECONDS
        thread.join(max(0.0, started + limit - time.monotonic()))
        findings += each.found if each.done else [_unfinished(each.check, thread)]
    return findings


def _unfinished(check: Check, thread: threading.Thread) -> Finding:
    if thread.is_alive():
        found = f"no answer within {check.limit_seconds:.0f} s"
        return problem(check.name, "", found, "See what holds it up: a network, or a disk.")
    return problem(check.name, "", "the check itself failed, see above", "Report it as a bug.")
