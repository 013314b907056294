"""The part of a run specification that says whether clients are grouped, and how."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from pfi_common.spec.part import Count, SpecPart

GLOBAL_LINE = "global"
"""The line of adapters that every run begins with."""
SKETCH_DIMENSIONS = 64
"""Numbers in the sketch of an update."""
_HIGHEST_CLUSTER_COUNT = 64


def _one_message(value: object, validate: ValidatorFunctionWrapHandler) -> object:
    """Says once what is wrong, and not once for each of the two kinds of value."""
    try:
        return validate(value)
    except ValidationError as error:
        message = f"must be auto or a whole number from 2 to {_HIGHEST_CLUSTER_COUNT}"
        raise ValueError(message) from error


ClusterCount = Annotated[int, Field(ge=2, le=_HIGHEST_CLUSTER_COUNT)]
CountOrAuto = Annotated[Literal["auto"] | ClusterCount, WrapValidator(_one_message)]


class NoClusters(SpecPart):
    """All clients share one line of adapters."""

    method: Literal["none"] = "none"
    """One shared adapter for all clients"""


class UpdateSimilarity(SpecPart):
    """Clients with similar updates share a line of adapters of their own.

    One-shot clustering of the updates of a round in which all clients start from the same adapter,
    as FedLEASE does (Wang et al. 2025, "Adaptive LoRA Experts Allocation and Selection for
    Federated Fine-Tuning", section 3.2), on sketches of the updates.
    """

    method: Literal["update_similarity"] = "update_similarity"
    """One shared adapter for each group of clients with similar updates"""
    count: CountOrAuto = "auto"
    """Number of clusters; auto takes the one with the best silhouette"""
    maximum_count: ClusterCount = 8
    """Most clusters that auto tries"""
    probe_round: Count = 1
    """Round whose updates are compared; later rounds belong to clusters"""
    minimum_size: Count = 2
    """Fewest clients of a cluster; those of a smaller one join the nearest other"""
    minimum_silhouette: Annotated[float, Field(ge=-1, le=1)] = 0.2
    """Lowest silhouette to form clusters with; below it the run goes on as one line"""

    @property
    def fewest(self) -> int:
        """Fewest clusters that the partition may have."""
        return 2 if self.count == "auto" else self.count


Cluster = Annotated[NoClusters | UpdateSimilarity, Field(discriminator="method")]
