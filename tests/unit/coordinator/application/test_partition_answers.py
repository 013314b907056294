"""What a worker may answer to the question how clients are grouped."""

import json
import math

import pytest

from pfi_coordinator.application.clustering import read_partition

CLIENTS = ("c-1", "c-2", "c-3")
GOOD = {"clusters": [["c-1", "c-2"], ["c-3"]], "silhouette": 0.5, "count": 2, "reason": "two"}


def read(content):
    return read_partition(json.dumps(content).encode(), CLIENTS)


@pytest.mark.parametrize("silhouette", [0.5, 1, None])
def test_an_answer_is_taken_as_it_is(silhouette):
    found = read(GOOD | {"silhouette": silhouette})
    assert found.clusters == (("c-1", "c-2"), ("c-3",))
    assert (found.silhouette, found.reason) == (silhouette, "two")


def test_a_client_may_be_left_out():
    assert read(GOOD | {"clusters": [["c-1"], ["c-3"]]}).clusters == (("c-1",), ("c-3",))


@pytest.mark.parametrize(
    "change",
    [
        {"clusters": [["c-1", "c-2"], ["c-2", "c-3"]]},
        {"clusters": [["c-1", "c-1"], ["c-3"]]},
        {"clusters": [["c-1", "c-2"], ["c-9"]]},
        {"clusters": [["c-1"], [["c-2"]]]},
        {"clusters": [["c-1"], [7]]},
        {"clusters": None},
        {"clusters": 7},
        {"silhouette": math.nan},
        {"silhouette": "0.5"},
        {"reason": None},
        {"error": 7},
    ],
    ids=str,
)
def test_an_answer_that_cannot_be_true_forms_no_clusters(change):
    found = read(GOOD | change)
    assert (found.clusters, found.silhouette) == ((), None)
    assert "damaged" in found.reason


@pytest.mark.parametrize(
    "data", [b"", b"{", b"[]", b"null", b"7", b'"error"', b"{}", b"\xff", b"[" * 100_000]
)
def test_bytes_that_are_no_answer_form_no_clusters(data):
    found = read_partition(data, CLIENTS)
    assert found.clusters == ()
    assert "damaged" in found.reason


def test_a_failure_says_why_in_few_words():
    found = read({"error": "x" * 100_000})
    assert found.clusters == ()
    assert len(found.reason) < 600
