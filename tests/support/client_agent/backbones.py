"""Tiny random backbones with a tokenizer, made on the fly: two layers, 32 wide."""

from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModel,
    AutoModelForCausalLM,
    BertConfig,
    DistilBertConfig,
    GPT2Config,
    LlamaConfig,
    PreTrainedTokenizerFast,
    Qwen2Config,
)

ENCODERS = ("bert", "distilbert")
END, PAD = "<|end|>", "<|pad|>"
PLAIN_TEMPLATE = "{% for m in messages %}{{ m.role }}: {{ m.content }}\n{% endfor %}"
MARKED_TEMPLATE = (
    "{% for m in messages %}{{ m.role }}: "
    "{% if m.role == 'assistant' %}{% generation %}{{ m.content }}<|end|>{% endgeneration %}"
    "{% else %}{{ m.content }}{% endif %}{% endfor %}"
)


def byte_tokenizer(chat_template=MARKED_TEMPLATE):
    """One token a byte, with an end-of-text and a padding token."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {token: number for number, token in enumerate([PAD, END, *alphabet])}
    backend = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    return PreTrainedTokenizerFast(
        tokenizer_object=backend, eos_token=END, pad_token=PAD, chat_template=chat_template
    )


def tiny_config(kind="qwen2", *, tied=False, vocabulary=258):
    common = {"vocab_size": vocabulary, "tie_word_embeddings": tied, "bos_token_id": None,
              "eos_token_id": 1, "pad_token_id": 0}  # fmt: skip
    if kind == "gpt2":
        sizes = {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 64}
        return GPT2Config(**(common | sizes))
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4,
             "num_key_value_heads": 2, "intermediate_size": 64,
             "max_position_embeddings": 256}  # fmt: skip
    if kind == "distilbert":
        sizes = {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64,
                 "max_position_embeddings": 64}  # fmt: skip
        return DistilBertConfig(**(common | sizes))
    if kind == "bert":
        sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
                 "intermediate_size": 64, "max_position_embeddings": 64}  # fmt: skip
        return BertConfig(**(common | sizes))
    return {"qwen2": Qwen2Config, "llama": LlamaConfig}[kind](**(common | sizes))


def write_backbone(folder: Path, kind="qwen2", *, tied=False, seed=0, **saving) -> Path:
    """Write weights (safetensors), configuration and tokenizer; the same seed gives the same.

    An encoder is written without a head, as those that are only pre-trained are.
    """
    generator_state = torch.get_rng_state()
    torch.manual_seed(seed)
    plain = AutoModel if kind in ENCODERS else AutoModelForCausalLM
    model = plain.from_config(tiny_config(kind, tied=tied))
    torch.set_rng_state(generator_state)
    model.save_pretrained(folder, **saving)
    byte_tokenizer().save_pretrained(folder)
    return folder
