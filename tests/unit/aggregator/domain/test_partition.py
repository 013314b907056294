"""Grouping clients, against scikit-learn and at the edges."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score, silhouette_score

from pfi_aggregator.domain import partition as module
from pfi_aggregator.domain.directions import cosine_distances, directions, join_nearest
from pfi_aggregator.domain.partition import Partition, partition_clients
from pfi_aggregator.domain.partition_request import PartitionName, PartitionRequest
from pfi_aggregator.domain.silhouette import mean_silhouette
from pfi_common.errors import InvalidRequestError, PartitionFailedError


def names(count: int) -> tuple[str, ...]:
    return tuple(f"c-{index:012}" for index in range(count))


def request(sketches: np.ndarray, **changes: object) -> PartitionRequest:
    values: dict[str, object] = {
        "clients": names(len(sketches)),
        "sketches": np.asarray(sketches, dtype=np.float32),
        "count": None,
        "maximum_count": 8,
        "minimum_size": 2,
        "minimum_silhouette": 0.2,
        "seed": 7,
    }
    return PartitionRequest(**(values | changes))


def planted(sizes: list[int], noise: float = 0.3, seed: int = 1, dimensions: int = 64):
    """Sketches around one direction for each group, and the groups."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((len(sizes), dimensions))
    labels = np.repeat(np.arange(len(sizes)), sizes)
    rows = centres[labels] + noise * random.standard_normal((len(labels), dimensions))
    return rows * random.uniform(0.1, 10.0, (len(labels), 1)), labels


def labels_of(partition: Partition, count: int) -> list[int]:
    found = {c: label for label, cluster in enumerate(partition.clusters) for c in cluster}
    return [found[name] for name in names(count)]


@pytest.mark.parametrize("sizes", [[2, 2], [5, 3], [4, 4, 4], [10, 2, 7, 5], [30, 20, 10]])
@pytest.mark.parametrize("seed", range(3))
def test_planted_groups_are_found(sizes, seed):
    sketches, labels = planted(sizes, seed=seed)
    found = partition_clients(request(sketches))
    assert adjusted_rand_score(labels, labels_of(found, len(labels))) == 1.0
    assert [len(cluster) for cluster in found.clusters] == sorted(sizes, reverse=True)
    assert found.reason == f"{len(sizes)} clusters with a silhouette of {found.silhouette:.3f}"


@settings(max_examples=60, deadline=None)
@given(st.integers(4, 40), st.integers(2, 6), st.integers(0, 10_000))
def test_the_choice_is_that_of_scikit_learn(clients, most, seed):
    """With clusters of any size and no minimum, the whole method has an independent oracle."""
    random = np.random.default_rng(seed)
    sketches = (
        random.standard_normal((clients, 64))
        + 2 * random.standard_normal((3, 64))[random.integers(0, 3, clients)]
    )
    most = min(most, clients - 1)
    found = partition_clients(
        request(sketches, maximum_count=most, minimum_size=1, minimum_silhouette=-1.0)
    )
    distances = cosine_distances(directions(sketches.astype(np.float32)))
    oracle = {}
    for count in range(2, most + 1):
        model = AgglomerativeClustering(count, metric="precomputed", linkage="average")
        labels = model.fit_predict(distances)
        oracle[count] = silhouette_score(distances, labels, metric="precomputed"), labels
    best = max(oracle, key=lambda count: (oracle[count][0], -count))
    assert found.silhouette == pytest.approx(oracle[best][0], abs=1e-6)
    assert adjusted_rand_score(oracle[best][1], labels_of(found, clients)) == 1.0


@given(st.integers(3, 30), st.integers(2, 5), st.integers(0, 10_000))
def test_the_silhouette_is_that_of_scikit_learn(clients, count, seed):
    random = np.random.default_rng(seed)
    distances = cosine_distances(directions(random.standard_normal((clients, 8), np.float32)))
    count = min(count, clients - 1)
    labels = np.concatenate([np.arange(count), random.integers(0, count, clients - count)])
    expected = silhouette_score(distances, labels, metric="precomputed")
    assert mean_silhouette(distances, labels) == pytest.approx(expected, abs=1e-12)


def test_the_silhouette_of_a_worked_example():
    """Two pairs on a line at 0, 1 and 10, 12; by hand from equations 1 to 3."""
    places = np.array([0.0, 1.0, 10.0, 12.0])
    distances = np.abs(places[:, None] - places[None])
    expected = np.mean([(11 - 1) / 11, (10 - 1) / 10, (9.5 - 2) / 9.5, (11.5 - 2) / 11.5])
    assert mean_silhouette(distances, np.array([0, 0, 1, 1])) == pytest.approx(expected)


def test_distances_are_those_of_angles():
    rows = np.array([[2, 0], [0, 3], [-1, 0], [1, 1], [0, 0], [0, 0]], dtype=np.float32)
    distances = cosine_distances(directions(rows))
    assert distances[0].tolist() == pytest.approx([0, 1, 2, 1 - math.sqrt(0.5), 1, 1])
    assert distances[4].tolist() == [1, 1, 1, 1, 0, 0]
    assert np.array_equal(distances, distances.T)


@pytest.mark.parametrize("scale", [1e-38, 1e38])
def test_lengths_do_not_matter(scale):
    sketches, labels = planted([4, 4])
    unit = sketches / np.abs(sketches).max()
    found = partition_clients(request(unit * scale))
    assert adjusted_rand_score(labels, labels_of(found, 8)) == 1.0


def test_a_given_count_is_kept():
    sketches, labels = planted([4, 4, 4])
    assert len(partition_clients(request(sketches, count=2)).clusters) == 2
    found = partition_clients(request(sketches, count=3))
    assert adjusted_rand_score(labels, labels_of(found, 12)) == 1.0


def test_more_clusters_than_the_maximum_are_not_tried():
    sketches, _ = planted([3, 3, 3, 3])
    assert len(partition_clients(request(sketches, maximum_count=3)).clusters) <= 3


def test_outliers_join_the_nearest_group():
    sketches, labels = planted([5, 5], noise=0.2)
    outliers = sketches[[0, 9]] + 1.5 * np.random.default_rng(3).standard_normal((2, 64))
    found = partition_clients(request(np.vstack([sketches, outliers])))
    assert {len(cluster) for cluster in found.clusters} == {6}
    assert adjusted_rand_score([*labels, 0, 1], labels_of(found, 12)) == 1.0


def test_small_clusters_join_the_nearest_centroid():
    units = directions(np.array([[1, 0], [1, 0.1], [0, 1], [0.1, 1], [1, 0.5]], dtype=np.float32))
    joined = join_nearest(units, np.array([5, 5, 2, 2, 9]), 2)
    assert joined.tolist() == [0, 0, 1, 1, 0]
    assert join_nearest(units, np.array([5, 5, 2, 2, 9]), 3).tolist() == [-1] * 5


def test_noise_forms_no_groups():
    sketches = np.random.default_rng(5).standard_normal((12, 64))
    found = partition_clients(request(sketches))
    assert found.clusters == (names(12),)
    assert 0.0 < found.silhouette < 0.2
    assert "below the minimum of 0.2" in found.reason


@pytest.mark.parametrize("count", [8, 12, 24])
def test_noise_rarely_reaches_the_default_silhouette(count):
    best = [
        partition_clients(
            request(np.random.default_rng(seed).standard_normal((count, 64)), minimum_silhouette=-1)
        ).silhouette
        for seed in range(40)
    ]
    assert sum(value is not None and value >= 0.2 for value in best) <= 2


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_equal_sketches_form_no_groups(value):
    found = partition_clients(request(np.full((6, 64), value)))
    assert (found.clusters, found.silhouette) == ((names(6),), None)
    alone = partition_clients(request(np.full((6, 64), value), minimum_size=1))
    assert (alone.clusters, alone.silhouette) == ((names(6),), 0.0)


def test_a_zero_sketch_among_groups_goes_somewhere():
    sketches, labels = planted([4, 4])
    found = partition_clients(request(np.vstack([sketches, np.zeros(64)])))
    assert sorted(client for cluster in found.clusters for client in cluster) == list(names(9))
    assert adjusted_rand_score(labels, labels_of(found, 9)[:8]) == 1.0


@pytest.mark.parametrize(
    ("count", "changes"),
    [
        (1, {}),
        (2, {}),
        (2, {"minimum_size": 1}),
        (3, {}),
        (5, {"count": 3}),
        (9, {"minimum_size": 5}),
    ],
)
def test_too_few_clients_form_no_groups(count, changes):
    sketches = np.eye(64)[np.arange(count) % 2]
    found = partition_clients(request(sketches, **changes))
    assert (found.clusters, found.silhouette) == ((names(count),), None)
    assert f"need more than {count} clients" in found.reason


def test_groups_that_cannot_be_filled_are_not_formed():
    sketches, _ = planted([7, 1, 1])
    found = partition_clients(request(sketches, minimum_size=4))
    assert (found.clusters, found.silhouette) == ((names(9),), None)
    assert found.reason == "the clients do not fill 2 clusters of at least 4"


def test_the_order_of_the_clients_does_not_matter():
    sketches, _ = planted([4, 6, 3])
    first = partition_clients(request(sketches))
    for seed in range(3):
        order = np.random.default_rng(seed).permutation(13)
        shuffled = tuple(names(13)[index] for index in order)
        assert partition_clients(request(sketches[order], clients=shuffled)) == first


def test_many_clients_are_sampled(monkeypatch):
    monkeypatch.setattr(module, "MAXIMUM_AGGLOMERATED", 40)
    sketches, labels = planted([100, 60, 40], noise=0.5)
    found = partition_clients(request(sketches))
    assert adjusted_rand_score(labels, labels_of(found, 200)) == 1.0
    assert partition_clients(request(sketches)) == found
    assert [len(cluster) for cluster in found.clusters] == [100, 60, 40]


def test_the_minimum_size_holds_for_all_clients_of_a_sample(monkeypatch):
    monkeypatch.setattr(module, "MAXIMUM_AGGLOMERATED", 40)
    sketches, _ = planted([100, 60, 40], noise=0.5)
    found = partition_clients(request(sketches, minimum_size=50))
    assert len(found.clusters) == 2
    assert all(len(cluster) >= 50 for cluster in found.clusters)


@pytest.mark.slow
def test_the_most_clients_take_seconds():
    sketches, labels = planted([5000, 2000, 1000], noise=1.0)
    found = partition_clients(request(sketches))
    assert adjusted_rand_score(labels, labels_of(found, 8000)) > 0.99


def test_another_process_gives_the_same():
    """No hash seed, thread or order of memory may show."""
    code = """if True:
        import json
        from tests.unit.aggregator.domain.test_partition import planted, request
        from pfi_aggregator.domain.partition import partition_clients
        found = partition_clients(request(planted([6, 5, 4], noise=1.2)[0]))
        print(json.dumps([found.clusters, found.silhouette]))
    """
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    here = partition_clients(request(planted([6, 5, 4], noise=1.2)[0]))
    assert json.loads(run.stdout) == json.loads(json.dumps([here.clusters, here.silhouette]))


@pytest.mark.parametrize(
    "changes",
    [
        {"clients": names(3)},
        {"clients": ("c-1", "c-1")},
        {"clients": (), "sketches": np.zeros((0, 64), np.float32)},
        {"sketches": np.zeros(128, np.float32)},
        {"sketches": np.zeros((2, 0), np.float32)},
        {"sketches": np.full((2, 64), np.nan, np.float32)},
        {"sketches": np.full((2, 64), np.inf, np.float32)},
        {"count": 1},
        {"count": 65},
        {"maximum_count": 1},
        {"maximum_count": 65},
        {"minimum_size": 0},
        {"minimum_silhouette": 1.5},
        {"minimum_silhouette": float("nan")},
        {"seed": -1},
        {"seed": 1 << 64},
    ],
)
def test_bad_requests_are_refused(changes):
    with pytest.raises(PartitionFailedError):
        request(**({"sketches": np.zeros((2, 64))} | changes))


@pytest.mark.parametrize(("run", "digest"), [("../r", "ab" * 32), ("r-1", "AB" * 32), ("r-1", "")])
def test_names_that_lead_elsewhere_are_refused(run, digest):
    with pytest.raises(InvalidRequestError):
        PartitionName(run, digest)
