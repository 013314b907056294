"""Whether a committed file still is what was committed."""

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
    """Derives a committed file's record anew from its payload and compares the two.

    Hash, norm, highest coordinate, sketch, weight and clip factor are all functions of payload,
    header and plan, so a changed bit that could change the merge cannot pass.

    Raises:
        ArtifactCorruptError: the file has changed since it was committed.
    """
    try:
        scanner = plan.scanner(record.header.encoding, record.ticket.schema_digest)
        for start in range(0, payload.size_bytes, _PIECE_BYTES):
            scanner.update(payload.read(start, min(start + _PIECE_BYTES, payload.size_bytes)))
        scan = scanner.finish()
    except PlatformError as error:
        raise corrupt_update(counted.task) from error
    _check_record(plan, counted, record, scan)


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
