"""Combinations that are refused with a reason."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.common.spec.builders import spec

from pfi.aggregator.v1.lineage_pb2 import CountedUpdate, Lineage
from pfi.aggregator.v1.round_service_pb2 import SealRoundResponse, UpdateSketch
from pfi_common.errors import SpecUnsoundError
from pfi_common.rpc.options import _MAXIMUM_MESSAGE_BYTES
from pfi_common.spec import SKETCH_DIMENSIONS
from pfi_common.spec.soundness import MAXIMUM_PROBED_CLIENTS, MAXIMUM_SELECTED_CLIENTS

CLUSTERS = {"method": "update_similarity"}
CLASSIFIER = {"task": "sequence-classification", "classification": {"labels": ["a", "b"]}}
PERSONAL_HEAD = CLASSIFIER | {"classification": {"labels": ["a", "b"], "head": "personal"}}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"cohort": {"size": 4, "minimum": 5}}, "could never be published"),
        (
            {"server_optimizer": {"name": "adam", "learning_rate": 0.1, "momentum": 0.9}},
            "applied twice",
        ),
        (
            {"server_optimizer": {"name": "yogi", "learning_rate": 0.1, "momentum": 0.9}},
            "FedYogi keeps moments of its own",
        ),
        (
            {"server_optimizer": {"name": "adagrad", "learning_rate": 0.1, "beta2": 0.9}},
            "forgets nothing",
        ),
        ({"server_optimizer": {"name": "sgd", "beta1": 0.9}}, "no second moment"),
        ({"cohort": {"size": 20_001}}, "counts at most 20000 updates"),
        ({"cohort": {"size": 10_001, "over_select": 2.0}}, "selects 20002 clients"),
        ({"cohort": {"size": 300_000}}, "more coarsely than 2\\^-24"),
        ({"aggregate": {"max_weight": 1 << 32}}, "Lower max_weight"),
        ({"cluster": {**CLUSTERS, "probe_round": 5}}, "none would train"),
        ({"cluster": {**CLUSTERS, "count": 3}}, "the 4 clients .* cannot fill 3 clusters of 2"),
        ({"cluster": CLUSTERS, "cohort": {"size": 3}}, "cannot fill 2 clusters of 2"),
        ({"cluster": CLUSTERS, "cohort": {"size": 8_001}}, "at most 8000 clients"),
        ({"task": "sequence-classification"}, "one output for each label"),
        ({"classification": {"labels": ["a", "b"]}}, "no head that could use the labels"),
        (PERSONAL_HEAD, "it would never learn"),
        (
            PERSONAL_HEAD | {"personalize": {"method": "dual_adapter"}, "cluster": CLUSTERS},
            "an untrained head of its own that says nothing",
        ),
    ],
)
def test_unsound_combinations(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(SpecUnsoundError, match=reason):
        spec(**changes)


def test_sound_classifiers() -> None:
    assert spec(**CLASSIFIER).classification.head == "shared"
    assert spec(**CLASSIFIER, cluster=CLUSTERS)
    assert spec(**PERSONAL_HEAD, personalize={"method": "dual_adapter"})


def test_the_resolution_is_refused_exactly_above_its_limit() -> None:
    # C = 8, W = 2^24: k = 62 - (3 + log2 N + 24) must be at least 21, so N is at most 2^14.
    limit = {"coordinate_limit": 8.0, "max_weight": 1 << 16}
    assert spec(aggregate=limit, cohort={"size": 1 << 14})
    with pytest.raises(SpecUnsoundError, match="coarsely"):
        spec(aggregate=limit, cohort={"size": (1 << 14) + 1})


def longest_update(line: str) -> CountedUpdate:
    """An update whose ids and numbers are at their longest."""
    return CountedUpdate(
        task=f"r-{'f' * 10}{line}.{10**9}.{10**9}.c-{'f' * 12}",
        client=f"c-{'f' * 12}",
        payload_sha256="f" * 64,
        weight_units=1 << 40,
        clip_factor=1 << 24,
        payload_bytes=1 << 40,
    )


def test_the_largest_round_fits_one_message() -> None:
    # Lineage and counted set hold the same list.
    counted = [longest_update("")] * MAXIMUM_SELECTED_CLIENTS
    lineage = Lineage(counted=counted, parent_digest="f" * 64)
    rest_bytes = 16 << 10  # names, digests, signature and certificate
    assert lineage.ByteSize() + rest_bytes < _MAXIMUM_MESSAGE_BYTES
    assert spec(cohort={"size": MAXIMUM_SELECTED_CLIENTS})


def test_the_largest_probe_round_fits_one_message() -> None:
    update = longest_update(".cluster-64")
    sketch = UpdateSketch(client=update.client, values=[0.1] * SKETCH_DIMENSIONS)
    count = MAXIMUM_PROBED_CLIENTS
    sealed = SealRoundResponse(counted=[update] * count, sketches=[sketch] * count)
    assert sealed.ByteSize() < _MAXIMUM_MESSAGE_BYTES
    assert spec(cohort={"size": count}, cluster=CLUSTERS)


def test_a_cohort_that_just_fills_the_clusters_is_sound() -> None:
    assert spec(cluster={**CLUSTERS, "count": 2, "probe_round": 4})


def test_all_reasons_are_told_at_once() -> None:
    with pytest.raises(SpecUnsoundError) as caught:
        spec(cohort={"size": 300_000, "minimum": 300_001})
    assert len(caught.value.message.splitlines()) == 4
