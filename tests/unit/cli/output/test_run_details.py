from datetime import timedelta

from rich.console import Console
from tests.support.cli.run_documents import START, run_document
from tests.support.clock import ManualClock

from pfi_cli.api.runs import Run
from pfi_cli.output.run_details import print_run


def test_a_run_that_waits_for_its_first_round_has_its_true_age(capsys):
    document = run_document(state="running") | {
        "rounds": [],
        "created_at": START.isoformat(),
        "ended_at": None,
    }
    clock = ManualClock(START + timedelta(seconds=42))
    print_run(Run.model_validate(document), Console(width=160), clock)
    assert "elapsed 42.0 s" in capsys.readouterr().out
