from io import StringIO

import pytest
from rich.console import Console
from tests.unit.cli.report.test_words_and_plots import report

from pfi_cli.report.answers import (
    answer_figures,
    answer_findings,
    answer_lines,
    load_answers,
    save_answers,
)
from pfi_cli.report.figures import ClientAnswers
from pfi_cli.report.terminal import print_report


def answered(name, own=9, *, without=0, other=0, passages=0):
    return ClientAnswers(
        name=name,
        questions=10,
        without_index=without,
        own_index=own,
        other_index=other,
        foreign_searches=0 if other is None else 10,
        foreign_passages=passages,
    )


def told(*clients):
    return "\n".join(answer_findings(report(answers=answer_figures(clients))))


def test_every_question_counts_the_same():
    figures = answer_figures([answered("ada", 9, without=1), answered("ben", 6, other=1)])
    assert (figures.without_index, figures.own_index, figures.other_index) == (0.05, 0.75, 0.05)
    assert figures.gain == pytest.approx(0.7)


def test_one_client_alone_has_no_other_index():
    figures = answer_figures([answered("ada", other=None)])
    assert figures.other_index is None
    written = told(answered("ada", other=None))
    assert "another client's index" not in written
    with pytest.raises(ValueError, match="no question"):
        answer_figures([])


def test_what_was_asked_is_kept_for_every_report_of_the_run(tmp_path):
    clients = [answered("ada"), answered("ben", 8)]
    save_answers(tmp_path / "answers", "r-1", clients)
    assert load_answers(tmp_path / "answers", "r-1") == answer_figures(clients)
    assert load_answers(tmp_path / "answers", "r-2") is None
    assert load_answers(None, "r-1") is None


def test_findings_say_what_an_index_is_worth_and_that_it_kept_to_its_owner():
    written = told(answered("ada"), answered("ben"))
    assert "0.0% without an index, 90.0% with the client's own index, 0.0% with another" in written
    assert "20 searches in another client's index" in written
    assert "gave none of its passages" in written
    assert "WORSE" not in written


def test_bad_news_are_told():
    written = told(answered("ada", 6), answered("ben", 6, passages=3))
    assert "better by +0.60, which is WORSE than the +0.70" in written
    assert "Isolation FAILED: 20 searches in another client's index gave 3" in written


def test_terminal_and_markdown_show_each_client():
    shown = report(answers=answer_figures([answered("ada"), answered("ben", 8, other=None)]))
    out = StringIO()
    print_report(shown, Console(file=out, width=200))
    assert "exact match" in out.getvalue()
    lines = list(answer_lines(shown))
    assert "| ada | 10 | 0 | 9 | 0 |" in lines
    assert "| ben | 10 | 0 | 8 | - |" in lines
    assert "| exact match | 20 | 0.00 | 0.85 | 0.00 |" in lines
    assert list(answer_lines(report())) == []
