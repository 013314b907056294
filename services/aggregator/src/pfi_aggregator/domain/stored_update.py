"""Whether a committed file still is what was committed."""

import hashlib

from pfi_aggregator.domain.admission import check_announcement
from pfi_aggregator.domain.counting import count_update
from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.stored_payload import StoredPayload
from pfi_aggregator.domain.update import CountedUpdate, UpdateRecord, summarize
from pfi_common.errors import ArtifactCorruptError, PlatformError
from pfi_common.tensors import ScanResult

_PIECE_BYTES = 1 << 20


def verify_stored_update(
    plan: RoundPlan, counted: CountedUpdate, record: UpdateRecord, payload: StoredPayload
) -> None:
    """Checks a committed file's record, and that its payload has the SHA-256 that the record says.

    Raises:
        ArtifactCorruptError: the file has changed since it was committed.
    """
    check_stored_record(plan, counted, record)
    digest = hashlib.sha256()
    for start in range(0, payload.size_bytes, _PIECE_BYTES):
        digest.update(payload.read(start, min(start + _PIECE_BYTES, payload.size_bytes)))
    if digest.hexdigest() != record.header.payload_sha256:
        raise corrupt_update(counted.task)


def check_stored_record(plan: RoundPlan, counted: CountedUpdate, record: UpdateRecord) -> None:
    """Checks a committed file's record before its payload has been read.

    The record is believed in what it says of the payload (SHA-256, norm, highest coordinate,
    sketch): it is sealed, and was derived from a payload of this SHA-256 when it was committed.

    Raises:
        ArtifactCorruptError: the record is not that of the counted update, or not of the plan.
    """
    scan = ScanResult(
        record.header.payload_sha256, record.norm, record.maximum_coordinate, record.sketch
    )
    _check_record(plan, counted, record, scan)


def _check_record(
    plan: RoundPlan, counted: CountedUpdate, record: UpdateRecord, scan: ScanResult
) -> None:
    try:
        check_announcement(record.header, record.ticket, plan)
        derived = count_update(record.header, record.ticket, scan, plan)
    except PlatformError as error:
        raise corrupt_update(counted.task) from error
    if derived != record or summarize(record).counted != counted:
        raise corrupt_update(counted.task)


def corrupt_update(task: str) -> ArtifactCorruptError:
    """Makes the error for a committed file that is not what was committed."""
    message = "A committed update in the spool is damaged; abort the attempt and open the next."
    return ArtifactCorruptError(message, task=task)
