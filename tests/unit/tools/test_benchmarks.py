"""What benchmarks compute from what they measured."""

from dataclasses import asdict
from importlib.util import find_spec

import pytest
import torch
from benchmarks import ingest
from benchmarks.__main__ import main
from benchmarks.gpu_training import AgentLoop, PlainLoop, Shape, build_backbone, full_texts
from benchmarks.intake.site import Intake
from benchmarks.names import BENCHMARKS, module_name
from benchmarks.page import page_text
from benchmarks.plots import SOURCE_KEY, draw, source_digest
from benchmarks.result import Row
from benchmarks.round_overhead import round_times
from PIL import Image
from tests.support.cli.run_documents import round_document, run_document
from transformers import AutoModelForCausalLM

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


@pytest.mark.parametrize("name", BENCHMARKS)
def test_every_benchmark_has_a_module(name):
    assert find_spec(f"benchmarks.{module_name(name)}") is not None


def test_a_row_sums_up():
    row = Row.of("time", "s", [3.0, 1.0, 2.0])
    assert (row.median, row.minimum, row.maximum, row.count) == (2.0, 1.0, 3.0, 3)


def test_the_page_shows_missed_aims_and_where_it_was_measured():
    page = page_text([RESULT])
    assert "| a: below 1 s | 1.5 s | **no** |" in page
    assert "| a\\|b (s) | 1.5 | 1 | 2 | 3 |" in page
    assert "Commit 0123456789ab with changes; P, 2 cores" in page


def test_a_picture_says_what_it_was_drawn_from(tmp_path):
    file = tmp_path / "new" / "plot.png"
    assert draw(RESULT, file)
    assert Image.open(file).text[SOURCE_KEY] == source_digest(RESULT)
    assert source_digest(RESULT | {"rows": []}) != source_digest(RESULT)


def test_a_result_without_a_picture(tmp_path):
    assert not draw(RESULT | {"name": "installation"}, tmp_path / "plot.png")
    assert "![" not in page_text([RESULT | {"name": "installation"}])
    assert "(../images/benchmarks/round-overhead.png)" in page_text([RESULT])


def test_ingest_draws_every_server_and_compares_medians(tmp_path):
    intakes = [Intake(seconds, 0.5, 10**9) for seconds in (1.0, 2.0, 4.0)]
    keys = [(kind, clients, code) for clients, code in ingest.CASES for kind in ingest.NAMES]
    result = ingest._result(dict.fromkeys(keys, intakes), {key: [1.0] for key in ingest.NAMES})
    assert [target.value[:4] for target in result.targets] == ["1.00", "1.00"]
    assert draw(RESULT | asdict(result), tmp_path / "plot.png")


@pytest.fixture
def small_shape():
    return Shape(hidden=32, layers=2, heads=4, tokens=48, batch=2, steps=3, rank=4, alpha=8)


def test_both_loops_of_the_cuda_benchmark_train(small_shape, tmp_path):
    assert build_backbone(tmp_path, small_shape) > 1e6
    texts = full_texts(small_shape, 8)
    agent = AgentLoop(tmp_path, texts, small_shape)
    outcome = agent.train(gradient_checkpointing=True)
    # Every row is as long as it may be, so that both loops see as many tokens.
    assert outcome.tokens_per_second / outcome.steps_per_second == pytest.approx(2 * 48)
    assert PlainLoop(tmp_path, texts, small_shape, "cpu").steps_per_second() > 0


def test_its_model_has_the_size_that_it_is_meant_to_have():
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(Shape().config())
    assert 100e6 < sum(parameter.numel() for parameter in model.parameters()) < 1e9


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_nothing_is_measured_without_a_cuda_device(tmp_path, monkeypatch, capsys):
    out = tmp_path / "result.json"
    monkeypatch.setattr("sys.argv", ["benchmarks", "gpu-training", "--out", str(out)])
    assert main() == 0
    assert "skipped: gpu-training needs a CUDA device" in capsys.readouterr().out
    assert not out.exists()
