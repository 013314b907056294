"""The loss: summed over tokens, so that means over any division into batches agree."""

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn import functional

from pfi_client_agent.adapters.learning.batches import Batch
from pfi_client_agent.adapters.learning.tokenization import IGNORED


def token_loss_sum(model: nn.Module, batch: Batch) -> torch.Tensor:
    """Sum the cross entropy of a batch's learnt tokens (nats).

    Shapes:
        result: scalar, float32
    """
    logits = model(
        input_ids=batch.input_ids, attention_mask=batch.attention_mask, use_cache=False
    ).logits
    return functional.cross_entropy(
        logits.flatten(0, 1).float(),
        batch.targets.flatten(),
        ignore_index=IGNORED,
        reduction="sum",
    )


def mean_token_loss(model: nn.Module, batches: Iterable[Batch]) -> float:
    """Average the loss over the learnt tokens of all batches (nats)."""
    total, count = 0.0, 0
    with torch.no_grad():
        for batch in batches:
            total += float(token_loss_sum(model, batch))
            count += batch.target_count
    return total / count
