from io import StringIO

import pytest
from rich.console import Console
from tests.support.cli.run_documents import run_document

from pfi_cli.api.runs import Run
from pfi_cli.report import compute
from pfi_cli.report.figures import Report
from pfi_cli.report.plots import draw_plots
from pfi_cli.report.plots.loss_by_round import spread_apart
from pfi_cli.report.terminal import print_report
from pfi_cli.report.words import PLOTS, findings, markdown


def report(**changes):
    run = Run.model_validate(run_document())
    clients = [compute.client_outcome(each) for each in run.evaluation]
    rounds = [compute.round_outcome(each, 20, 128) for each in run.rounds]
    values = {
        "run": run.run,
        "name": run.name,
        "created_at": run.created_at,
        "ended_at": run.ended_at,
        "backbone": "tiny",
        "backbone_digest": run.backbone_digest,
        "parameter_count": 1000,
        "coordinate_count": 16,
        "spec": run.spec,
        "clients": clients,
        "silent_clients": [],
        "losses": compute.loss_summary(clients),
        "history": compute.loss_history(run),
        "rounds": rounds,
        "traffic": compute.traffic_comparison(rounds, 1000),
        "adapters": [],
        "personal_adapters": [],
        "statements_verified": 6,
        "partition": None,
        "clusters": [],
    }
    return Report.model_validate(values | changes)


def classified(**accuracies):
    clients = [
        client.model_copy(
            update={
                "accuracy_backbone": 0.5,
                "accuracy_shared": 0.75,
                "accuracy_personal": 1.0,
            }
            | accuracies
        )
        for client in report().clients
    ]
    return report(clients=clients, accuracies=compute.accuracy_summary(clients))  # fmt: skip


def test_what_the_aggregation_rule_left_out_is_told():
    rounds = [each.model_copy(update={"left_out": 1}) for each in report().rounds]
    counted = sum(each.counted for each in rounds)
    (told,) = (each for each in findings(report(rounds=rounds)) if "left out" in each)
    assert told.startswith(f"The aggregation rule left out {len(rounds)} of {counted} counted")
    assert not any("left out" in each for each in findings(report()))


def test_the_class_of_a_device_is_told_where_one_said_any():
    assert "device class" not in markdown(report())
    classes = ("phone", "")
    clients = [
        client.model_copy(update={"device_class": name})
        for client, name in zip(report().clients, classes, strict=True)
    ]
    lines = markdown(report(clients=clients)).splitlines()
    assert (
        "| client | device class | held-out rows | backbone | shared | shared + personal |" in lines
    )
    assert any(line.startswith("| ada | phone | 10 |") for line in lines)
    assert any(line.startswith("| ben |  | 10 |") for line in lines)


def test_a_classifier_tells_its_accuracy():
    text = markdown(classified())
    assert "predicts 75.0% of a client's held-out labels on average" in text
    assert "the backbone with an untrained head 50.0%" in text
    assert "| ada | 50.0% | 75.0% | 100.0% |" in text
    assert "| mean ± deviation | 50.0% ± 0.0% | 75.0% ± 0.0% | 100.0% ± 0.0% |" in text
    assert "Nats per row" in text
    assert "WORSE than that for: ada, ben" in markdown(classified(accuracy_shared=0.25))
    assert "Accuracy" not in markdown(report())
    console = Console(width=120, record=True, file=StringIO())
    print_report(classified(), console)
    assert "50.0%" in console.export_text()
    assert Report.model_validate_json(classified().model_dump_json()) == classified()


def harmed(number):
    clients = list(report().clients)
    clients[number] = clients[number].model_copy(update={"shared": 9.125, "personal": 9.5})
    return report(clients=clients, losses=compute.loss_summary(clients))


def test_good_news_are_told():
    text = "\n".join(findings(report()))
    assert "beats the backbone for all 2 clients" in text
    assert "improves on the shared one for all 2 clients" in text
    assert "62 times as much" in text
    assert "at most 1.00 s" in text


def test_bad_news_are_told_with_names_and_numbers():
    text = "\n".join(findings(harmed(0)))
    assert "WORSE than the backbone for 1 of 2 clients: ada (9.125 against 4.000)" in text
    assert "WORSE than shared alone for: ada" in text
    assert "(worse than backbone)" in markdown(harmed(0))


def test_reopened_rounds_are_told_and_drawn(tmp_path):
    rounds = [
        each.model_copy(
            update={"attempt": 2, "time": each.time.model_copy(update={"overhead": None})}
        )
        for each in report().rounds
    ]
    reopened = report(rounds=rounds)
    text = "\n".join(findings(reopened))
    assert "Round 1, round 2 was reopened and has no overhead" in text
    assert "Round overhead" not in text
    assert "| 9.00 s | - |" in markdown(reopened)
    draw_plots(reopened, tmp_path)


def test_the_markdown_has_every_client_round_and_plot():
    text = markdown(report())
    assert "| ada | 10 | 4.0000 | 3.0000 | 2.0000 |" in text
    assert "4.5000 ± 0.7071" in text
    assert "| 2 | 2 of 2 | 10.0 s | 9.00 s | 1.00 s | 10 ms | 128 B | 128 B |" in text
    assert all(f"]({name})" in text for name in PLOTS)


def test_the_json_is_read_back_as_the_same_report():
    assert Report.model_validate_json(report().model_dump_json()) == report()


@pytest.mark.parametrize("personal", [True, False])
def test_all_plots_are_drawn(tmp_path, personal):
    drawn = report()
    if not personal:
        clients = [c.model_copy(update={"personal": None}) for c in drawn.clients]
        drawn = report(clients=clients, losses=compute.loss_summary(clients))
    files = draw_plots(drawn, tmp_path)
    assert sorted(file.name for file in files) == sorted(PLOTS)
    assert all(file.read_bytes().startswith(b"\x89PNG") for file in files)


def test_labels_that_would_overlap_are_moved_apart():
    assert spread_apart([3.0, 1.0, 1.1], 0.5) == [3.0, 1.0, 1.5]
    assert spread_apart([1.0, 1.0], 0.25) == [1.0, 1.25]
