"""What the use cases need from outside."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from pfi_aggregator.domain.lineage import Lineage
from pfi_aggregator.domain.receipt import Receipt
from pfi_aggregator.domain.round_key import RoundKey
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.round_view import RoundOutcome, RoundView
from pfi_aggregator.domain.ticket import UploadTicket
from pfi_aggregator.domain.update import (
    CommittedUpdate,
    CountedUpdate,
    UpdateHeader,
    UpdateRecord,
)
from pfi_common.tensors import Schema


class PartialUpload(Protocol):
    """The stored first bytes of a payload. Blocks; one thread at a time."""

    @property
    def stored_bytes(self) -> int:
        """How many bytes are stored."""
        ...

    def pieces(self) -> Iterator[bytes]:
        """Reads what is stored, in order, in pieces of at most 1 MiB."""
        ...

    def append(self, data: bytes) -> None:
        """Stores the next bytes.

        Raises:
            DiskFullError: the device is full; what was stored before still is.
        """
        ...

    def close(self) -> None:
        """Keeps the bytes for a later call."""
        ...

    def discard(self) -> None:
        """Deletes the bytes."""
        ...


class Incoming(Protocol):
    """Uploads that are not committed: at most one per task. Blocks.

    Who calls `begin` owns the task's bytes until `close`, `discard` or the commit.
    """

    def stored_bytes(self, task: str, payload_sha256: str) -> int:
        """Says how much of a payload is stored; 0 when nothing is."""
        ...

    def begin(self, task: str, header: UpdateHeader) -> PartialUpload:
        """Starts or resumes an upload at `header.offset_bytes`.

        Drops stored bytes behind that, and those of another payload of the task.

        Raises:
            ChunkOutOfOrderError: fewer bytes are stored than the offset says.
            DiskFullError: the device has no room for the payload.
        """
        ...

    def sweep(self, is_needed: Callable[[UploadTicket], bool]) -> int:
        """Deletes the uploads that are not needed any more, and says how many those were."""
        ...

    def count(self) -> int:
        """Says how many uploads are stored."""
        ...


@dataclass(frozen=True)
class StoredUpdate:
    """A committed file while it is open.

    Attributes:
        record: What the file says of itself.
        payload: The encoded update, mapped; not valid after the file is closed.
    """

    record: UpdateRecord
    payload: memoryview


class Rounds(Protocol):
    """Rounds and their committed updates. Durable, thread-safe, blocking.

    Commits run beside each other; sealing, aborting and settling exclude them.
    """

    def open(self, plan: RoundPlan) -> None:
        """Opens a round; does nothing when it was opened with an equal plan.

        Raises:
            RoundStateInvalidError: it was opened with another plan.
            AttemptVoidedError: it was aborted before it was opened.
        """
        ...

    def view(self, key: RoundKey) -> RoundView:
        """Gives what is known of a round.

        Raises:
            RoundUnknownError: it was never opened here.
        """
        ...

    def update(self, key: RoundKey, task: str) -> CommittedUpdate | None:
        """Gives a committed update; none when there is none or its round is settled.

        Raises:
            ArtifactCorruptError: it was committed but cannot be read.
        """
        ...

    def committed(self, key: RoundKey, start: int) -> tuple[CommittedUpdate, ...]:
        """Gives the committed updates from the `start`-th on, in an order that only grows."""
        ...

    def commit(self, record: UpdateRecord) -> CommittedUpdate:
        """Makes a completely stored upload count, at most once; who calls discards it then.

        Returns the update that is committed for the task, also when it was before.

        Raises:
            RoundUnknownError: its round was never opened here.
            UpdateConflictError: other bytes are committed for the task.
            UpdateTooLateError: the round is sealed.
            AttemptVoidedError: the attempt was aborted.
            RoundFullError: as many updates are committed as the plan permits.
            DiskFullError: the device is full; nothing is counted.
        """
        ...

    def seal(self, key: RoundKey) -> tuple[CountedUpdate, ...]:
        """Fixes the counted set, sorted by task; gives the same one when it is fixed already.

        Raises:
            RoundUnknownError: the round was never opened here.
            RoundStateInvalidError: it is aborted or settled.
            ArtifactCorruptError: a committed update cannot be read.
        """
        ...

    def read(self, key: RoundKey, task: str) -> AbstractContextManager[StoredUpdate]:
        """Opens a committed update.

        Raises:
            ArtifactCorruptError: the file is gone, cut or unreadable.
        """
        ...

    def finalize(self, key: RoundKey, outcome: RoundOutcome) -> None:
        """Stores the outcome of a sealed round.

        Raises:
            RoundStateInvalidError: it is not sealed.
        """
        ...

    def abort(self, key: RoundKey) -> None:
        """Voids an attempt, also one that was never opened.

        Raises:
            RoundStateInvalidError: it is finalized.
        """
        ...

    def settle(self, key: RoundKey) -> None:
        """Deletes the updates of a finalized or aborted round; its outcome stays.

        Raises:
            RoundUnknownError: it was never opened here.
            RoundStateInvalidError: it is open or sealed.
        """
        ...

    def open_count(self) -> int:
        """Says how many rounds take updates."""
        ...


class Statements(Protocol):
    """Signed statements, serialised: tickets come in, receipts and lineages go out."""

    def read_ticket(self, statement: bytes) -> UploadTicket:
        """Verifies and reads a ticket.

        Raises:
            TicketInvalidError: signature or content do not hold.
        """
        ...

    def sign_receipt(self, receipt: Receipt) -> bytes:
        """Signs a receipt; equal receipts give equal bytes."""
        ...

    def sign_lineage(self, lineage: Lineage) -> bytes:
        """Signs a lineage."""
        ...

    def read_lineage(self, statement: bytes) -> Lineage:
        """Reads a lineage that this aggregator signed and stored."""
        ...


class Artifacts(Protocol):
    """Results: content-addressed objects and the pointers to them, all durable.

    `pfi_common.artifacts.ArtifactStore` is one.
    """

    async def put(self, kind: str, data: bytes | memoryview) -> str:
        """Stores an object and gives its SHA-256."""
        ...

    async def get(self, kind: str, digest: str) -> bytes:
        """Gives an object whose digest has been verified."""
        ...

    async def size(self, kind: str, digest: str) -> int:
        """Gives an object's size in bytes."""
        ...

    async def read_range(self, kind: str, digest: str, start: int, length: int) -> bytes:
        """Gives a part of an object, unverified."""
        ...

    async def put_named(self, path: str, data: bytes) -> None:
        """Replaces a pointer."""
        ...

    async def get_named(self, path: str) -> bytes | None:
        """Gives a pointer."""
        ...


class LeaderTokens(Protocol):
    """The highest fencing token seen. Durable; blocks."""

    def highest(self) -> int:
        """Gives the highest token; 0 for none."""
        ...

    def raise_to(self, token: int) -> None:
        """Stores a token that is higher than the highest."""
        ...


class Meter(Protocol):
    """Counts what happens."""

    def update_committed(self, update: CommittedUpdate) -> None:
        """An update was committed for the first time."""
        ...

    def update_refused(self, reason: str) -> None:
        """An upload ended with an error."""
        ...

    def round_merged(self, seconds: float) -> None:
        """A round was merged."""
        ...


@dataclass(frozen=True)
class AdapterOrigin:
    """Where an exported adapter comes from.

    Attributes:
        adapter_digest: Digest of the adapter.
        backbone_model: Id or path of the backbone, as the run names it.
        backbone_revision: Its revision; none when the run names none.
    """

    adapter_digest: str
    backbone_model: str
    backbone_revision: str | None


class AdapterArchive(Protocol):
    """Writes adapters as PEFT folders."""

    def build(self, schema: Schema, vector: NDArray[np.float32], origin: AdapterOrigin) -> bytes:
        """Gives the folder as an archive; equal arguments give equal bytes.

        Shapes: vector (n,).
        """
        ...
