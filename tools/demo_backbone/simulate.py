"""Rehearse the demo without the platform: federated averaging of LoRA, with personal adapters.

It answers whether the demo data is worth federating: the shared adapter has to lower the mean
held-out loss, and a personal adapter beside it has to lower it further.

Run ``python -m tools.demo_backbone.simulate --help`` from the root of the repository.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import torch
from peft import LoraConfig, PeftModel, get_peft_model, get_peft_model_state_dict
from peft.utils import set_peft_model_state_dict
from rich.console import Console
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer

from pfi_cli.demo.backbone import backbone_folder
from pfi_cli.demo.clients import client_rows
from tools.demo_backbone.rows import Encoded, encode_row, pad

State = dict[str, Tensor]
_HOLDOUT_SHARE = 0.15


@dataclass
class Client:
    """Rows of one client, and its personal adapter."""

    train: list[Encoded]
    held_out: list[Encoded]
    random: Random
    personal: State = field(default_factory=dict)

    def batch(self, rows: int) -> dict[str, Tensor]:
        """Draw a training batch."""
        return pad(self.random.sample(self.train, rows))


class Simulation:
    """One backbone in memory that plays every client in turn."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        """Load the backbone, add both adapters and draw the clients' rows."""
        torch.manual_seed(arguments.seed)
        self._arguments = arguments
        tokenizer = AutoTokenizer.from_pretrained(arguments.backbone)
        base = AutoModelForCausalLM.from_pretrained(arguments.backbone, dtype=torch.float32)
        self.model: PeftModel = get_peft_model(
            base, self._configuration(arguments.rank), adapter_name="shared"
        )
        self.model.add_adapter("personal", self._configuration(arguments.personal_rank))
        self.shared = self._state("shared")
        self.clients = [self._client(tokenizer, index) for index in range(arguments.clients)]
        self.steps = 0
        self.step_seconds = 0.0

    def _configuration(self, rank: int) -> LoraConfig:
        return LoraConfig(
            r=rank,
            lora_alpha=2 * rank,
            target_modules=self._arguments.target_modules,
            task_type="CAUSAL_LM",
        )

    def _client(self, tokenizer: object, index: int) -> Client:
        rows = client_rows(index, seed=self._arguments.seed, rows=self._arguments.rows)
        encoded = [encode_row(tokenizer, row, self._arguments.maximum_length) for row in rows]
        held_out = round(len(encoded) * _HOLDOUT_SHARE)
        client = Client(encoded[held_out:], encoded[:held_out], Random(index))
        client.personal = self._state("personal")
        return client

    def _state(self, adapter: str) -> State:
        state = get_peft_model_state_dict(self.model, adapter_name=adapter)
        return {name: tensor.clone() for name, tensor in state.items()}

    def _load(self, adapter: str, state: State) -> None:
        set_peft_model_state_dict(self.model, state, adapter_name=adapter)

    def play_round(self) -> None:
        """Train and average the shared adapter; then train the personal ones beside it."""
        updates = []
        for client in self.clients:
            self._load("shared", self.shared)
            self.model.base_model.set_adapter(["shared"])
            self._train(client, "shared", self._arguments.learning_rate)
            updates.append(self._state("shared"))
        self.shared = {
            name: torch.stack([update[name] for update in updates]).mean(0) for name in self.shared
        }
        for client in self.clients:
            self._load_both(client)
            self._train(client, "personal", self._arguments.personal_learning_rate)
            client.personal = self._state("personal")

    def _load_both(self, client: Client) -> None:
        self._load("shared", self.shared)
        self._load("personal", client.personal)
        self.model.base_model.set_adapter(["shared", "personal"])

    def _train(self, client: Client, adapter: str, rate: float) -> None:
        started = time.process_time()
        parameters = []
        for name, parameter in self.model.named_parameters():
            parameter.requires_grad_(f".{adapter}." in name)
            if parameter.requires_grad:
                parameters.append(parameter)
        optimizer = torch.optim.AdamW(parameters, lr=rate, weight_decay=0.0)
        for _ in range(self._arguments.steps):
            optimizer.zero_grad()
            self.model(**client.batch(self._arguments.batch_size)).loss.backward()
            optimizer.step()
        self.steps += self._arguments.steps
        self.step_seconds += time.process_time() - started

    def loss_of_each(self, prepare: Callable[[Client], None]) -> list[float]:
        """Measure the held-out loss per token of every client after preparing the adapters."""
        losses = []
        for client in self.clients:
            prepare(client)
            with torch.no_grad():
                losses.append(float(self.model(**pad(client.held_out)).loss))
        return losses

    def shared_losses(self) -> list[float]:
        """Measure with the shared adapter alone."""

        def prepare(_: Client) -> None:
            self._load("shared", self.shared)
            self.model.base_model.set_adapter(["shared"])

        return self.loss_of_each(prepare)

    def personal_losses(self) -> list[float]:
        """Measure with the shared and the personal adapter."""
        return self.loss_of_each(self._load_both)


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--backbone", type=Path, default=backbone_folder())
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--rows", type=int, default=240)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--steps", type=int, default=20, help="local steps per adapter and round")
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--personal-rank", type=int, default=4)
    parser.add_argument("--learning-rate", type=float, default=0.01)
    parser.add_argument("--personal-learning-rate", type=float, default=0.01)
    parser.add_argument("--target-modules", nargs="+", default=["q_proj", "v_proj"])
    parser.add_argument("--maximum-length", type=int, default=128)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    """Play all rounds and print the losses of each client."""
    torch.set_num_threads(1)
    arguments = parse_arguments()
    console = Console()
    if arguments.target_modules == ["all-linear"]:
        arguments.target_modules = "all-linear"
    simulation = Simulation(arguments)
    _show(console, "backbone", simulation.shared_losses())
    for number in range(1, arguments.rounds + 1):
        simulation.play_round()
        _show(console, f"round {number} shared", simulation.shared_losses())
        _show(console, f"round {number} shared + personal", simulation.personal_losses())
    each = simulation.step_seconds / simulation.steps
    console.print(
        f"{simulation.steps} steps, {each:.3f} s each, {time.process_time():.0f} s in all"
    )


def _show(console: Console, label: str, losses: list[float]) -> None:
    mean = sum(losses) / len(losses)
    each = " ".join(f"{loss:.3f}" for loss in losses)
    console.print(f"{label}: mean {mean:.3f} of {each}")


if __name__ == "__main__":
    main()
