"""Rounds and their committed updates on disk."""

import shutil
import threading
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from pfi_aggregator.adapters.durable import sync_folder
from pfi_aggregator.adapters.spool.layout import SpoolLayout
from pfi_aggregator.adapters.spool.record_file import append_record, open_committed
from pfi_aggregator.adapters.spool.settled import SettledRounds, Tombstone, plan_sha256
from pfi_aggregator.adapters.spool.spool_round import SpoolRound
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
from pfi_aggregator.domain.update import (
    CommittedUpdate,
    CountedUpdate,
    UpdateRecord,
    summarize,
)
from pfi_aggregator.failpoints import Failpoint, Failpoints
from pfi_common.errors import (
    AttemptVoidedError,
    PlatformError,
    RoundStateInvalidError,
    RoundUnknownError,
    UpdateTooLateError,
)
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger


class SpoolRounds:
    """The port `Rounds` on a spool that this process owns."""

    def __init__(
        self, layout: SpoolLayout, failpoints: Failpoints, *, retain_settled: bool = False
    ) -> None:
        self._layout = layout
        self._failpoints = failpoints
        self._retain_settled = retain_settled
        self._settled = SettledRounds(layout)
        self._changing = threading.Lock()
        self._rounds: dict[RoundKey, SpoolRound] = {}

    def recover(self) -> int:
        """Reads the spool, finishes interrupted deletions, and says how many rounds there are.

        A round whose own files are damaged stays unknown, so that its leader can abort it.
        """
        for folder in self._layout.rounds():
            try:
                found = SpoolRound.recover(folder)
            except (PlatformError, ValueError) as error:
                get_logger().error(Event.SPOOL_ROUND_DAMAGED, error=error)
                continue
            if self._settled.find(found.plan.key) is None:
                self._rounds[found.plan.key] = found
            else:
                self._delete(folder)
        return len(self._rounds)

    def open(self, plan: RoundPlan) -> None:
        """Opens a round."""
        with self._changing:
            opened_as = self._plan_sha256(plan.key)
            if opened_as is None:
                folder = self._layout.round(plan.key)
                self._rounds[plan.key] = SpoolRound.create(self._layout.root, folder, plan)
                return
        if not opened_as:
            raise AttemptVoidedError
        if opened_as != plan_sha256(plan):
            raise RoundStateInvalidError("The round was opened with another plan.")

    def view(self, key: RoundKey) -> RoundView:
        """Gives what is known of a round."""
        known = self._rounds.get(key)
        if known is not None:
            return known.view()
        tombstone = self._settled.find(key)
        if tombstone is None:
            raise RoundUnknownError
        return RoundView(tombstone.state, None, tombstone.outcome)

    def update(self, key: RoundKey, task: str) -> CommittedUpdate | None:
        """Gives a committed update."""
        known = self._rounds.get(key)
        return known.commits.find(task) if known else None

    def committed(self, key: RoundKey, start: int) -> tuple[CommittedUpdate, ...]:
        """Gives the committed updates from the `start`-th on."""
        known = self._rounds.get(key)
        return known.commits.since(start) if known else ()

    def commit(self, record: UpdateRecord) -> CommittedUpdate:
        """Makes a completely stored upload count."""
        ticket = record.ticket
        known = self._rounds.get(ticket.key)
        require_uploads(self.view(ticket.key).state)
        if known is None:
            raise UpdateTooLateError
        partial = self._layout.partial(ticket.task, record.header.payload_sha256)
        append_record(partial, record)
        self._failpoints.reach(Failpoint.SPOOL_SYNCED)
        committed = known.commit(partial, summarize(record))
        self._failpoints.reach(Failpoint.UPDATE_LINKED)
        return committed

    def seal(self, key: RoundKey) -> tuple[CountedUpdate, ...]:
        """Fixes the counted set."""
        return self._live(key).seal()

    def read(self, key: RoundKey, task: str) -> AbstractContextManager[StoredUpdate]:
        """Opens a committed update."""
        return open_committed(self._live(key).folder / task)

    def finalize(self, key: RoundKey, outcome: RoundOutcome) -> None:
        """Stores the outcome of a sealed round."""
        self._live(key).finalize(outcome)

    def abort(self, key: RoundKey) -> None:
        """Voids an attempt."""
        known = self._rounds.get(key)
        if known is not None:
            known.abort()
            return
        tombstone = self._settled.find(key)
        if tombstone is None:
            self._settled.add(key, Tombstone(RoundState.ABORTED, "", None))
        else:
            require_command(tombstone.state, Command.ABORT)

    def settle(self, key: RoundKey) -> None:
        """Deletes the updates of a round."""
        known = self._rounds.get(key)
        if known is None:
            self.view(key)
            return
        view = known.view()
        require_command(view.state, Command.SETTLE)
        self._settled.add(key, Tombstone(view.state, plan_sha256(known.plan), view.outcome))
        with self._changing:
            del self._rounds[key]
        self._delete(known.folder)

    def open_count(self) -> int:
        """Says how many rounds take updates."""
        states = [known.view().state for known in tuple(self._rounds.values())]
        return states.count(RoundState.OPEN)

    def _plan_sha256(self, key: RoundKey) -> str | None:
        """Names the plan that a round was opened with; empty if it was aborted before."""
        known = self._rounds.get(key)
        if known is not None:
            return plan_sha256(known.plan)
        tombstone = self._settled.find(key)
        return None if tombstone is None else tombstone.plan_sha256

    def _live(self, key: RoundKey) -> SpoolRound:
        known = self._rounds.get(key)
        if known is None:
            self.view(key)
            raise RoundStateInvalidError("The round is settled.")
        return known

    def _delete(self, folder: Path) -> None:
        """Deletes a settled round's folder and the folders above that are empty then."""
        if self._retain_settled:
            return
        shutil.rmtree(folder)
        for parent in folder.parents:
            if parent == self._layout.root:
                break
            with suppress(OSError):  # another line, attempt or round still lies in it
                parent.rmdir()
        sync_folder(self._layout.root)
