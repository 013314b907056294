"""The two kinds of spool that the contract suites run on."""

import errno
from dataclasses import dataclass
from pathlib import Path

from tests.support.aggregator.builders import Upload, make_record, with_ticket
from tests.support.aggregator.incoming import InMemoryIncoming
from tests.support.aggregator.rounds import InMemoryRounds

from pfi_aggregator.adapters.spool.budget import SpoolBudget
from pfi_aggregator.adapters.spool.incoming import SpoolIncoming
from pfi_aggregator.adapters.spool.layout import SpoolLayout
from pfi_aggregator.adapters.spool.round_keys import RoundKeys
from pfi_aggregator.adapters.spool.rounds import SpoolRounds
from pfi_aggregator.application.ports import Incoming, Rounds
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.update import CommittedUpdate
from pfi_aggregator.failpoints import Failpoints
from pfi_aggregator.wire.updates import read_header

WRAPPING_KEY = bytes(range(32))


@dataclass
class Spool:
    """Both ports of one spool."""

    rounds: Rounds
    incoming: Incoming
    keys: RoundKeys | None = None

    def store(self, upload: Upload, payload: bytes | None = None) -> None:
        """Stores an upload's bytes, all of them unless told otherwise."""
        header = read_header(with_ticket(upload))
        partial = self.incoming.begin(upload.ticket.task, header)
        partial.append(upload.payload if payload is None else payload)
        partial.close()

    def commit(self, plan: RoundPlan, upload: Upload) -> CommittedUpdate:
        """Stores and commits an upload."""
        self.store(upload)
        return self.rounds.commit(make_record(plan, upload))


def memory_spool() -> Spool:
    incoming = InMemoryIncoming()
    return Spool(InMemoryRounds(incoming), incoming)


def disk_spool(
    root: Path, *, retain_settled: bool = False, limit_bytes: int | None = None
) -> Spool:
    """A spool on disk, recovered; the caller sees to it that no one else has it."""
    root.mkdir(exist_ok=True)
    layout, keys = SpoolLayout(root), round_keys(root)
    rounds = SpoolRounds(layout, keys, Failpoints(), retain_settled=retain_settled)
    budget = SpoolBudget(limit_bytes, rounds.committed_bytes, lambda: 1 << 60)
    incoming = SpoolIncoming(layout, keys, budget)
    rounds.recover()
    incoming.recover()
    return Spool(rounds, incoming, keys)


def round_keys(root: Path, wrapping_key: bytes = WRAPPING_KEY) -> RoundKeys:
    """The keys of a spool's rounds, in a folder beside it."""
    return RoundKeys(root.parent / "spool-keys", wrapping_key)


def fail(*_: object, **__: object) -> None:
    """A system call that fails."""
    raise OSError(errno.EIO, "Input/output error")
