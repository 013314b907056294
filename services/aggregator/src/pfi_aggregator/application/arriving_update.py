"""An update while it is received: stored, checked and, where its round permits it, summed.

Adding costs a tenth of what reading an update back costs, and leaves nothing to do when it is
committed. What does not come to count is read back after all, and taken out of the sums.
"""

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pfi_aggregator.application.ports import PartialUpload
from pfi_aggregator.application.round_sums import RoundSums
from pfi_aggregator.application.upload_work import Data
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.stored_update import corrupt_update
from pfi_aggregator.domain.ticket import UploadTicket
from pfi_aggregator.domain.update import CountedUpdate, UpdateHeader
from pfi_aggregator.domain.update_sum import UpdateSum
from pfi_common.tensors import PayloadScanner, ScanResult, TakeBlock, encoded_size_bytes


@dataclass(frozen=True, eq=False)
class _Summing:
    """Where an update is added, and how."""

    sums: RoundSums
    part: UpdateSum


class ArrivingUpdate:
    """One call's work on an upload. Blocks; one thread receives, another may take back.

    Attributes:
        task: Task id.
        key: Its round.

    Args:
        upload: The stored bytes.
        plan: The round's plan.
        ticket: The upload's ticket.
        header: The upload's header.
    """

    def __init__(
        self, upload: PartialUpload, plan: RoundPlan, ticket: UploadTicket, header: UpdateHeader
    ) -> None:
        self.task, self.key = ticket.task, ticket.key
        self._upload = upload
        self._plan = plan
        self._schema_digest = ticket.schema_digest
        self._coordinate_count = plan.schema_of(ticket.schema_digest).coordinate_count
        self._encoding = header.encoding
        self._using = threading.Lock()  # also held while the upload is read: one thread at a time
        self._summing: _Summing | None = None
        self._scanner = self._make_scanner(self._add)

    @property
    def received_bytes(self) -> int:
        """Bytes that are stored and checked."""
        return self._scanner.received_bytes

    @property
    def summed_bytes(self) -> int:
        """Bytes that would be read to take the update back."""
        return self._scanned_bytes() if self._summing is not None else 0

    def sum_into(self, sums: RoundSums, part: UpdateSum) -> None:
        """Sums the update from now on; called before its first byte."""
        self._summing = _Summing(sums, part)

    def let_go(self) -> None:
        """Forgets sums that nobody will use, which a silent client would keep in memory else.

        Never waits; what is added just now goes into sums that are of no use.
        """
        self._summing = None

    def take_stored(self) -> None:
        """Checks what an earlier call has stored.

        Raises:
            PlatformError: it is not part of what was announced, or cannot be read.
        """
        pieces = self._upload.pieces()
        while self._take_stored_piece(pieces):
            pass

    def take(self, batch: Iterable[Data]) -> None:
        """Takes the next bytes. They are stored first: what was added can always be read back.

        Raises:
            PlatformError: they are not part of what was announced, or cannot be stored.
        """
        for data in batch:
            with self._using:
                self._upload.append(data)
                self._scanner.update(data)

    def finish(self) -> ScanResult:
        """Ends the payload.

        Raises:
            PlatformError: it is not what was announced.
        """
        with self._using:
            return self._scanner.finish()

    def count(self, update: CountedUpdate) -> bool:
        """Leaves the committed update in the sums; false when it is not in them.

        It is not either when it counts with another weight than this call has announced: an
        earlier call may have linked it, and failed only then.
        """
        with self._using:
            summing = self._summing
            if summing is None or summing.part.weight_units != update.weight_units:
                return False
            summing.part.complete()
            summing.sums.add(update)
            self._summing = None
            return True

    def take_back(self) -> None:
        """Takes what has been added out of the sums; does nothing after `count`.

        Raises:
            PlatformError: the bytes cannot be read; the sums are spoilt.
        """
        with self._using:
            summing, self._summing = self._summing, None
            if summing is not None and self._scanner.scanned_count:
                with summing.sums.whole_or_spoilt():
                    self._take_back(summing.part)

    def _take_stored_piece(self, pieces: Iterator[Data]) -> bool:
        with self._using:
            piece = next(pieces, None)
            if piece is not None:
                self._scanner.update(piece)
        return piece is not None

    def _add(self, block: NDArray[np.float32], start: int, highest: float) -> None:
        summing = self._summing
        if summing is not None:
            summing.part.check(highest)
            with summing.sums.whole_or_spoilt():
                summing.part.add(block, start)

    def _take_back(self, part: UpdateSum) -> None:
        """Reads the same blocks once more."""
        again = self._make_scanner(lambda block, start, _: part.take_back(block, start))
        left = self._scanned_bytes()
        for piece in self._upload.pieces():
            again.update(memoryview(piece)[:left])
            left -= min(left, len(piece))
            if not left:
                break
        if self._scanner.scanned_count == self._coordinate_count:
            again.finish()
        if again.scanned_sha256 != self._scanner.scanned_sha256:
            raise corrupt_update(self.task)

    def _scanned_bytes(self) -> int:
        return encoded_size_bytes(self._encoding, self._scanner.scanned_count)

    def _make_scanner(self, take: TakeBlock) -> PayloadScanner:
        return self._plan.scanner(self._encoding, self._schema_digest, take)
