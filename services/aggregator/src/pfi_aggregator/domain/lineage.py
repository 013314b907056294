"""Where an adapter comes from."""

from dataclasses import dataclass
from datetime import datetime

from pfi_aggregator.domain.adapter import AdapterReference
from pfi_aggregator.domain.update import CountedUpdate


@dataclass(frozen=True)
class Lineage:
    """Where an adapter comes from. Fields as in `lineage.proto`."""

    adapter: AdapterReference
    parent_digest: str
    seed: int
    attempt: int
    counted: tuple[CountedUpdate, ...]
    optimizer_state_digest: str
    publish_time: datetime
