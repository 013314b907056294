import json

import pytest
from tests.support.cli.run_documents import RUN
from tests.support.cli.stored_run import StoredRunBuilder

from pfi_cli.report.run_document import find_run_document
from pfi_cli.report.sources import local_sources
from pfi_cli.report.write import write_report
from pfi_common.errors import ReportIncompleteError, ServiceUnavailableError


@pytest.fixture
async def stored(tmp_path):
    return await StoredRunBuilder(tmp_path).write()


def written(stored):
    return write_report(
        stored.document, local_sources(stored.layout), stored.layout.reports / "river"
    )


def test_a_report_is_written_as_text_json_and_plots(stored):
    names = {path.name for path in written(stored).folder.iterdir()}
    assert names == {
        "report.md",
        "report.json",
        "run.json",
        "loss_per_client.png",
        "loss_by_round.png",
        "bytes_per_round.png",
        "round_time.png",
    }


def test_the_json_holds_every_figure(stored):
    report = json.loads((written(stored).folder / "report.json").read_text())
    assert report["losses"]["personal"]["mean"] == 2.0


def test_nothing_is_written_when_something_is_missing(stored):
    stored.artifact("adapters", stored.digests["global", 0]).unlink()
    with pytest.raises(ReportIncompleteError):
        written(stored)
    assert not stored.layout.reports.exists()


@pytest.mark.parametrize("name", [RUN, "river"])
def test_a_later_report_needs_no_running_federation(stored, name):
    written(stored)
    assert find_run_document(stored.layout, name) == stored.document


def test_without_federation_and_earlier_report_it_says_what_to_start(stored):
    with pytest.raises(ServiceUnavailableError, match="pfi up --state"):
        find_run_document(stored.layout, "river")


def test_a_folder_without_a_federation_has_no_sources(tmp_path):
    from pfi_cli.local.layout import StateLayout

    with pytest.raises(ReportIncompleteError, match="no federation"):
        local_sources(StateLayout(tmp_path / "none"))
