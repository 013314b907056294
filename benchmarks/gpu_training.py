"""The agent's LoRA training on a CUDA device in bfloat16 against a plain PEFT loop."""

import random
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from peft import LoraConfig, get_peft_model
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, Qwen2Config

from benchmarks.result import Result, Row, Skipped, Target
from pfi_client_agent.adapters.digest_cache import DigestCache
from pfi_client_agent.adapters.learning.learner import TorchLearner
from pfi_client_agent.adapters.learning.lora import lora_schema
from pfi_client_agent.adapters.learning.skeleton import open_skeleton
from pfi_client_agent.domain.rows import Row as DataRow
from pfi_client_agent.domain.rows import TextRow, content_digest
from pfi_client_agent.domain.split import split_rows
from pfi_client_agent.domain.training import BackboneReference, SharedOutcome, StepOptions
from pfi_common.tensors import initial_adapter

LEARNING_RATE = 2.0e-4
LIMIT = 0.97


@dataclass(frozen=True)
class Shape:
    """What is trained; a LoRA adapter of rank 16 on the attention's four projections.

    Attributes:
        hidden: Width of the model.
        layers: Number of its layers.
        heads: Attention heads; as many keys and values as a quarter of them.
        tokens: Tokens of a row; one a byte.
        batch: Rows of a batch.
        steps: Steps of a turn.
    """

    hidden: int = 1024
    layers: int = 24
    heads: int = 16
    tokens: int = 1024
    batch: int = 8
    steps: int = 20
    rank: int = 16
    alpha: int = 32
    target_modules: tuple[str, ...] = ("k_proj", "o_proj", "q_proj", "v_proj")

    def config(self) -> Qwen2Config:
        """The configuration that the model is built from; nothing is downloaded."""
        return Qwen2Config(
            hidden_size=self.hidden,
            intermediate_size=4 * self.hidden,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            num_key_value_heads=self.heads // 4,
            max_position_embeddings=max(2048, self.tokens),
            vocab_size=32_000,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=1,
            pad_token_id=0,
        )


def build_backbone(folder: Path, shape: Shape) -> int:
    """Writes a model with random weights and a tokenizer of bytes; gives its parameters."""
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(shape.config(), dtype=torch.bfloat16)
    model.save_pretrained(folder)
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    special = ["<pad>", "<end>"]
    vocabulary = {token: number for number, token in enumerate([*special, *alphabet])}
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token=special[1], pad_token=special[0]
    ).save_pretrained(folder)
    return sum(parameter.numel() for parameter in model.parameters())


def full_texts(shape: Shape, count: int = 64) -> list[str]:
    """Texts that all reach the longest length, so that every batch costs the same."""
    source = random.Random(1)
    return ["".join(source.choices("abcdefgh ", k=shape.tokens)) for _ in range(count)]


class PlainLoop:
    """What one would write with torch, transformers and peft alone."""

    def __init__(self, folder: Path, texts: Sequence[str], shape: Shape, device: str) -> None:
        dtype = torch.bfloat16 if device == "cuda" else torch.float32
        backbone = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).to(device)
        tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
        config = LoraConfig(
            r=shape.rank,
            lora_alpha=shape.alpha,
            target_modules=list(shape.target_modules),
            task_type="CAUSAL_LM",
        )
        self._shape, self._device = shape, device
        self._model = get_peft_model(backbone, config)
        self._rows = [
            tokenizer(text, truncation=True, max_length=shape.tokens)["input_ids"] for text in texts
        ]

    def steps_per_second(self) -> float:
        """Trains and gives the speed."""
        order = random.Random(2)
        parameters = [p for p in self._model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(parameters, lr=LEARNING_RATE, weight_decay=0.0, fused=True)
        losses = []
        started = time.perf_counter()
        for _ in range(self._shape.steps):
            ids = torch.tensor(order.sample(self._rows, self._shape.batch), device=self._device)
            mask = torch.ones_like(ids)
            loss = self._model(input_ids=ids, attention_mask=mask, labels=ids, use_cache=False).loss
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
            losses.append(loss.detach())
        # The device works behind the program's back; the losses are there when it is done.
        torch.stack(losses).mean().item()
        return self._shape.steps / (time.perf_counter() - started)


class AgentLoop:
    """The agent's own workbench, as a task uses it."""

    def __init__(self, folder: Path, texts: Sequence[str], shape: Shape) -> None:
        cache = DigestCache(folder / "digests.json")
        skeleton = open_skeleton(folder)
        reference = BackboneReference(str(folder), "", skeleton.digest(cache))
        schema = lora_schema(skeleton.model, shape)
        learner = TorchLearner(cache, None, threads=torch.get_num_threads(), held_out_limit=1)
        self._workbench = learner.open(reference, schema)
        self._base = initial_adapter(schema, seed=1)
        rows: dict[bytes, DataRow] = {content_digest(TextRow(t)): TextRow(t) for t in texts}
        self._rows = split_rows(rows, fraction=0.01, seed=1)
        self._shape = shape

    def train(self, *, gradient_checkpointing: bool = False) -> SharedOutcome:
        """Trains and gives what the agent reports."""
        options = StepOptions(
            steps=self._shape.steps,
            batch_size=self._shape.batch,
            gradient_accumulation=1,
            learning_rate=LEARNING_RATE,
            proximal_mu=0.0,
            maximum_tokens=self._shape.tokens,
            seed=2,
            gradient_checkpointing=gradient_checkpointing,
        )
        return self._workbench.train_shared(self._base, self._rows, options, lambda _: None)


@dataclass(frozen=True)
class Measured:
    """What the loops reported.

    Attributes:
        turns: Steps per second of the plain loop, and what the agent reported after it.
        alone: The agent, before the plain loop's copy of the model was there.
        saving: The same with gradient checkpointing.
    """

    turns: Sequence[tuple[float, SharedOutcome]]
    alone: Sequence[SharedOutcome]
    saving: Sequence[SharedOutcome]


def measure(runs: int = 15) -> Result:
    """Runs both loops in turns, so that the machine's moods meet both; the first turn warms up.

    Raises:
        Skipped: There is no CUDA device here.
    """
    if not torch.cuda.is_available():
        raise Skipped("gpu-training needs a CUDA device, and there is none here")
    shape = Shape()
    with tempfile.TemporaryDirectory() as name:
        folder, texts = Path(name), full_texts(shape)
        parameters = build_backbone(folder, shape)
        agent = AgentLoop(folder, texts, shape)
        # Memory is measured before the other loop's copy of the model is there.
        alone = [agent.train() for _ in range(4)][1:]
        saving = [agent.train(gradient_checkpointing=True) for _ in range(4)][1:]
        plain = PlainLoop(folder, texts, shape, "cuda")
        turns = [(plain.steps_per_second(), agent.train()) for _ in range(runs + 1)][1:]
    return _result(shape, parameters, Measured(turns, alone, saving))


def _result(shape: Shape, parameters: int, found: Measured) -> Result:
    ratio = Row.of(
        "LoRA step throughput on a CUDA device against a plain PEFT loop",
        "ratio",
        [ours.steps_per_second / theirs for theirs, ours in found.turns],
    )
    agent, saving = [ours for _, ours in found.turns], found.saving
    return Result(
        name="gpu-training",
        about=f"Qwen2 of {parameters / 1e6:.0f} M random parameters in bfloat16 on "
        f"{torch.cuda.get_device_name()}, LoRA rank {shape.rank} on the attention, {shape.batch} "
        f"rows of {shape.tokens} tokens a batch.",
        rows=[
            ratio,
            Row.of("agent", "steps/s", [each.steps_per_second for each in agent]),
            Row.of("plain loop", "steps/s", [theirs for theirs, _ in found.turns]),
            Row.of("agent", "tokens/s", [each.tokens_per_second for each in agent]),
            Row.of("peak memory", "GB", [each.peak_memory_bytes / 1e9 for each in found.alone]),
            Row.of("agent, checkpointing", "steps/s", [each.steps_per_second for each in saving]),
            Row.of(
                "peak memory, checkpointing",
                "GB",
                [each.peak_memory_bytes / 1e9 for each in saving],
            ),
        ],
        targets=[
            Target(ratio.what, "target at least 0.97", f"{ratio.median:.3f}", ratio.median >= LIMIT)
        ],
    )
