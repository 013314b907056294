"""The model: a small stock Qwen2, so that any tool for Hugging Face models loads it."""

import torch
from torch import Tensor, nn
from transformers import PreTrainedTokenizerBase, Qwen2Config, Qwen2ForCausalLM

from tools.demo_backbone.construction import HEAD_SIZE, ROPE_BASE, construct

_HEADS = 4


def build_model(tokenizer: PreTrainedTokenizerBase, rarity: Tensor) -> nn.Module:
    """Build the model with its constructed start; uses the global torch generator.

    Args:
        tokenizer: Sets the vocabulary, the longest input and the special tokens.
        rarity: How much each token tells about the topic, from 0 to 1.
    """
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=_HEADS * HEAD_SIZE,
        intermediate_size=384,
        num_hidden_layers=3,
        num_attention_heads=_HEADS,
        num_key_value_heads=_HEADS,
        max_position_embeddings=tokenizer.model_max_length,
        rope_parameters={"rope_type": "default", "rope_theta": ROPE_BASE},
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = Qwen2ForCausalLM(config)
    with torch.no_grad():
        construct(model, rarity)
    return model
