"""The job that groups clients, from its arguments to its answer."""

import json

import numpy as np
import pytest
from tests.support.aggregator.artifacts import InMemoryArtifacts
from tests.support.aggregator.partitions import group_sketches, partition_arguments, path_of

from pfi_aggregator.application.partition_clients import PartitionClients
from pfi_aggregator.wire.partitions import read_partition_name, read_partition_request
from pfi_common.errors import InvalidRequestError, PartitionFailedError

ARGUMENTS = partition_arguments(group_sketches([3, 2]))


async def answer_to(arguments: dict[str, object]) -> dict[str, object]:
    artifacts = InMemoryArtifacts()
    name, request = read_partition_name(arguments), read_partition_request(arguments)
    await PartitionClients(artifacts).run(name, request)
    return json.loads(artifacts.pointers[path_of(arguments)])


async def test_the_answer_has_the_clusters():
    answer = await answer_to(ARGUMENTS)
    assert (answer["run"], answer["digest"]) == (ARGUMENTS["run"], ARGUMENTS["digest"])
    clients = ARGUMENTS["clients"]
    assert answer["clusters"] == [clients[:3], clients[3:]]
    assert answer["count"] == 2
    assert answer["silhouette"] > 0.5
    assert answer["reason"].startswith("2 clusters")


async def test_equal_questions_have_equal_answers():
    assert await answer_to(ARGUMENTS) == await answer_to(dict(reversed(ARGUMENTS.items())))


async def test_one_cluster_says_why():
    answer = await answer_to(partition_arguments(group_sketches([1, 1])))
    assert answer["clusters"] == [["c-000000000000", "c-000000000001"]]
    assert (answer["count"], answer["silhouette"]) == (1, None)
    assert "need more than 2 clients" in answer["reason"]


async def test_a_refusal_is_an_answer():
    artifacts = InMemoryArtifacts()
    error = PartitionFailedError("A client is named twice.")
    await PartitionClients(artifacts).refuse(read_partition_name(ARGUMENTS), error)
    answer = json.loads(artifacts.pointers[path_of(ARGUMENTS)])
    assert answer["error"] == "A client is named twice."
    assert set(answer) == {"run", "digest", "error"}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"clients": "c-1"}, "Arguments of the partition are wrong: clients."),
        ({"count": "auto"}, "wrong: count."),
        ({"seed": 1.5}, "wrong: seed."),
        ({"more": 1}, "wrong: more."),
        ({"sketches": "%%"}, "not base64"),
        ({"sketches": "äöü"}, "not base64"),
        ({"sketches": "AAAA"}, "one row of numbers"),
        ({"clients": []}, "one row of numbers"),
        ({"sketches": ""}, "A sketch is empty"),
        ({"minimum_size": 0}, "minimum_size"),
        ({"clients": ["c-1"] * 5}, "named twice"),
    ],
)
def test_wrong_arguments_are_refused(changes, message):
    arguments = partition_arguments(group_sketches([3, 2]), changes)
    with pytest.raises(PartitionFailedError, match=message):
        read_partition_request(arguments)


def test_numbers_that_are_not_finite_are_refused():
    sketches = group_sketches([3, 2])
    sketches[2, 5] = np.nan
    with pytest.raises(PartitionFailedError, match="not finite"):
        read_partition_request(partition_arguments(sketches))


def test_a_missing_argument_is_refused():
    arguments = {name: value for name, value in ARGUMENTS.items() if name != "seed"}
    with pytest.raises(PartitionFailedError, match="seed"):
        read_partition_request(arguments)


def test_other_arguments_than_the_digest_names_are_refused():
    with pytest.raises(PartitionFailedError, match="digest"):
        read_partition_request({**ARGUMENTS, "seed": 8})


@pytest.mark.parametrize("arguments", [{}, {"run": "r-1"}, {"run": "../x", "digest": "ab" * 32}])
def test_an_answer_needs_a_place(arguments):
    with pytest.raises(InvalidRequestError):
        read_partition_name(arguments)
