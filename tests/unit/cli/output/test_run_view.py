from datetime import timedelta

import pytest
from rich.console import Console
from tests.support.cli.run_documents import (
    START,
    member,
    moment,
    round_document,
    run_document,
)

from pfi_cli.api.runs import Round, Run
from pfi_cli.output.run_lines import changes, waiting
from pfi_cli.output.run_rounds import progress
from pfi_cli.output.run_view import run_view
from pfi_cli.output.traffic import Traffic
from pfi_cli.output.units import bytes_text, loss_text, seconds_text


def drawn(document):
    console = Console(width=160, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    with console.file:
        console.print(run_view(Run.model_validate(document), 12.0))
        return console.export_text()


def training(number=2, **changes):
    cohort = [
        member(number, 0, state="training", steps_done=5),
        member(number, 1, state="committed"),
    ]
    return round_document(number, state="collecting", cohort=cohort, published_at=None, **changes)


def test_a_round_under_way_shows_each_clients_steps():
    rounds = [round_document(1), training()]
    text = drawn(run_document(state="running") | {"rounds": rounds})
    assert "round 1" in text
    assert "2/2 counted" in text
    assert "ada 5/40" in text
    assert "ben done" in text


def test_what_a_rule_left_out_is_told():
    document = run_document()
    assert "left out" not in drawn(document)
    document["adapters"][-1]["left_out"] = 1
    assert "2/2 counted, 1 left out, up" in drawn(document)
    (told,) = (line for line in changes(None, Run.model_validate(document)) if "left out" in line)
    assert "2 of 2 updates counted, 1 left out, in " in told


def test_a_published_round_fits_a_terminal_of_80_columns():
    document = run_document()
    for member_of in document["rounds"][0]["cohort"]:
        member_of["metrics"] |= {"uploaded_bytes": 15_850.0, "downloaded_bytes": 61_500.0}
    lines = [line.rstrip() for line in drawn(document).splitlines() if line.startswith("round 1")]
    assert all(len(line) <= 80 for line in lines)


def test_the_spools_of_a_round_are_shown_where_there_are_several():
    document = run_document() | {"rounds": [round_document(1, spools=["spool-0"])]}
    assert "spool-0" not in drawn(document)
    document["rounds"].append(training(spools=["spool-1", "spool-0"]))
    text = drawn(document)
    assert "2/2 counted, up 128 B, down 128 B; on spool-0" in text
    assert "ben done; on spool-1, spool-0" in text


@pytest.mark.parametrize(
    ("pieces", "text"),
    [({}, "reducing"), ({"pieces": 8, "pieces_done": 3}, "reducing: 3 of 8 pieces")],
)
def test_a_round_that_is_reduced_shows_its_pieces(pieces, text):
    reducing = round_document(2, state="reducing", published_at=None, **pieces)
    rounds = [round_document(1), reducing]
    lines = drawn(run_document(state="running") | {"rounds": rounds}).splitlines()
    (line,) = (line for line in lines if line.startswith("round 2"))
    assert line.rstrip().endswith(text)


def test_rounds_to_come_are_shown_empty():
    text = drawn(run_document(3, state="running") | {"rounds": [round_document(1)]})
    assert "round 3" in text


def test_losses_before_and_now_are_shown_per_client():
    line = next(line for line in drawn(run_document()).splitlines() if line.startswith("ada"))
    assert line.split() == ["ada", "4.000", "3.000", "2.000"]


def test_the_class_of_a_device_is_shown_where_one_said_any():
    assert "device class" not in drawn(run_document())
    document = run_document()
    document["rounds"][1]["cohort"][0]["device_class"] = "phone"
    lines = [line.split() for line in drawn(document).splitlines()]
    assert ["ada", "4.000", "3.000", "2.000", "phone"] in lines


def test_accuracy_and_cost_are_shown_where_they_are_reported():
    assert "accuracy" not in drawn(run_document())
    document = run_document()
    document["rounds"][1]["cohort"][0]["metrics"] |= {
        "eval_accuracy_shared": 0.5, "peak_memory_bytes": 2.5e9, "tokens_per_second": 12345.6,
    }  # fmt: skip
    document["evaluation"][0]["metrics"] |= {
        "eval_accuracy_backbone": 0.25, "eval_accuracy_shared": 0.875,
    }  # fmt: skip
    lines = [line.split() for line in drawn(document).splitlines()]
    assert ["ada", "25.0%", "87.5%", "-"] in lines
    assert ["ada", "2.5", "GB", "12,346"] in lines
    assert ["ben", "-", "-"] in lines


def test_bytes_and_time_are_totalled():
    assert "up 256 B  down 256 B  elapsed 12.0 s" in drawn(run_document())


def test_a_run_that_waits_says_for_what():
    why = {"waiting_for": "2 more clients", "unblocks": "", "next": ""}
    assert "waiting for 2 more clients" in drawn(run_document(state="running", why=why))


def test_a_failed_run_says_why():
    problem = {"reason": "QUORUM_NOT_REACHED", "detail": "1 of 2 updates"}
    assert "failed: 1 of 2 updates" in drawn(run_document(state="failed", error=problem))


@pytest.mark.parametrize(
    ("each", "share"),
    [
        (round_document(1), 1.0),
        (training(), (5 / 40 + 1) / 2),
        (round_document(1, state="opening", cohort=[]), 0.0),
        (round_document(1, state="collecting", cohort=[member(1, 0, state="assigned",
                                                              steps_total=0)]), 0.0),
    ],
)  # fmt: skip
def test_progress_is_the_share_of_steps(each, share):
    assert progress(Round.model_validate(each)) == share


def test_a_log_gets_a_line_for_each_change_and_none_for_steps():
    running = Run.model_validate(run_document(state="running") | {"rounds": [round_document(1)]})
    one_step = Run.model_validate(
        run_document(state="running") | {"rounds": [round_document(1), training()]}
    )
    ended = Run.model_validate(run_document())
    assert list(changes(None, running)) == [
        "river is running",
        "round 1 is published: 2 of 2 updates counted in 10.0 s, up 128 B, down 128 B",
    ]
    assert list(changes(running, one_step)) == ["round 2 is collecting"]
    assert list(changes(one_step, one_step)) == []
    assert next(iter(changes(one_step, ended))) == "river is completed"


@pytest.mark.parametrize("since", [None, moment(0), moment(60)])
@pytest.mark.parametrize(("seconds", "said"), [(1, None), (3, "waiting for 2 more clients")])
def test_a_log_says_what_a_run_waits_for_when_it_takes_long(seconds, said, since):
    why = {"waiting_for": "2 more clients", "since": since, "unblocks": "", "next": ""}
    run = Run.model_validate(run_document(state="running", why=why))
    later = START + timedelta(seconds=seconds)
    assert waiting(run, later, START) == said
    ended = run.model_copy(update={"state": "completed"})
    assert waiting(ended, START + timedelta(days=1), START) is None


def test_a_second_attempt_is_told():
    first = Run.model_validate(run_document(state="running") | {"rounds": [training()]})
    second = Run.model_validate(run_document(state="running") | {"rounds": [training(attempt=2)]})
    assert list(changes(first, second)) == ["round 2 (attempt 2) is collecting"]


def test_traffic_counts_rounds_and_evaluation():
    document = run_document()
    document["evaluation"][0]["metrics"]["downloaded_bytes"] = 64.0
    traffic = Traffic.of_run(Run.model_validate(document))
    assert (traffic.up_bytes, traffic.down_bytes) == (256, 320)


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0 B"), (999, "999 B"), (66_560, "66.6 kB"), (1_234_000, "1.23 MB"), (5e9, "5 GB")],
)
def test_sizes_are_short(count, text):
    assert bytes_text(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "-"), (0.0069, "7 ms"), (0.417, "0.42 s"), (12.34, "12.3 s"), (185.9, "3 min 05 s")],
)
def test_durations_are_short(seconds, text):
    assert seconds_text(seconds) == text


def test_a_loss_that_is_not_known_is_a_dash():
    assert loss_text(None) == "-"
