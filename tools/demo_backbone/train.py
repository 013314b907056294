"""Train the demo backbone on one thread, with checkpoints, within a budget of CPU seconds.

Run ``python -m tools.demo_backbone.train --help`` from the root of the repository.
"""

import argparse
import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

import torch
from rich.progress import Progress as ProgressBar
from torch.nn import functional
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from pfi_cli.demo.facts import FactWorld, draw_conversation
from pfi_cli.demo.library_docs import pre_training_documents
from tools.demo_backbone.architecture import build_model
from tools.demo_backbone.batches import Batch, BatchSource, FactDraws
from tools.demo_backbone.construction import measure_rarity
from tools.demo_backbone.evaluate import draw_exchanges, share_correct
from tools.demo_backbone.optimizer import MuonWithAdam
from tools.demo_backbone.tokenization import train_tokenizer

_WARMUP_STEPS = 30
_MOST_FACTS = 6
_FINAL_RATE = 0.05
_CHECKPOINT_SECONDS = 60.0
_REPORT_STEPS = 100


@dataclass
class Progress:
    """What a checkpoint counts, over all runs that continued each other."""

    step: int = 0
    tokens: int = 0
    cpu_seconds: float = 0.0


class Trainer:
    """Owns the model, the optimisers and the checkpoint of one training run."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        """Create the model, or load the checkpoint that is to be continued."""
        torch.manual_seed(arguments.seed)
        self._arguments = arguments
        self._documents = pre_training_documents()
        self.progress = Progress()
        if arguments.continue_from:
            self._load(arguments.continue_from)
        else:
            self._create()
        self._optimizer = MuonWithAdam(self.model, arguments.learning_rate)
        self._world = FactWorld(
            fillers=_words(self._documents), filler_share=arguments.filler_share
        )
        self._source = self._batches(arguments.seed)
        if arguments.resume:
            self._resume()

    def _batches(self, seed: int) -> BatchSource:
        facts = (self._arguments.fewest_facts, _MOST_FACTS)
        return BatchSource(self.tokenizer, self._documents, FactDraws(self._world, facts), seed)

    def _create(self) -> None:
        lines = _conversation_lines(self._arguments.seed)
        self.tokenizer = train_tokenizer([*lines, *self._documents[::2]])
        self.model = build_model(self.tokenizer, measure_rarity(self.tokenizer, lines))

    def _load(self, folder: Path) -> None:
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)

    def train(self) -> None:
        """Train until the steps or the budget are used up."""
        saved = time.process_time()
        with ProgressBar() as bar:
            job = bar.add_task("train", total=self._arguments.steps)
            while not self._finished():
                loss = self._step()
                bar.update(job, completed=self.progress.step)
                if self.progress.step % _REPORT_STEPS == 0:
                    bar.console.print(self._report(loss))
                if time.process_time() - saved > _CHECKPOINT_SECONDS:
                    self._save_state()
                    saved = time.process_time()
        self._save_state()

    def _finished(self) -> bool:
        spent: bool = self.progress.cpu_seconds > self._arguments.budget_seconds
        return spent or self.progress.step >= self._arguments.steps

    def _step(self) -> float:
        started = time.process_time()
        batch = self._source.draw(self._arguments.rows)
        loss = weighted_loss(self.model, batch)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self._optimizer.step(rate_factor(self.progress.step, self._arguments.steps))
        self.progress.step += 1
        self.progress.tokens += batch.tokens
        self.progress.cpu_seconds += time.process_time() - started
        return float(loss.detach())

    def _report(self, loss: float) -> str:
        world = FactWorld(entities="held_out")
        drawn = [draw_exchanges(world, count=60, seed=3, passages=count) for count in (1, 2, 4)]
        matches = [share_correct(self.model, self.tokenizer, exchanges) for exchanges in drawn]
        seconds = f"{self.progress.cpu_seconds:.0f}"
        figures = ", ".join(f"{match:.2f}" for match in matches)
        return (
            f"{self.progress.step} cpu={seconds}s loss={loss:.3f} exact match of 1, 2, 4: {figures}"
        )

    def _save_state(self) -> None:
        folder: Path = self._arguments.output
        self.save(folder)
        state = {"progress": vars(self.progress), "optimizer": self._optimizer.state()}
        torch.save(state, folder / "trainer.pt")

    def save(self, folder: Path) -> None:
        """Write the model as a Hugging Face folder."""
        self.model.generation_config = GenerationConfig(
            do_sample=False,
            max_new_tokens=32,
            eos_token_id=self.tokenizer.eos_token_id,
            pad_token_id=self.tokenizer.pad_token_id,
        )
        self.model.save_pretrained(folder)
        self.tokenizer.save_pretrained(folder)
        (folder / "progress.json").write_text(json.dumps(vars(self.progress)))

    def _resume(self) -> None:
        self._load(self._arguments.output)
        state = torch.load(self._arguments.output / "trainer.pt", weights_only=True)
        self.progress = Progress(**state["progress"])
        self._optimizer = MuonWithAdam(self.model, self._arguments.learning_rate)
        self._optimizer.load(state["optimizer"])
        # A seed per start: the batches before the checkpoint are not drawn again.
        seed = self._arguments.seed + self.progress.step
        self._source = self._batches(seed)


def weighted_loss(model: torch.nn.Module, batch: Batch) -> torch.Tensor:
    """Give the mean cross entropy of the next token, weighted per token."""
    logits = model(input_ids=batch.ids[:, :-1]).logits
    targets, weights = batch.ids[:, 1:].reshape(-1), batch.weights[:, 1:].reshape(-1)
    losses = functional.cross_entropy(logits.flatten(0, 1), targets, reduction="none")
    return (losses * weights).sum() / weights.sum()


def rate_factor(step: int, steps: int) -> float:
    """Give the share of the learning rate: linear warm-up, then a cosine down to a twentieth."""
    if step < _WARMUP_STEPS:
        return (step + 1) / _WARMUP_STEPS
    cosine = 0.5 * (1 + math.cos(math.pi * min(1.0, step / steps)))
    return _FINAL_RATE + (1 - _FINAL_RATE) * cosine


def _words(documents: tuple[str, ...]) -> tuple[str, ...]:
    found = {word for text in documents for word in text.split() if word.isalpha()}
    return tuple(sorted(found))


def _conversation_lines(seed: int) -> list[str]:
    random = Random(seed)
    drawn = (draw_conversation(random, FactWorld(), facts=4, turns=4) for _ in range(3000))
    contents = (message["content"] for messages in drawn for message in messages)
    return [" " + line for content in contents for line in content.split("\n")]


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True, help="folder of the checkpoint")
    parser.add_argument("--continue-from", type=Path, help="start from the weights in this folder")
    parser.add_argument("--resume", action="store_true", help="resume the run in --output")
    parser.add_argument("--steps", type=int, default=2400, help="length of the schedule")
    parser.add_argument("--rows", type=int, default=16, help="rows per batch")
    parser.add_argument("--learning-rate", type=float, default=0.004, help="peak rate")
    parser.add_argument("--filler-share", type=float, default=0.0, help="strewn sentences")
    parser.add_argument("--fewest-facts", type=int, default=1, help="facts in an easy context")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--budget-seconds", type=float, default=1200.0, help="CPU seconds in all")
    return parser.parse_args()


def main() -> None:
    """Train and save."""
    torch.set_num_threads(1)
    trainer = Trainer(parse_arguments())
    trainer.train()


if __name__ == "__main__":
    main()
