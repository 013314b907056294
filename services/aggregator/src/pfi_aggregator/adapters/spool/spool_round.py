"""One round that is not settled: its folder and the index of it."""

import json
from contextlib import AbstractContextManager
from pathlib import Path

from pfi.aggregator.v1 import round_service_pb2
from pfi_aggregator.adapters.durable import make_folders, write_durably
from pfi_aggregator.adapters.spool.commits import Commits
from pfi_aggregator.adapters.spool.layout import ABORTED, OUTCOME, PLAN, SEALED
from pfi_aggregator.adapters.spool.record_file import append_record, open_committed
from pfi_aggregator.adapters.spool.round_lock import RoundLock
from pfi_aggregator.adapters.spool.round_secret import RoundSecret
from pfi_aggregator.adapters.spool.settled import outcome_facts, parse_outcome
from pfi_aggregator.application.ports import StoredUpdate
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.round_state import (
    Command,
    RoundState,
    require_command,
    require_uploads,
)
from pfi_aggregator.domain.round_view import RoundOutcome, RoundView
from pfi_aggregator.domain.update import CommittedUpdate, CountedUpdate, UpdateRecord
from pfi_aggregator.wire.lineages import read_counted, write_counted
from pfi_aggregator.wire.parsing import parse, serialize
from pfi_aggregator.wire.plans import read_plan, write_plan
from pfi_common.errors import ArtifactCorruptError


class SpoolRound:
    """Each change is durable before it is seen."""

    def __init__(self, folder: Path, plan: RoundPlan, secret: RoundSecret) -> None:
        self.folder = folder
        self.plan = plan
        self.commits = Commits(folder, plan.fixed_point.maximum_updates, secret)
        self._secret = secret
        self._lock = RoundLock()
        self._state = RoundState.OPEN
        self._counted: tuple[CountedUpdate, ...] = ()
        self._outcome: RoundOutcome | None = None

    @classmethod
    def create(cls, root: Path, folder: Path, plan: RoundPlan, secret: RoundSecret) -> "SpoolRound":
        """Opens a round.

        Raises:
            DiskFullError: the device is full.
            ArtifactCorruptError: the folder is that of a sealed round.
        """
        if (folder / SEALED).exists():
            raise damaged_round(plan.key)
        make_folders(root, folder)
        write_durably(folder / PLAN, serialize(write_plan(plan)))
        created = cls(folder, plan, secret)
        created.commits.recover()
        return created

    @classmethod
    def recover(cls, folder: Path, secret: RoundSecret) -> "SpoolRound":
        """Rebuilds a round from its folder."""
        plan = parse(round_service_pb2.RoundPlan, (folder / PLAN).read_bytes())
        found = cls(folder, read_plan(plan), secret)
        found.commits.recover()
        found._recover_state()
        return found

    def view(self) -> RoundView:
        """Gives what is known of the round."""
        return RoundView(self._state, self.plan, self._outcome)

    def complete(self, partial: Path, record: UpdateRecord) -> None:
        """Makes a payload's file whole and durable; see `Rounds.commit`."""
        append_record(partial, record, self._secret)

    def read(self, task: str) -> AbstractContextManager[StoredUpdate]:
        """Opens a committed update; see `Rounds.read`."""
        return open_committed(self.folder / task, self._secret)

    def commit(self, source: Path, update: CommittedUpdate) -> CommittedUpdate:
        """Makes a durable file count; see `Rounds.commit`."""
        with self._lock.shared():
            require_uploads(self._state)
            return self.commits.commit(source, update)

    def seal(self) -> tuple[CountedUpdate, ...]:
        """Fixes the counted set; see `Rounds.seal`."""
        with self._lock.exclusive():
            require_command(self._state, Command.SEAL)
            if self._state is RoundState.OPEN:
                counted = tuple(update.counted for update in self.commits.all())
                message = round_service_pb2.SealRoundResponse(
                    counted=[write_counted(update) for update in counted]
                )
                write_durably(self.folder / SEALED, serialize(message))
                self._counted, self._state = counted, RoundState.SEALED
            return self._counted

    def finalize(self, outcome: RoundOutcome) -> None:
        """Stores the outcome; see `Rounds.finalize`."""
        with self._lock.exclusive():
            require_command(self._state, Command.FINALIZE)
            write_durably(self.folder / OUTCOME, json.dumps(outcome_facts(outcome)).encode())
            self._outcome, self._state = outcome, RoundState.FINALIZED

    def abort(self) -> None:
        """Voids the attempt; see `Rounds.abort`."""
        with self._lock.exclusive():
            require_command(self._state, Command.ABORT)
            write_durably(self.folder / ABORTED, b"")
            self._state = RoundState.ABORTED

    def _recover_state(self) -> None:
        if (self.folder / SEALED).exists():
            data = (self.folder / SEALED).read_bytes()
            message = parse(round_service_pb2.SealRoundResponse, data)
            self._counted = tuple(read_counted(update) for update in message.counted)
            self._state = RoundState.SEALED
            self.commits.keep(self._counted)
        if (self.folder / OUTCOME).exists():
            self._outcome = parse_outcome(json.loads((self.folder / OUTCOME).read_bytes()))
            self._state = RoundState.FINALIZED
        if (self.folder / ABORTED).exists():
            self._state = RoundState.ABORTED


def was_opened(folder: Path) -> bool:
    """Whether a round's folder holds more than an opening that was interrupted."""
    left = f"{PLAN}.new"
    return any(path.name != left for path in folder.iterdir())


def has_ended(folder: Path) -> bool:
    """Whether a round's updates are not needed any more, though its files may be damaged."""
    return (folder / OUTCOME).exists() or (folder / ABORTED).exists()


def damaged_round(key: RoundKey) -> ArtifactCorruptError:
    """Makes the error for a round whose own files in the spool cannot be read."""
    message = "A round's files in the spool are damaged; abort the attempt and open the next."
    return ArtifactCorruptError(message, run=key.run, round=str(key.round))
