"""Where an adapter comes from."""

from dataclasses import dataclass
from datetime import datetime

from pfi_aggregator.domain.adapter import AdapterForm, AdapterReference
from pfi_aggregator.domain.update import CountedUpdate


@dataclass(frozen=True)
class AggregationReport:
    """What an aggregation rule did beyond counting.

    Attributes:
        rule: As the run specification names it.
        product: As the run specification names it.
        left_out: Tasks of counted updates that the rule left out, sorted.
        discarded_energy: Share of the squared norm that recompression discarded, 0 to 1.
    """

    rule: str
    product: str
    left_out: tuple[str, ...] = ()
    discarded_energy: float = 0.0


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
    report: AggregationReport | None = None
    forms: tuple[AdapterForm, ...] = ()
    origin: AdapterReference | None = None
    origin_lineage_digest: str = ""
