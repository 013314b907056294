"""Token ids and labels of a client's row, and padding to a batch."""

from typing import Any

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

Encoded = tuple[list[int], list[int]]
_IGNORED = -100


def encode_row(
    tokenizer: PreTrainedTokenizerBase, row: dict[str, Any], maximum_length: int
) -> Encoded:
    """Encode a row; only answers and completions are labels, and all of a plain text."""
    if "text" in row:
        ids = [*tokenizer.encode(row["text"]), tokenizer.eos_token_id][:maximum_length]
        return ids, ids
    messages = row.get("messages") or _as_messages(row)
    encoded = tokenizer.apply_chat_template(
        messages, return_dict=True, return_assistant_tokens_mask=True
    )
    ids = encoded["input_ids"]
    labelled = zip(ids, encoded["assistant_masks"], strict=True)
    labels = [token if mask else _IGNORED for token, mask in labelled]
    return ids[:maximum_length], labels[:maximum_length]


def pad(rows: list[Encoded]) -> dict[str, Tensor]:
    """Pad rows on the right to one batch for the model."""
    length = max(len(ids) for ids, _ in rows)
    ids = [row + [0] * (length - len(row)) for row, _ in rows]
    labels = [row + [_IGNORED] * (length - len(row)) for _, row in rows]
    # Padding stands after every real token, so causal attention needs no mask for it.
    return {"input_ids": torch.tensor(ids), "labels": torch.tensor(labels)}


def _as_messages(row: dict[str, str]) -> list[dict[str, str]]:
    return [
        {"role": "user", "content": row["prompt"]},
        {"role": "assistant", "content": row["completion"]},
    ]
