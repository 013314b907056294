"""Bytes of updates and what encoding them lost, in reports and on terminals."""

import io

import pytest
from rich.console import Console
from tests.support.cli.run_documents import member, round_document, run_document
from tests.unit.cli.report.test_words_and_plots import report

from pfi_cli.api.runs import Run
from pfi_cli.output.client_measures import client_measures
from pfi_cli.report.encodings import (
    encoding_finding,
    encoding_lines,
    encoding_outcomes,
    encoding_table,
)


def encoded(number, index, encoding, payload_bytes, error):
    plain = member(number, index)
    return plain | {
        "upload_encoding": encoding,
        "payload_bytes": payload_bytes,
        "metrics": plain["metrics"] | {"upload_encoding_error": error},
    }


def mixed_run(*, first="int4_block", second="fp32", later=None) -> Run:
    """Two rounds of two clients; an aborted attempt is no part of what counts."""
    rounds = [
        round_document(1, cohort=[encoded(1, 0, first, 50, 0.2), encoded(1, 1, second, 400, 0.0)]),
        round_document(
            2, cohort=[encoded(2, 0, later or first, 50, 0.1), encoded(2, 1, second, 400, 0.0)]
        ),
        round_document(2, state="aborted", cohort=[encoded(2, 0, first, 50, 0.9)]),
    ]
    return Run.model_validate(run_document(rounds=2) | {"rounds": rounds})


def test_updates_are_summed_up_by_client_and_encoding():
    one, two = encoding_outcomes(mixed_run(), coordinate_count=100)
    assert (one.name, one.encoding, one.updates) == ("ada", "int4_block", 2)
    assert (one.update_bytes, one.share_of_fp32) == (50, 0.125)
    assert one.mean_error == pytest.approx(0.15)
    assert one.highest_error == 0.2
    assert (two.name, two.encoding, two.share_of_fp32, two.mean_error) == ("ben", "fp32", 1, 0)


def test_a_client_that_changed_its_encoding_has_two_rows():
    run = mixed_run(later="bf16")
    found = [(each.name, each.encoding) for each in encoding_outcomes(run, 100)]
    assert found == [("ada", "bf16"), ("ada", "int4_block"), ("ben", "fp32")]


def test_what_is_not_known_is_left_out():
    assert encoding_outcomes(Run.model_validate(run_document()), 100) == []
    assert list(encoding_finding([])) == []
    assert list(encoding_lines(report())) == []
    assert encoding_table(report()) is None


def test_the_report_says_what_was_saved_and_lost():
    outcomes = encoding_outcomes(mixed_run(), 100)
    (sentence,) = encoding_finding(outcomes)
    assert sentence == (
        "Updates travelled as fp32, int4_block in 56.2% of the bytes of fp32; encoding lost at "
        "most 20.00% of an update's norm."
    )
    made = report().model_copy(update={"encodings": outcomes})
    text = "\n".join(encoding_lines(made))
    assert "| ada | int4_block | 2 | 50 B | 12.5% | 15.00% | 20.00% |" in text
    console = Console(width=100, file=io.StringIO())
    console.print(encoding_table(made))
    assert "15.00%" in console.file.getvalue()


def test_a_run_in_fp32_says_nothing_new():
    outcomes = encoding_outcomes(mixed_run(first="fp32"), 100)
    assert list(encoding_finding(outcomes)) == []
    made = report().model_copy(update={"encodings": outcomes})
    assert encoding_table(made) is None
    assert "| ben | fp32 |" in "\n".join(encoding_lines(made))


def test_a_run_shows_the_last_update_of_each_client():
    console = Console(width=100, file=io.StringIO())
    for table in client_measures(mixed_run()):
        console.print(table)
    text = console.file.getvalue()
    assert "int4_block" in text
    assert "10.0%" in text
    console = Console(width=100, file=io.StringIO())
    for table in client_measures(mixed_run(first="fp32")):
        console.print(table)
    assert "fp32" not in console.file.getvalue()
