"""What benchmarks compute from what they measured."""

import pytest
from benchmarks.page import draw, page_text
from benchmarks.result import Row
from benchmarks.round_overhead import round_times
from tests.support.cli.run_documents import round_document, run_document

RESULT = {
    "name": "round-overhead",
    "about": "About.",
    "command": "make bench NAME=round-overhead",
    "commit": "0123456789abcdef0123456789abcdef01234567 with changes",
    "machine": {
        "processor": "P",
        "cores": 2,
        "memory_gib": 23.4,
        "system": "Linux",
        "load_before": 0.1,
    },
    "versions": {"python": "3.11.7"},
    "rows": [{"what": "a|b", "unit": "s", "median": 1.5, "minimum": 1, "maximum": 2, "count": 3}],
    "targets": [{"what": "a", "target": "below 1 s", "value": "1.5 s", "met": False}],
    "notes": ["Note."],
    "measured": {"overhead_seconds": [1.0, 1.5, 2.0]},
}


def test_overhead_is_what_a_report_says():
    first, last = round_times(run_document())
    assert (first.wall, first.longest_work, first.overhead) == (10.0, 9.0, 1.0)
    assert last.wall == 10.0


def test_a_reopened_round_is_not_measured():
    with pytest.raises(ValueError, match="reopened"):
        round_times(run_document(rounds=1) | {"rounds": [round_document(1, attempt=2)]})


def test_a_row_sums_up():
    row = Row.of("time", "s", [3.0, 1.0, 2.0])
    assert (row.median, row.minimum, row.maximum, row.count) == (2.0, 1.0, 3.0, 3)


def test_the_page_shows_missed_aims_and_where_it_was_measured():
    page = page_text([RESULT])
    assert "| a: below 1 s | 1.5 s | **no** |" in page
    assert "| a\\|b (s) | 1.5 | 1 | 2 | 3 |" in page
    assert "Commit 0123456789ab with changes; P, 2 cores" in page


@pytest.mark.parametrize("results", [[], [RESULT]])
def test_the_plot_is_drawn_from_what_there_is(results, tmp_path):
    draw(results, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
