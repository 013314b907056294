"""Updates: as announced, as recorded, as counted."""

from dataclasses import dataclass

from pfi_aggregator.domain.ticket import UploadTicket
from pfi_common.tensors import FULL_CLIP_FACTOR, WEIGHT_UNITS_PER_EXAMPLE
from pfi_common.tensors.encoding import EncodingValue


@dataclass(frozen=True)
class Metric:
    """One reported number.

    Attributes:
        name: Registered name.
        value: Its value in the unit of the name.
    """

    name: str
    value: float


@dataclass(frozen=True)
class UpdateHeader:
    """What a client announces. Fields as in `update_service.proto`.

    Attributes:
        ticket: Serialised SignedStatement over the ticket.
    """

    ticket: bytes
    encoding: EncodingValue
    payload_bytes: int
    payload_sha256: str
    offset_bytes: int
    example_count: int
    steps_done: int
    base_digest: str
    metrics: tuple[Metric, ...]


@dataclass(frozen=True)
class UpdateRecord:
    """What makes a committed file describe itself.

    Attributes:
        ticket: The ticket that was presented.
        header: The header that was presented, with offset 0.
        weight_units: Weight that counts, in units of 2^-8 examples.
        clip_factor: Clip factor over 2^24.
        norm: L2 norm of the decoded update, before the clip.
        maximum_coordinate: Highest |coordinate| of the decoded update, before the clip.
        sketch: Sketch of the decoded update, before the clip; empty unless the plan asks for one.
    """

    ticket: UploadTicket
    header: UpdateHeader
    weight_units: int
    clip_factor: int
    norm: float
    maximum_coordinate: float
    sketch: tuple[float, ...] = ()


@dataclass(frozen=True)
class UpdateSketch:
    """The sketch of one counted update.

    Attributes:
        client: Client id.
        values: The numbers, as many as the plan asks for.
    """

    client: str
    values: tuple[float, ...]


@dataclass(frozen=True)
class CountedUpdate:
    """An update as lineage and seal name it.

    Attributes:
        task: Task id.
        client: Client id.
        payload_sha256: SHA-256 of the payload.
        weight_units: Weight in units of 2^-8 examples.
        clip_factor: Clip factor over 2^24.
        payload_bytes: Payload bytes received.
        spool: Spool that holds it; empty for the one that speaks of it.
    """

    task: str
    client: str
    payload_sha256: str
    weight_units: int
    clip_factor: int
    payload_bytes: int
    spool: str = ""


@dataclass(frozen=True)
class CommittedUpdate:
    """A committed update as it is kept in memory.

    Attributes:
        counted: What counts of it.
        capped: True when its weight was capped.
    """

    counted: CountedUpdate
    capped: bool

    @property
    def clipped(self) -> bool:
        """True when the clip was applied."""
        return self.counted.clip_factor < FULL_CLIP_FACTOR


def summarize(record: UpdateRecord) -> CommittedUpdate:
    """Gives what is kept of a record in memory."""
    header = record.header
    counted = CountedUpdate(
        task=record.ticket.task,
        client=record.ticket.client,
        payload_sha256=header.payload_sha256,
        weight_units=record.weight_units,
        clip_factor=record.clip_factor,
        payload_bytes=header.payload_bytes,
    )
    return CommittedUpdate(counted, is_capped(record))


def is_capped(record: UpdateRecord) -> bool:
    """Whether an update counts with less than its example count."""
    return record.header.example_count * WEIGHT_UNITS_PER_EXAMPLE > record.weight_units
