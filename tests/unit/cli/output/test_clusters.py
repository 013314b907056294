"""Runs with clusters on the terminal."""

import io

import pytest
from rich.console import Console
from tests.support.cli.cluster_documents import (
    PARTITION,
    clustered_document,
    clusters_document,
    line_document,
    line_round,
)
from tests.support.cli.run_documents import member, moment, round_document

from pfi_cli.api.clusters import Clusters
from pfi_cli.api.runs import Partition, Run
from pfi_cli.output.clusters import partition_text, print_clusters
from pfi_cli.output.run_details import print_run
from pfi_cli.output.run_lines import changes
from pfi_cli.output.run_view import run_view

PENDING = PARTITION | {"state": "pending", "clusters": None, "silhouette": None}
ALIKE = PARTITION | {"clusters": 1, "silhouette": 0.02, "reason": "the updates are too alike"}


def run(**changes):
    return Run.model_validate(clustered_document(**changes))


def drawn(shown, width=100):
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(run_view(shown, 12.0))
    return console.export_text()


def probing(**changes):
    """The run before its clients were grouped."""
    values = {
        "state": "running",
        "rounds": [round_document(1)],
        "lines": [],
        "evaluation": [],
        "partition": None,
        "ended_at": None,
    }
    return run(**(values | changes))


def test_rounds_of_each_line_are_bars_of_their_own():
    rows = [line.split("━")[0].strip() for line in drawn(run()).splitlines() if "%" in line]
    assert rows == [
        "round 1",
        "cluster-1 round 2",
        "cluster-1 evaluation",
        "cluster-2 round 2",
        "cluster-2 evaluation",
    ]


def test_clients_are_shown_with_their_line():
    lines = drawn(run()).splitlines()
    ada = next(line for line in lines if line.startswith("ada"))
    assert ada.split() == ["ada", "4.000", "3.000", "2.000", "cluster-1"]


def test_rounds_to_come_are_those_of_lines_that_go_on():
    spec = clustered_document()["spec"] | {"stop": {"rounds": 3}}
    failed = line_document(1, state="failed", error={"detail": "1 of 2 updates"})
    shown = run(spec=spec, state="running", lines=[line_document(0, state="running"), failed])
    text = drawn(shown)
    assert "cluster-1 round 3" in text
    assert "cluster-2 round 3" not in text
    assert "cluster-2 failed: 1 of 2 updates" in text


def test_before_the_clusters_only_the_probe_is_to_come():
    text = drawn(probing(rounds=[]))
    assert "round 1" in text
    assert "round 2" not in text
    alike = drawn(probing(partition=ALIKE))
    assert "round 2" in alike
    assert "too alike" in alike


@pytest.mark.parametrize(
    ("partition", "text"),
    [
        (None, "no clusters: the run has none, or its probe round is not published yet"),
        (PENDING, "the clients are being grouped by their updates of round 1"),
        (PARTITION, "2 clusters since round 1, silhouette 0.46"),
        (ALIKE, "no clusters, silhouette 0.02: the updates are too alike"),
    ],
)
def test_how_clients_were_grouped_is_said(partition, text):
    known = None if partition is None else Partition.model_validate(partition)
    assert partition_text(known) == text


def test_a_log_tells_of_clusters_and_of_the_ends_of_lines():
    grouped = run(state="running", lines=[line_document(i, state="running") for i in (0, 1)])
    failed = line_document(1, state="failed", error={"detail": "1 of 2 updates"})
    ended = run(lines=[line_document(0), failed])
    told = list(changes(probing(), grouped))
    assert told[0] == "2 clusters since round 1, silhouette 0.46"
    assert told[1].startswith("cluster-1 round 2 is published: 1 of 1 updates counted")
    assert list(changes(grouped, ended)) == [
        "river is completed",
        "cluster-1 is completed",
        "cluster-2 is failed: 1 of 2 updates",
    ]


def test_rounds_of_lines_with_one_number_are_kept_apart():
    again = line_round(0, attempt=2, opened_at=moment(40), published_at=moment(50))
    shown = run(rounds=[round_document(1), line_round(0, state="aborted"), again, line_round(1)])
    assert [(each.line, each.round, each.attempt) for each in shown.rounds] == [
        ("global", 1, 1),
        ("cluster-1", 2, 2),
        ("cluster-2", 2, 1),
    ]
    assert shown.rounds[1].wall_seconds == 10.0


def test_lines_are_sorted_by_number():
    lines = [line_document(0, line=f"cluster-{number}") for number in (10, 2, 1)]
    assert run(lines=lines).line_names == ("global", "cluster-1", "cluster-2", "cluster-10")


def test_the_newest_adapter_of_each_line_is_named(capsys):
    print_run(run(), Console(width=120))
    told = [line for line in capsys.readouterr().out.splitlines() if "adapter version" in line]
    assert [line.partition(" version")[0] for line in told] == [
        "adapter",
        "cluster-1: adapter",
        "cluster-2: adapter",
    ]


def test_members_are_listed_with_what_placed_them():
    console = Console(width=100, record=True, file=io.StringIO())
    print_clusters(Clusters.model_validate(clusters_document()), console)
    rows = [line.split() for line in console.export_text().splitlines()]
    assert rows[0] == ["2", "clusters", "since", "round", "1,", "silhouette", "0.46"]
    assert rows[2] == ["cluster-1", "2", "c-00000000000a", "ada", "probe", "round"]
    assert rows[3] == ["cluster-2", "2", "c-00000000000b", "ben", "first", "task"]
    assert rows[4] == ["none", "c-00000000000c"]


def test_a_client_without_a_round_of_its_line_is_in_the_global_one():
    newcomer = member(1, 0) | {"client": "c-00000000000c", "display_name": "cora"}
    first = round_document(1)
    shown = run(rounds=[first | {"cohort": [*first["cohort"], newcomer]}, line_round(0)])
    cora = next(line for line in drawn(shown).splitlines() if line.startswith("cora"))
    assert cora.split()[-1] == "global"
