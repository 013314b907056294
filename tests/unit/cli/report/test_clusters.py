"""Reports of runs whose clients were grouped."""

import pytest
from rich.console import Console
from tests.support.cli.cluster_documents import LINES, PARTITION, clustered_document, line_document
from tests.support.cli.stored_run import StoredRunBuilder

from pfi_cli.api.runs import Run
from pfi_cli.report.adapter_checks import published_versions
from pfi_cli.report.build import build_report
from pfi_cli.report.clusters import cluster_findings
from pfi_cli.report.compute import loss_history
from pfi_cli.report.plots import draw_plots
from pfi_cli.report.sources import local_sources
from pfi_cli.report.terminal import print_report
from pfi_cli.report.words import markdown
from pfi_common.errors import ReportIncompleteError

VERSIONS = [("global", 0), ("global", 1), ("cluster-1", 2), ("cluster-2", 2)]


@pytest.fixture
async def stored(tmp_path):
    return await StoredRunBuilder(tmp_path, clustered_document()).write()


async def build(stored):
    return await build_report(stored.document, local_sources(stored.layout))


async def refused(stored, sentence):
    with pytest.raises(ReportIncompleteError, match=sentence):
        await build(stored)


async def test_every_line_is_read_back_and_verified(stored):
    report = await build(stored)
    assert [(each.line, each.version) for each in report.adapters] == VERSIONS
    assert report.statements_verified == 8
    assert [(each.line, each.round, each.counted) for each in report.rounds] == [
        ("global", 1, 2),
        ("cluster-1", 2, 1),
        ("cluster-2", 2, 1),
    ]
    assert [personal.name for personal in report.personal_adapters] == ["ada", "ben"]


async def test_each_cluster_has_the_losses_of_its_own_clients(stored):
    report = await build(stored)
    assert [(each.name, each.line) for each in report.clients] == [
        ("ada", "cluster-1"),
        ("ben", "cluster-2"),
    ]
    assert [each.losses.shared.mean for each in report.clusters] == [3.0, 4.0]
    assert [each.reported for each in report.clusters] == [1, 1]
    assert (report.partition.clusters, report.partition.silhouette) == (2, 0.456)


def test_losses_of_lines_are_kept_apart():
    history = loss_history(Run.model_validate(clustered_document()))
    assert [(each.line, each.version, each.by_client) for each in history] == [
        ("global", 0, {"ada": 4.0, "ben": 5.0}),
        ("cluster-1", 1, {"ada": 3.5}),
        ("cluster-1", 2, {"ada": 3.0}),
        ("cluster-2", 1, {"ben": 4.5}),
        ("cluster-2", 2, {"ben": 4.0}),
    ]


async def test_a_cluster_begins_with_the_version_of_the_probe_round(stored):
    await stored.write_version(2, line="cluster-2", parent="f" * 64)
    await refused(stored, "cluster-2 version 2 does not come from version 1")


async def test_an_adapter_of_another_line_is_refused(stored):
    await stored.write_version(2, line="cluster-2", signed_line="cluster-1")
    await refused(stored, "cluster-2 shared adapter, version 2: .* names another adapter")


async def test_another_lines_updates_are_not_counted(stored):
    foreign = stored._counted("cluster-1", 2)
    await stored.write_version(2, line="cluster-2", counted=foreign)
    await refused(stored, "cluster-2 round 2: the aggregator counted .*cluster-1")


async def test_a_client_evaluated_the_adapter_of_its_own_line(stored):
    rows = stored.document["evaluation"]
    rows[0]["line"], rows[1]["line"] = rows[1]["line"], rows[0]["line"]
    await stored.put("runs/r-0123456789/evaluation.json", {"evaluation": rows})
    await refused(stored, "client ada: it evaluated another shared adapter")


async def test_a_failed_line_is_told_and_the_others_reported(tmp_path):
    failed = line_document(
        1, state="failed", version=1, adapter_digest="", error={"detail": "1 of 2 updates"}
    )
    document = clustered_document(lines=[line_document(0), failed])
    document["rounds"][2] |= {"state": "aborted", "counted": 0}
    document["adapters"].pop()
    document["evaluation"].pop()
    builder = StoredRunBuilder(tmp_path, document)
    builder.write_agent = lambda _: None
    report = await build(await builder.write())
    assert [each.line for each in report.rounds] == ["global", "cluster-1"]
    told = list(cluster_findings(report))
    assert told[1] == "cluster-2 FAILED and its clients have no loss below: 1 of 2 updates."
    assert "| cluster-2 | 1 | 0 | 1 | - | - | - |" in markdown(report)


async def test_a_run_that_found_no_clusters_says_so(tmp_path):
    alike = PARTITION | {"clusters": 1, "silhouette": 0.02, "reason": "the updates are alike"}
    plain = StoredRunBuilder(tmp_path)
    plain.document |= {"partition": alike, "lines": []}
    report = await build(await plain.write())
    assert list(cluster_findings(report)) == [
        "No clusters were formed (silhouette 0.02): the updates are alike."
    ]
    assert published_versions(Run.model_validate(plain.document)) == [
        ("global", version) for version in range(3)
    ]


async def test_the_page_names_lines_everywhere(stored, tmp_path, capsys):
    report = await build(stored)
    text = markdown(report)
    assert "| client | line | held-out rows |" in text
    assert "| ada | cluster-1 | 10 | 4.0000 | 3.0000 |" in text
    assert "## Clusters" in text
    assert "| cluster-2 2 | 1 of 1 |" in text
    print_report(report, Console(width=100))
    assert "cluster-2" in capsys.readouterr().out
    assert all(file.stat().st_size > 10_000 for file in draw_plots(report, tmp_path))
    assert {each.line for each in report.history} == {"global", *LINES}
