"""Exact match of a backbone on drawn questions: with right passages, without, with new wordings.

Run ``python -m tools.demo_backbone.evaluate FOLDER`` from the root of the repository.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from random import Random

import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from pfi_cli.demo.facts import Exchange, FactWorld, draw_exchange

_BATCH = 64
_MAXIMUM_ANSWER_TOKENS = 16


def draw_exchanges(world: FactWorld, *, count: int, seed: int, passages: int = 4) -> list[Exchange]:
    """Draw questions, each with its right passage among confusable ones."""
    random = Random(seed)
    return [draw_exchange(random, world, passages=passages) for _ in range(count)]


def share_correct(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, exchanges: Sequence[Exchange]
) -> float:
    """Answer the questions greedily and give the share of exact answers."""
    correct = 0
    for start in range(0, len(exchanges), _BATCH):
        chosen = exchanges[start : start + _BATCH]
        answers = answer_all(model, tokenizer, chosen)
        correct += sum(item.answer == given for item, given in zip(chosen, answers, strict=True))
    return correct / len(exchanges)


def answer_all(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, exchanges: Sequence[Exchange]
) -> list[str]:
    """Answer questions greedily, as one left-padded batch."""
    prompts = [
        tokenizer.apply_chat_template(
            exchange.messages()[:-1], tokenize=False, add_generation_prompt=True
        )
        for exchange in exchanges
    ]
    encoded = tokenizer(prompts, return_tensors="pt", padding=True, padding_side="left")
    ids, mask = encoded["input_ids"], encoded["attention_mask"]
    output = model.generate(
        input_ids=ids,
        attention_mask=mask,
        max_new_tokens=_MAXIMUM_ANSWER_TOKENS,
        do_sample=False,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    texts = tokenizer.batch_decode(output[:, ids.shape[1] :], skip_special_tokens=True)
    return [text.strip() for text in texts]


def measure(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, *, count: int, seed: int
) -> dict[str, float]:
    """Measure every figure of the model card."""
    world = FactWorld(entities="held_out")
    right = draw_exchanges(world, count=count, seed=seed)
    cases = {
        "right passage of 4": right,
        "without passages": [replace(item, passages=()) for item in right],
        "held-out wordings": draw_exchanges(
            replace(world, wordings="held_out"), count=count, seed=seed
        ),
    }
    for passages in (1, 2, 6):
        drawn = draw_exchanges(world, count=count, seed=seed, passages=passages)
        cases[f"right passage of {passages}"] = drawn
    return {name: share_correct(model, tokenizer, drawn) for name, drawn in cases.items()}


def main() -> None:
    """Evaluate the folder that is named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = AutoModelForCausalLM.from_pretrained(arguments.folder, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(arguments.folder)
    figures = measure(model, tokenizer, count=arguments.count, seed=arguments.seed)
    for name, value in figures.items():
        print(f"{name}: {value:.3f}")


if __name__ == "__main__":
    main()
