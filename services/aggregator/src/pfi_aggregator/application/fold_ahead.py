"""Sums the updates of open rounds as they come, so that little is left at the seal.

Where the round permits it, they are summed while they arrive, else once they are committed. All of
this is derived from the spool: what is lost with the process, or let go of, is folded again, here
or when the round is finalized. The counted set decides what is used.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from pfi_aggregator.application.arriving_update import ArrivingUpdate
from pfi_aggregator.application.fold_update import FoldUpdate
from pfi_aggregator.application.folded import Folded
from pfi_aggregator.application.ports import PartialUpload, Rounds
from pfi_aggregator.application.round_sums import RoundSums
from pfi_aggregator.domain.counting import weight_of
from pfi_aggregator.domain.merge import Merge, merges_exactly, sums_bytes
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.ticket import UploadTicket
from pfi_aggregator.domain.update import CountedUpdate, UpdateHeader
from pfi_aggregator.failpoints import Failpoint, Failpoints
from pfi_common.errors import PlatformError
from pfi_common.telemetry.events import Event
from pfi_common.telemetry.log import get_logger
from pfi_common.tensors import KeptMemory


class FoldAhead:
    """Sums of rounds that are open or sealed. Thread-safe, blocking.

    Args:
        rounds: The committed updates.
        fold: Folds one.
        memory_bytes: What all sums together may take; a round that does not fit is left to its
            finalization.
        failpoints: For fault tests.
    """

    def __init__(
        self, rounds: Rounds, fold: FoldUpdate, memory_bytes: int, failpoints: Failpoints
    ) -> None:
        self._rounds = rounds
        self._failpoints = failpoints
        self._fold = fold
        self._memory_bytes = memory_bytes
        self._memory = KeptMemory()
        self._changing = threading.Lock()
        self._folded: dict[RoundKey, Folded] = {}
        self._left: set[RoundKey] = set()

    def begin(
        self, upload: PartialUpload, plan: RoundPlan, ticket: UploadTicket, header: UpdateHeader
    ) -> ArrivingUpdate:
        """Begins an update, which is summed while it is received if its round permits it.

        Who calls it calls `end`, before the upload is closed.
        """
        arriving = ArrivingUpdate(upload, plan, ticket, header)
        with self._changing:
            folded = self._sums_of(plan)
            if folded is not None:
                part = folded.merge.begin(ticket.schema_digest, weight_of(header, plan))
                if part is not None:
                    arriving.sum_into(folded, part)
                    folded.arriving[ticket.task] = arriving
        return arriving

    def count(self, arriving: ArrivingUpdate, update: CountedUpdate) -> None:
        """Leaves a committed update in the sums; one that is not in them is folded later."""
        if arriving.count(update):
            self._failpoints.reach(Failpoint.FOLDED_AHEAD)

    def end(self, arriving: ArrivingUpdate) -> None:
        """Ends an update; what has not been counted is taken out of the sums."""
        key = arriving.key
        self._drop_if_alone(arriving)
        try:
            arriving.take_back()
        except PlatformError as error:
            self._tell(key, error)
        finally:
            with self._changing:
                folded = self._folded.get(key)
                if folded is not None:
                    folded.arriving.pop(arriving.task, None)
                    self._leave_if_spoilt(folded)

    def fold_next(self) -> bool:
        """Folds one committed update, of the round that lags most; false when there is none."""
        with self._changing:
            chosen = self._choose()
        if chosen is None:
            return False
        with chosen.busy:
            if self._folded.get(chosen.plan.key) is chosen:  # it has not been taken meanwhile
                self._fold_one(chosen)
        return True

    def take(self, key: RoundKey) -> RoundSums | None:
        """Gives a round's sums to the caller, when there are some; no more is folded ahead of it.

        Waits for the update that is being folded; what arrives is taken out.
        """
        with self._changing:
            self._left.add(key)
            found = self._folded.pop(key, None)
        if found is None:
            return None
        with found.busy:
            try:
                found.settle_arriving()
            except PlatformError as error:
                self._tell(key, error)
            finally:
                if found.spoilt:
                    found.let_go()
            return found if found.updates and not found.spoilt else None

    def close(self) -> None:
        """Lets go of all sums, which end with the process; no more are begun, nor taken out of."""
        with self._changing:
            self._memory_bytes = 0
            for folded in self._folded.values():
                folded.let_go()
            self._folded.clear()

    def lag(self) -> int:
        """Says how many committed updates are still to be folded ahead."""
        return sum(self._lag(key) for key in self._rounds.pending_keys() if key not in self._left)

    def _drop_if_alone(self, arriving: ArrivingUpdate) -> None:
        """Begins anew later, instead of reading an update back to have sums of nothing."""
        with self._changing:
            folded = self._folded.get(arriving.key)
            if folded is not None and folded.holds_only(arriving):
                del self._folded[arriving.key]
                arriving.let_go()

    def _choose(self) -> Folded | None:
        pending = self._rounds.pending_keys()
        self._forget_all_but(pending)
        lagging = [key for key in pending if key not in self._left and self._lag(key)]
        for key in sorted(lagging, key=self._lag, reverse=True):
            found = self._folded.get(key) or self._begin_round(key)
            if found is not None and found.choose(self._rounds) is not None:
                return found
        return None

    def _lag(self, key: RoundKey) -> int:
        found = self._folded.get(key)
        return len(self._rounds.committed(key, len(found.updates) if found else 0))

    def _begin_round(self, key: RoundKey) -> Folded | None:
        try:
            plan = self._rounds.view(key).plan
        except PlatformError:  # it was settled just now
            return None
        return None if plan is None else self._sums_of(plan)

    def _sums_of(self, plan: RoundPlan) -> Folded | None:
        """Gives the sums of a round, unless it has none before its end."""
        found = self._folded.get(plan.key)
        if found is not None or plan.key in self._left:
            return found
        if not merges_exactly(plan):
            self._left.add(plan.key)
            return None
        taken = sum(sums_bytes(folded.plan) for folded in self._folded.values())
        if taken + sums_bytes(plan) > self._memory_bytes:
            return None
        return self._folded.setdefault(plan.key, Folded(plan, Merge(plan, self._memory)))

    def _fold_one(self, folded: Folded) -> None:
        update = folded.choose(self._rounds)
        if update is None:
            return
        try:
            with self._whole_or_left(folded):
                self._fold.run(folded.plan, folded.merge, update, update.weight_units)
                folded.add(update)
        except PlatformError as error:
            self._tell(folded.plan.key, error)
        else:
            self._failpoints.reach(Failpoint.FOLDED_AHEAD)

    @contextmanager
    def _whole_or_left(self, folded: Folded) -> Iterator[None]:
        """Leaves a round to its finalization unless the context ends well."""
        try:
            with folded.whole_or_spoilt():
                yield
        finally:
            with self._changing:
                self._leave_if_spoilt(folded)

    def _leave_if_spoilt(self, folded: Folded) -> None:
        """Lets go of sums that nobody may take any more, nor use who has taken them and waits."""
        if folded.spoilt:
            self._left.add(folded.plan.key)
            self._folded.pop(folded.plan.key, None)
            folded.let_go()

    @staticmethod
    def _tell(key: RoundKey, error: PlatformError) -> None:
        """Logs what the round's finalization will tell who asks for it."""
        get_logger().warning(
            Event.FOLD_AHEAD_STOPPED,
            error=error,
            run=key.run,
            round=key.round,
            attempt=key.attempt,
            line=key.line,
        )

    def _forget_all_but(self, pending: tuple[RoundKey, ...]) -> None:
        for key in self._folded.keys() - set(pending):
            self._folded.pop(key).let_go()
        self._left.intersection_update(pending)
