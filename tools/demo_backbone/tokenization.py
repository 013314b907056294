"""The tokenizer of the demo backbone and the chat template that defines its conversations."""

import json
from collections.abc import Iterable

from tokenizers import Tokenizer, models, pre_tokenizers, trainers
from transformers import Qwen2Tokenizer

CONTEXT, USER, BOT, END, PAD = "<|ctx|>", "<|user|>", "<|bot|>", "<|end|>", "<|pad|>"
VOCABULARY_SIZE = 1024
MAXIMUM_LENGTH = 512

# Every segment and every line starts with a space: " 4827" and "4827" are different tokens, and a
# model that copies tokens could not copy the one as the other.
CHAT_TEMPLATE = """\
{%- for message in messages -%}
{%- if message['role'] == 'assistant' -%}
{{- '<|bot|>' -}}
{%- generation -%}{{- ' ' + message['content'] | trim + '<|end|>' -}}{%- endgeneration -%}
{%- elif message['role'] == 'user' -%}
{{- '<|user|> ' + message['content'] | trim -}}
{%- else -%}
{{- '<|ctx|>' -}}
{%- for line in message['content'].split('\\n') if line.strip() -%}
{{- ('' if loop.first else '\\n') + ' ' + line | trim -}}
{%- endfor -%}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|bot|>' -}}{%- endif -%}
"""


def train_tokenizer(texts: Iterable[str]) -> Qwen2Tokenizer:
    """Train a small vocabulary for the stock Qwen2 tokenizer: byte-level BPE, one token a digit."""
    stock = Qwen2Tokenizer().backend_tokenizer
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer, tokenizer.pre_tokenizer = stock.normalizer, stock.pre_tokenizer
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY_SIZE,
        special_tokens=[PAD, END, CONTEXT, USER, BOT],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    learned = json.loads(tokenizer.to_str())["model"]
    return Qwen2Tokenizer(
        vocab=learned["vocab"],
        merges=[tuple(pair) for pair in learned["merges"]],
        unk_token=PAD,
        eos_token=END,
        pad_token=PAD,
        extra_special_tokens=[CONTEXT, USER, BOT],
        model_max_length=MAXIMUM_LENGTH,
        chat_template=CHAT_TEMPLATE,
    )
