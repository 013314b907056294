"""Combinations of a classifier's fields that are refused, each with the reason."""

from __future__ import annotations

from collections.abc import Iterator

from pfi_common.spec.client_parts import NoPersonalization
from pfi_common.spec.cluster_parts import UpdateSimilarity
from pfi_common.spec.run_spec import RunSpec


def classification_problems(spec: RunSpec) -> Iterator[str]:
    """Finds values of a valid specification that do not go together in a classifier."""
    classification = spec.classification
    if spec.task == "sequence-classification" and classification is None:
        yield (
            "task sequence-classification without classification: the head has one output for each"
            " label. Add classification with labels."
        )
    if spec.task != "sequence-classification" and classification is not None:
        yield (
            f"classification with task {spec.task}: it has no head that could use the labels."
            " Remove classification, or set task to sequence-classification."
        )
    if classification is not None and classification.head == "personal":
        yield from _personal_head_problems(spec)


def _personal_head_problems(spec: RunSpec) -> Iterator[str]:
    if isinstance(spec.personalize, NoPersonalization):
        yield (
            "classification.head personal with personalize.method none: a personal head is trained"
            " and kept with the personal adapter, so it would never learn. Set personalize.method"
            " to dual_adapter, or head to shared."
        )
    if isinstance(spec.cluster, UpdateSimilarity):
        yield (
            "classification.head personal with cluster.method update_similarity: a new client"
            " chooses its line by the loss of each, and with an untrained head of its own that says"
            " nothing. Set head to shared, or cluster.method to none."
        )
