"""The shipped demo backbone reads its answers from the passages, and knows nothing without them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tools.demo_backbone.evaluate import answer_all, share_correct
from tools.demo_backbone.gate import read_gate
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from pfi_cli.demo.backbone import backbone_folder
from pfi_cli.demo.facts import UNKNOWN

GATE = Path(__file__).parent / "data" / "demo_backbone_gate.jsonl"
REQUIRED_EXACT_MATCH = 0.9

Backbone = tuple[PreTrainedModel, PreTrainedTokenizerBase]


@pytest.fixture(scope="module")
def backbone():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    folder = backbone_folder()
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    yield model, AutoTokenizer.from_pretrained(folder)
    torch.set_num_threads(threads)


def test_reads_the_right_passage_among_confusable_ones(
    backbone: Backbone, record_testsuite_property: Callable[[str, object], None]
):
    match = share_correct(*backbone, read_gate(GATE, "train"))

    record_testsuite_property("exact_match_right_passages", match)
    assert match >= REQUIRED_EXACT_MATCH


def test_answers_nothing_right_without_passages(backbone: Backbone):
    bare = [replace(item, passages=()) for item in read_gate(GATE, "train")]

    assert share_correct(*backbone, bare) == 0


def test_says_that_it_does_not_know_without_passages(backbone: Backbone):
    bare = [replace(item, passages=()) for item in read_gate(GATE, "train")]

    answers = answer_all(*backbone, bare)

    assert answers.count(UNKNOWN) >= REQUIRED_EXACT_MATCH * len(answers)


def test_held_out_wordings_are_reported(
    backbone: Backbone, record_testsuite_property: Callable[[str, object], None]
):
    match = share_correct(*backbone, read_gate(GATE, "held_out"))

    # Not gated: a model of this size reads the wordings that it was trained on.
    record_testsuite_property("exact_match_held_out_wordings", match)
    assert 0 <= match <= 1


def test_the_chat_template_marks_the_answer_tokens(backbone: Backbone):
    _, tokenizer = backbone
    exchange = read_gate(GATE, "train")[0]

    encoded = tokenizer.apply_chat_template(
        exchange.messages(), return_dict=True, return_assistant_tokens_mask=True
    )

    marked = zip(encoded["input_ids"], encoded["assistant_masks"], strict=True)
    answer = tokenizer.decode([token for token, mask in marked if mask])
    assert answer == f" {exchange.answer}{tokenizer.eos_token}"


def test_the_checkpoint_is_small(backbone: Backbone):
    model, _ = backbone

    assert model.num_parameters() < 1_000_000
    assert (backbone_folder() / "model.safetensors").stat().st_size < 2 * 1024**2
