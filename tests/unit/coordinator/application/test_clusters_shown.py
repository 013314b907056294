"""Clusters as people, devices and dashboards see them."""

import pytest
from prometheus_client import CollectorRegistry
from tests.support.coordinator.values import RUN, document
from tests.unit.coordinator.domain.builders import (
    CLUSTERS,
    FORMED,
    PROBED,
    adapter,
    clustered_run,
    line_adapter,
    through_round,
)

from pfi_common.errors import RunUnknownError
from pfi_coordinator.application.apply_event import ApplyEvent
from pfi_coordinator.application.serving_adapter import FindServingAdapter
from pfi_coordinator.application.show_clusters import ShowClusters
from pfi_coordinator.domain import events
from pfi_coordinator.entrypoints.rest import responses
from pfi_coordinator.metrics import CoordinatorMetrics

LARGE, SMALL = ("c-1", "c-2", "c-3"), ("c-4", "c-5")
NEW = "c-6"
LINES = {"cluster-1": LARGE, "cluster-2": SMALL}
JOINED = (
    *through_round("cluster-1", LARGE),
    *through_round("cluster-2", SMALL),
    events.ClientsEligible((NEW,)),
    events.ClientPlaced(1, NEW, "cluster-2"),
)


@pytest.fixture
def show(graph):
    return ShowClusters(graph.ports.runs, graph.ports.registry)


async def play(graph, *history, **changes):
    await graph.ports.runs.create(document(RUN), clustered_run(**changes))
    for event in history:
        await graph.apply(RUN, event)


async def test_a_run_without_clusters_has_none(graph, show):
    await play(graph, *PROBED)
    shown = responses.Clusters.model_validate(await show("assistants"))
    assert shown.clusters == []
    assert shown.partition.state == "pending"
    with pytest.raises(RunUnknownError):
        await show("r-ffffffffff")


async def test_members_of_each_cluster_are_shown(graph, show):
    await play(graph, *FORMED)
    shown = responses.Clusters.model_validate(await show(RUN))
    assert {
        each.line: tuple(member.client for member in each.members) for each in shown.clusters
    } == LINES
    assert {member.placed for each in shown.clusters for member in each.members} == {"probe"}
    assert (shown.partition.clusters, shown.partition.silhouette) == (2, 0.5)
    assert shown.unplaced == []


async def test_the_run_tells_its_lines(graph):
    await play(graph, *FORMED, *through_round("cluster-2", SMALL))
    shown = responses.Run.model_validate(await graph.show(RUN))
    assert [(each.line, each.members, each.version) for each in shown.lines] == [
        ("cluster-1", 3, 1),
        ("cluster-2", 2, 2),
    ]
    assert [(each.line, each.round) for each in shown.rounds] == [("global", 1), ("cluster-2", 2)]
    assert [(each.line, each.version) for each in shown.adapters] == [
        ("global", 0),
        ("global", 1),
        ("cluster-2", 2),
    ]


async def test_a_device_answers_with_the_newest_of_its_own_line(graph):
    find = FindServingAdapter(graph.ports.runs, graph.ports.serving, graph.ports.memberships)
    await play(graph, *FORMED)
    assert (await find("c-4", RUN)).adapter == adapter(1)
    for event in through_round("cluster-2", SMALL):
        await graph.apply(RUN, event)
    assert (await find("c-4", RUN)).adapter == line_adapter("cluster-2", 2)
    assert (await find("c-1", RUN)).adapter == adapter(1)
    assert (await find(NEW, RUN)).adapter == adapter(1)


def observed(graph):
    registry = CollectorRegistry()
    metrics = CoordinatorMetrics(registry)
    graph.apply = ApplyEvent(graph.ports.runs, graph.clock, metrics.observe)

    def value(name, **labels):
        return registry.get_sample_value(f"pfi_coordinator_{name}", labels) or 0.0

    return value


async def test_lines_and_placed_clients_are_counted(graph):
    value = observed(graph)
    await play(graph, *PROBED)
    assert value("cluster_lines", state="running") == 0
    for event in FORMED[len(PROBED) :]:
        await graph.apply(RUN, event)
    assert value("cluster_lines", state="running") == len(CLUSTERS)
    assert value("clients_placed_total", by="probe") == 5
    assert value("clients_placed_total", by="first_task") == 0
    await graph.apply(RUN, events.CancelRequested())
    assert value("cluster_lines", state="running") == 0
    assert value("cluster_lines", state="cancelled") == len(CLUSTERS)


async def test_a_client_that_joins_later_is_told_apart(graph, show):
    value = observed(graph)
    await play(graph, *FORMED, *JOINED, rounds=3)
    shown = responses.Clusters.model_validate(await show(RUN))
    (small,) = (each for each in shown.clusters if each.line == "cluster-2")
    assert {each.client: each.placed for each in small.members}[NEW] == "first_task"
    assert value("clients_placed_total", by="first_task") == 1
