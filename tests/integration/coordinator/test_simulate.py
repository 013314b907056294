import json
import signal

import pytest

from pfi_coordinator.bootstrap.simulate import _interruptible
from pfi_coordinator.main import main

pytestmark = pytest.mark.integration

SPEC = """\
name: keyboards
backbone: {model: tiny}
cohort: {size: 20, over_select: 1.3, minimum: 10, deadline: 10m}
stop: {rounds: 3}
"""


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "spec.yaml"
    path.write_text(SPEC)
    return path


def simulated(spec, out, *more):
    return main(["simulate", str(spec), "--clients", "500", "--out", str(out), *more])


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_simulation_writes_the_same_bytes(spec, tmp_path, capsys):
    assert simulated(spec, tmp_path / "first", "--target", "2.9") == 0
    printed = capsys.readouterr().out
    assert simulated(spec, tmp_path / "second", "--target", "2.9") == 0
    first, second = files(tmp_path / "first"), files(tmp_path / "second")
    assert first == second
    pictures = {"rounds.png", "devices.png", "load.png", "tasks.png", "learning.png"}
    assert set(first) == {"simulation.json", "simulation.md", *pictures}
    assert "3 of 3 published" in printed
    assert "loss 2.9" in printed
    page = first["simulation.md"].decode()
    assert all(f"]({name})" in page for name in pictures)


def test_the_figures_say_what_was_assumed(spec, tmp_path):
    devices = tmp_path / "devices.yaml"
    devices.write_text("zones: {always_on: 1}\nfailures: {given_back: 0, silent: 0}\n")
    out = tmp_path / "out"
    assert simulated(spec, out, "--devices", str(devices), "--no-plots", "--seed", "4") == 0
    assert set(files(out)) == {"simulation.json", "simulation.md"}
    found = json.loads((out / "simulation.json").read_text())
    assert found["run"] == "keyboards"
    assert found["scenario"]["seed"] == 4
    assert found["assumptions"]["devices"]["zones"]["always_on"] == 1
    assert [row["counted"] >= 20 for row in found["outcome"]["rounds"]] == [True] * 3
    assert found["outcome"]["fates"]["dropped"] == 0


def test_the_written_assumptions_can_be_read_again(spec, tmp_path, capsys):
    assert main(["simulate", "--write-devices"]) == 0
    devices = tmp_path / "devices.yaml"
    devices.write_text(capsys.readouterr().out)
    assert simulated(spec, tmp_path / "out", "--no-plots", "--devices", str(devices)) == 0
    assert simulated(spec, tmp_path / "plain", "--no-plots") == 0
    assert files(tmp_path / "out") == files(tmp_path / "plain")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ("cohort: {size: 900}", "cohort.minimum 900 with 500 clients"),
        ("cluster: {method: update_similarity}", "cluster.method none"),
        ("cohort: {size: many}", "cohort.size"),
    ],
)
def test_what_cannot_be_simulated_is_refused_with_the_reason(tmp_path, capsys, changed, said):
    path = tmp_path / "spec.yaml"
    path.write_text(f"name: a\nbackbone: {{model: tiny}}\n{changed}\n")
    assert simulated(path, tmp_path / "out") == 1
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_files_that_cannot_be_used_are_named(spec, tmp_path, capsys):
    assert main(["simulate"]) == 1
    assert "which run?" in capsys.readouterr().err
    assert simulated(tmp_path / "missing.yaml", tmp_path / "out") == 1
    assert "missing.yaml cannot be read" in capsys.readouterr().err
    taken = tmp_path / "taken"
    taken.write_text("")
    assert simulated(spec, taken, "--no-plots") == 1
    assert "Name another folder with --out" in capsys.readouterr().err


@pytest.mark.parametrize("option", [("--clients", "0"), ("--seed", "-1"), ("--days", "-2")])
def test_numbers_that_mean_nothing_are_refused(spec, option):
    with pytest.raises(SystemExit) as caught:
        main(["simulate", str(spec), *option])
    assert caught.value.code == 2


def test_the_first_interrupt_asks_and_the_second_is_as_before():
    before = signal.getsignal(signal.SIGINT)
    with _interruptible() as interrupted:
        assert not interrupted()
        signal.raise_signal(signal.SIGINT)
        assert interrupted()
        assert signal.getsignal(signal.SIGINT) is before
    assert signal.getsignal(signal.SIGINT) is before
