"""Rounds and their committed updates on disk."""

import shutil
import threading
from contextlib import AbstractContextManager, suppress
from pathlib import Path

from pfi_aggregator.adapters.durable import make_folders, storage_failures, sync_folder
from pfi_aggregator.adapters.spool.layout import SpoolLayout
from pfi_aggregator.adapters.spool.round_keys import RoundKeys
from pfi_aggregator.adapters.spool.settled import SettledRounds, Tombstone, plan_sha256
from pfi_aggregator.adapters.spool.spool_round import (
    SpoolRound,
    damaged_round,
    has_ended,
    was_opened,
)
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
    SpoolKeyInvalidError,
    StoreUnavailableError,
    UpdateTooLateError,
)
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger

_PENDING = (RoundState.OPEN, RoundState.SEALED)


class SpoolRounds:
    """The port `Rounds` on a spool that this process owns."""

    def __init__(
        self,
        layout: SpoolLayout,
        keys: RoundKeys,
        failpoints: Failpoints,
        *,
        retain_settled: bool = False,
    ) -> None:
        self._layout = layout
        self._keys = keys
        self._failpoints = failpoints
        self._retain_settled = retain_settled
        self._settled = SettledRounds(layout)
        self._changing = threading.Lock()
        self._rounds: dict[RoundKey, SpoolRound] = {}
        self._damaged: dict[RoundKey, PlatformError] = {}

    def recover(self) -> int:
        """Reads the spool, finishes interrupted deletions, and says how many rounds there are.

        A round whose own files are damaged can only be aborted.
        """
        self._empty_trash()
        for key, folder in self._layout.rounds().items():
            if self._settled.find(key) is not None:
                self._delete(key)
            elif was_opened(folder):
                self._recover_round(key, folder)
        return len(self._rounds)

    def open(self, plan: RoundPlan) -> None:
        """Opens a round."""
        with self._changing:
            opened_as = self._plan_sha256(plan.key)
            if opened_as is None:
                self._require_undamaged(plan.key)
                folder = self._layout.round(plan.key)
                secret = self._keys.create(plan.key)
                self._rounds[plan.key] = SpoolRound.create(self._layout.root, folder, plan, secret)
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
            self._require_undamaged(key)
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
        known.complete(partial, record)
        self._failpoints.reach(Failpoint.SPOOL_SYNCED)
        committed = known.commit(partial, summarize(record))
        self._failpoints.reach(Failpoint.UPDATE_LINKED)
        return committed

    def seal(self, key: RoundKey) -> tuple[CountedUpdate, ...]:
        """Fixes the counted set."""
        return self._live(key).seal()

    def read(self, key: RoundKey, task: str) -> AbstractContextManager[StoredUpdate]:
        """Opens a committed update."""
        return self._live(key).read(task)

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
            self._damaged.pop(key, None)
        else:
            require_command(tombstone.state, Command.ABORT)

    def settle(self, key: RoundKey) -> None:
        """Deletes the updates of a round."""
        known = self._rounds.get(key)
        if key in self._damaged and has_ended(self._layout.round(key)):
            self.abort(key)
        view = self.view(key) if known is None else known.view()
        require_command(view.state, Command.SETTLE)
        if known is not None:
            self._settled.add(key, Tombstone(view.state, plan_sha256(known.plan), view.outcome))
            with self._changing:
                self._rounds.pop(key, None)
        self._delete(key)

    def pending_keys(self) -> tuple[RoundKey, ...]:
        """Names the rounds that are open or sealed."""
        known = tuple(self._rounds.items())
        return tuple(key for key, found in known if found.view().state in _PENDING)

    def open_count(self) -> int:
        """Says how many rounds take updates."""
        states = [known.view().state for known in tuple(self._rounds.values())]
        return states.count(RoundState.OPEN)

    def committed_bytes(self) -> int:
        """Says how many payload bytes are committed in rounds that are not settled."""
        return sum(known.commits.payload_bytes for known in tuple(self._rounds.values()))

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

    def _require_undamaged(self, key: RoundKey) -> None:
        if key in self._damaged:
            raise self._damaged[key]

    def _recover_round(self, key: RoundKey, folder: Path) -> None:
        try:
            found = SpoolRound.recover(folder, self._keys.find(key))
            if found.plan.key != key:
                raise damaged_round(key)
        except StoreUnavailableError:  # says nothing of the round; the next start may read it
            raise
        except SpoolKeyInvalidError as error:
            self._damage(key, error, error)
        except (PlatformError, FileNotFoundError, ValueError, TypeError, KeyError) as error:
            self._damage(key, damaged_round(key), error)
        else:
            self._rounds[key] = found

    def _damage(self, key: RoundKey, told: PlatformError, cause: Exception) -> None:
        get_logger().error(Event.SPOOL_ROUND_DAMAGED, error=cause)
        self._damaged[key] = told

    def _delete(self, key: RoundKey) -> None:
        """Deletes a settled round's key, its folder and the folders above that are empty then.

        The key goes first: what may be left of the folder cannot be read. The folder leaves its
        place in one step: whatever interrupts the deletion, the rest is found again in the trash.
        """
        if self._retain_settled:
            return
        self._keys.destroy(key)
        trash = self._layout.discarded(key)
        with storage_failures():
            with self._changing:
                self._discard(self._layout.round(key), trash)
            if trash.exists():
                shutil.rmtree(trash)
                sync_folder(self._layout.trash)

    def _discard(self, folder: Path, trash: Path) -> None:
        make_folders(self._layout.root, self._layout.trash)
        if not folder.exists():
            return
        folder.rename(trash)
        sync_folder(self._layout.trash)
        sync_folder(folder.parent)
        for parent in folder.parents:
            if parent == self._layout.root:
                break
            with suppress(OSError):  # another line, attempt or round still lies in it
                parent.rmdir()
        sync_folder(self._layout.root)

    def _empty_trash(self) -> None:
        if self._layout.trash.exists():
            shutil.rmtree(self._layout.trash)
            sync_folder(self._layout.root)
