"""The agent's training against a plain PEFT loop: same model, rows, batches and optimiser."""

import random
import tempfile
import time
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmarks.result import Result, Row, Target
from benchmarks.workload import BACKBONE
from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.learning.description import describe_backbone
from pfi_client_agent.adapters.learning.learner import TorchLearner
from pfi_client_agent.domain.rows import Row as DataRow
from pfi_client_agent.domain.rows import TextRow, content_digest
from pfi_client_agent.domain.split import Split, split_rows
from pfi_client_agent.domain.training import BackboneReference, StepOptions
from pfi_common.spec import parse_run_spec
from pfi_common.tensors import initial_adapter

STEPS = 20
BATCH_SIZE = 4
MAXIMUM_TOKENS = 128
LEARNING_RATE = 1.0e-3
RANK, ALPHA, TARGETS = 8, 16, ["q_proj", "v_proj"]
LIMIT = 0.97


def long_rows() -> list[str]:
    """Texts that all reach the longest length, so that every batch costs the same."""
    source = random.Random(1)
    words = ["river", "heron", "otter", "bridge", "morning", "seven", "letters", "under", "light"]
    return [" ".join(source.choices(words, k=400)) for _ in range(64)]


class PlainLoop:
    """What one would write with torch, transformers and peft alone."""

    def __init__(self, texts: list[str]) -> None:
        tokenizer = AutoTokenizer.from_pretrained(BACKBONE)
        backbone = AutoModelForCausalLM.from_pretrained(BACKBONE, dtype=torch.float32)
        config = LoraConfig(r=RANK, lora_alpha=ALPHA, target_modules=TARGETS, task_type="CAUSAL_LM")
        self._model = get_peft_model(backbone, config)
        self._rows = [
            tokenizer(text, truncation=True, max_length=MAXIMUM_TOKENS)["input_ids"]
            for text in texts
        ]

    def steps_per_second(self) -> float:
        """Trains and gives the speed."""
        order = random.Random(2)
        parameters = [p for p in self._model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=0.0, fused=True)
        started = time.perf_counter()
        for _ in range(STEPS):
            ids = torch.tensor(order.sample(self._rows, BATCH_SIZE))
            loss = self._model(input_ids=ids, attention_mask=torch.ones_like(ids), labels=ids).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        return STEPS / (time.perf_counter() - started)


class AgentLoop:
    """The agent's own workbench, as a task uses it."""

    def __init__(self, texts: list[str], folder: Path) -> None:
        spec = parse_run_spec({
            "name": "benchmark",
            "backbone": {"model": BACKBONE},
            "adapter": {"rank": RANK, "alpha": ALPHA, "target_modules": TARGETS},
        })  # fmt: skip
        cache = DigestCache(folder / "digests.json")
        described = describe_backbone(spec, Path(BACKBONE), cache)
        learner = TorchLearner(cache, None, threads=torch.get_num_threads(), held_out_limit=1)
        reference = BackboneReference(BACKBONE, "", described.backbone_digest)
        self._workbench = learner.open(reference, described.adapter_schema)
        self._base = initial_adapter(described.adapter_schema, seed=1)
        rows: dict[bytes, DataRow] = {}
        for text in texts:
            row = TextRow(text)
            rows[content_digest(row)] = row
        self._rows: Split = split_rows(rows, fraction=0.01, seed=1)
        self._options = StepOptions(
            steps=STEPS,
            batch_size=BATCH_SIZE,
            gradient_accumulation=1,
            learning_rate=LEARNING_RATE,
            proximal_mu=0.0,
            maximum_tokens=MAXIMUM_TOKENS,
            seed=2,
        )

    def steps_per_second(self) -> float:
        """Trains and gives the speed that the agent reports."""
        outcome = self._workbench.train_shared(
            self._base, self._rows, self._options, lambda _: None
        )
        return outcome.steps_per_second


def measure(runs: int = 31) -> Result:
    """Runs both loops in turns, so that the machine's moods meet both; the first turn warms up."""
    torch.set_num_threads(1)
    texts = long_rows()
    with tempfile.TemporaryDirectory() as folder:
        plain, agent = PlainLoop(texts), AgentLoop(texts, Path(folder))
        pairs = [(plain.steps_per_second(), agent.steps_per_second()) for _ in range(runs + 1)][1:]
    ratios = [ours / theirs for theirs, ours in pairs]
    ratio = Row.of("agent training throughput against a plain PEFT loop", "ratio", ratios)
    return Result(
        name="training-throughput",
        about=f"Demo backbone, {BATCH_SIZE} rows of {MAXIMUM_TOKENS} tokens a batch, one thread.",
        rows=[
            ratio,
            Row.of("agent", "steps/s", [ours for _, ours in pairs]),
            Row.of("plain loop", "steps/s", [theirs for theirs, _ in pairs]),
        ],
        targets=[
            Target(ratio.what, "target at least 0.97", f"{ratio.median:.3f}", ratio.median >= LIMIT)
        ],
    )
