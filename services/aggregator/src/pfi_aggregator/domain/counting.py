"""What an update counts with, decided from its header, its bytes and the round's plan alone."""

from pfi_aggregator.domain.round_plan import RoundPlan
from pfi_aggregator.domain.ticket import UploadTicket
from pfi_aggregator.domain.update import UpdateHeader, UpdateRecord
from pfi_common.errors import CoordinateLimitExceededError, PayloadCorruptError
from pfi_common.tensors import FULL_CLIP_FACTOR, ScanResult, clip_factor, count_weight


def count_update(
    header: UpdateHeader, ticket: UploadTicket, scan: ScanResult, plan: RoundPlan
) -> UpdateRecord:
    """Gives weight and clip factor of an update whose payload has been read.

    Raises:
        PayloadCorruptError: the payload is not the announced one.
        CoordinateLimitExceededError: a coordinate is above the limit, after the clip.
    """
    if scan.sha256 != header.payload_sha256:
        raise PayloadCorruptError
    factor = clip_factor(scan.norm, plan.clip_norm)
    check_limit(scan.maximum_coordinate, factor, plan.fixed_point.coordinate_limit)
    return UpdateRecord(
        ticket=ticket,
        header=header,
        weight_units=weight_of(header, plan),
        clip_factor=factor,
        norm=scan.norm,
        maximum_coordinate=scan.maximum_coordinate,
        sketch=scan.sketch,
    )


def weight_of(header: UpdateHeader, plan: RoundPlan) -> int:
    """Gives the weight that an update counts with, in units of 2^-8 examples."""
    return count_weight(header.example_count, plan.fixed_point.maximum_weight_units)


def check_limit(maximum_coordinate: float, factor: int, limit: float) -> None:
    """Checks the highest coordinate of an update.

    Raises:
        CoordinateLimitExceededError: it is above the limit, after the clip.
    """
    # 24 bits of a float32 times 25 bits of the factor: exact in binary64.
    if maximum_coordinate * factor > limit * FULL_CLIP_FACTOR:
        message = f"A coordinate is above the round's limit of {limit:g}."
        raise CoordinateLimitExceededError(message)
