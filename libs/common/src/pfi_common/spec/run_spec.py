"""The one source of truth of a run: what a data scientist writes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from pfi_common.spec.aggregate_parts import Aggregate, MeanAggregate, with_rule
from pfi_common.spec.client_parts import (
    Adapter,
    Backbone,
    Classification,
    Evaluate,
    Local,
    NoPersonalization,
    Personalize,
)
from pfi_common.spec.cluster_parts import Cluster, NoClusters
from pfi_common.spec.encoding_parts import Encoding
from pfi_common.spec.part import SpecPart
from pfi_common.spec.presets import with_preset
from pfi_common.spec.server_optimizers import ServerOptimizer, ServerSgd
from pfi_common.spec.server_parts import Cohort, Stop


class RunSpec(SpecPart):
    """A federated training job. Make one with `parse_run_spec` or `load_run_spec`.

    Those two also refuse unsound combinations and name every bad field; the constructor raises
    pydantic's error.
    """

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]
    """Name of the run, unique in the federation: 1 to 63 letters, digits, `.`, `_` or `-`"""
    preset: Literal["fedavg", "fedprox", "fedavgm", "fedadam", "fedyogi", "fedadagrad"] | None = (
        None
    )
    """Composition from the literature that fills defaults; explicit values win"""
    backbone: Backbone
    """The frozen foundation model"""
    task: Literal["causal-lm", "sequence-classification"] = "causal-lm"
    """What the adapter is trained for"""
    classification: Classification | None = None
    """What a classifier tells apart; for task sequence-classification alone"""
    adapter: Adapter = Adapter()
    """The shared adapter"""
    local: Local = Local()
    """Local optimisation on each client, per round"""
    personalize: Personalize = NoPersonalization()
    """What stays on the client"""
    cohort: Cohort = Field(default_factory=lambda: Cohort.model_validate({}))
    """The clients of a round"""
    aggregate: Aggregate = MeanAggregate()
    """How updates become one change"""
    server_optimizer: ServerOptimizer = ServerSgd()
    """How the change moves the shared adapter"""
    cluster: Cluster = NoClusters()
    """Whether groups of similar clients share adapters of their own"""
    encoding: Encoding = Encoding()
    """How payloads are written"""
    evaluate: Evaluate = Evaluate()
    """Evaluation on each client's own data"""
    stop: Stop = Stop()
    """When the run ends"""
    seed: Annotated[int, Field(ge=0, le=(1 << 53) - 1)] = 0
    """Seed of the initial adapter, the held-out split and the selection"""

    @model_validator(mode="before")
    @classmethod
    def _fill_from_preset(cls, document: object) -> object:
        return with_rule(with_preset(document)) if isinstance(document, dict) else document

    @property
    def shared_rank(self) -> int:
        """Rank of the shared adapter: of a stack its maximum, else what clients train."""
        return self.aggregate.maximum_rank or self.adapter.rank

    @property
    def selected_count(self) -> int:
        """Clients selected for a round, and the most updates that it may count (N)."""
        return self.cohort.selected_count
