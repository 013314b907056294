"""A classifier from the clients' files to the folder that PEFT loads, with real processes."""

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pyarrow
import pytest
from pyarrow import parquet
from tests.e2e.pfi_command import pfi
from tests.support.federation import Federation

from pfi_cli.api.runs import Run
from pfi_cli.demo.backbone import backbone_folder

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning"),
]

WORDS = {
    "garden": ["roses", "the hedge", "tomato plants", "the lawn", "seeds", "the old apple tree"],
    "kitchen": ["the oven", "bread", "a soup", "the kettle", "two plates", "the sharp knife"],
    "travel": ["the train", "a ticket", "the harbour", "our suitcase", "the airport", "a map"],
}
FRAMES = ["today we saw {}", "please look after {}", "{} and {} need a day", "who has {}?"]


def labelled_rows(seed: int, count: int = 120) -> list[dict[str, str]]:
    """Sentences about one of three topics, which is their label."""
    source = random.Random(seed)
    rows = []
    for number in range(count):
        label = source.choice(sorted(WORDS))
        said = source.choice(FRAMES).format(*source.sample(WORDS[label], 2))
        rows.append({"text": f"{number}: {said}", "label": label})
    return rows


def write_sources(folder: Path) -> dict[str, list[str]]:
    """The same kind of rows as JSON lines, as a parquet file, and as a folder."""
    lines, columns, files = (labelled_rows(seed) for seed in (1, 2, 3))
    # Rows that the run has no label for are left out.
    lines += [{"text": "a note without a label"}, {"text": "rain", "label": "weather"}]
    (folder / "ada.jsonl").write_text("\n".join(map(json.dumps, lines)), encoding="utf-8")
    table = {"body": [r["text"] for r in columns], "topic": [r["label"] for r in columns]}
    parquet.write_table(pyarrow.table(table), folder / "ben.parquet")
    (folder / "cleo").mkdir()
    for number in range(2):
        part = "\n".join(json.dumps(row) for row in files[number::2])
        (folder / "cleo" / f"{number}.jsonl").write_text(part, encoding="utf-8")
    return {
        "ada": ["ada.jsonl"],
        "ben": ["ben.parquet", "--columns", "text=body,label=topic"],
        "cleo": ["cleo"],
    }


@pytest.fixture(scope="module")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    folder = tmp_path_factory.mktemp("classifier")
    with Federation(folder / "state") as running:
        for name, (source, *more) in write_sources(folder).items():
            running.add_agent(name, folder / source, *more)
        running.wait_until_connected(3)
        yield running


def spec(name: str, head: str) -> dict:
    return {
        "name": name,
        "backbone": {"model": str(backbone_folder())},
        "task": "sequence-classification",
        "classification": {"labels": sorted(WORDS), "head": head},
        "local": {"steps": 20, "batch_size": 8, "learning_rate": 5e-3, "maximum_tokens": 48},
        "personalize": {"method": "dual_adapter", "steps": 10, "learning_rate": 5e-3},
        "cohort": {"size": 3},
        "evaluate": {"holdout": 0.25},
        "stop": {"rounds": 5},
        "seed": 3,
    }


@pytest.fixture(scope="module")
def completed(federation: Federation) -> Run:
    return federation.run_to_end(spec("topics", "shared"))


def mean(run: Run, metric: str) -> float:
    assert len(run.evaluation) == 3
    return sum(member.metrics[metric] for member in run.evaluation) / 3


def test_three_clients_learn_a_classifier(completed: Run, federation: Federation):
    assert mean(completed, "eval_accuracy_shared") > 0.9
    assert mean(completed, "eval_accuracy_shared") > mean(completed, "eval_accuracy_backbone") + 0.3
    assert mean(completed, "eval_accuracy_personal") > 0.9
    for member in completed.rounds[0].cohort:
        assert member.metrics["tokens_per_second"] > 0
        assert member.metrics["peak_memory_bytes"] > 1e8
    assert '"event": "rows_left_out"' in federation.log("ada")
    assert '"count": 2' in federation.log("ada")


def test_people_see_the_accuracy(completed: Run, federation: Federation):
    shown = pfi("run", "show", "topics", "--state", federation.layout.root)
    assert shown.returncode == 0, shown.stderr
    assert "accuracy" in shown.stdout
    assert "peak memory" in shown.stdout
    done = pfi("report", "topics", "--state", federation.layout.root, "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["accuracies"]["shared"]["mean"] > 0.9


def test_peft_loads_the_pulled_adapter_with_its_head(
    completed: Run, federation: Federation, tmp_path: Path
):
    done = pfi("adapter", "pull", "topics", "--out", tmp_path / "a", "--state",
               federation.layout.root)  # fmt: skip
    assert done.returncode == 0, done.stderr
    import torch
    from peft import PeftModel
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(backbone_folder())
    backbone = AutoModelForSequenceClassification.from_pretrained(
        backbone_folder(), num_labels=3, dtype=torch.float32
    )
    model = PeftModel.from_pretrained(backbone, tmp_path / "a").eval()
    rows = labelled_rows(9, 60)
    right = 0
    with torch.no_grad():
        for row in rows:
            logits = model(**tokenizer(row["text"], return_tensors="pt")).logits
            right += sorted(WORDS)[int(logits.argmax())] == row["label"]
    assert right / len(rows) > 0.85


def test_a_personal_head_stays_on_its_device(completed: Run, federation: Federation):
    run = federation.run_to_end(spec("own-heads", "personal"))
    assert mean(run, "eval_accuracy_personal") > 0.8
    assert mean(run, "eval_accuracy_personal") > mean(run, "eval_accuracy_backbone") + 0.2
    submitted = federation.layout.artifacts / "runs" / run.run / "run.json"
    schema = json.loads(submitted.read_text())["description"]["adapter_schema"]
    assert all(".lora_" in tensor["name"] for tensor in schema["tensors"])
