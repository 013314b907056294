"""The loss: summed over targets, so that means over any division into batches agree."""

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn import functional

from pfi_client_agent.adapters.learning.batches import Batch
from pfi_client_agent.adapters.learning.tokenization import IGNORED
from pfi_client_agent.domain.training import Score


def loss_sum(model: nn.Module, batch: Batch) -> torch.Tensor:
    """Sum the cross entropy of a batch's learnt tokens, or of its labels (nats).

    Shapes:
        result: scalar, float32
    """
    return _loss_sum(_logits(model, batch), batch)


def score(model: nn.Module, batches: Iterable[Batch]) -> Score:
    """Average the loss over the targets of all batches, and count what is predicted rightly."""
    total, right, count, labelled = 0.0, 0, 0, False
    with torch.no_grad():
        for batch in batches:
            logits = _logits(model, batch)
            total += float(_loss_sum(logits, batch))
            count += batch.target_count
            if batch.is_labelled:
                labelled = True
                right += int((logits.argmax(-1) == batch.targets).sum())
    return Score(total / count, right / count if labelled else None)


def _loss_sum(logits: torch.Tensor, batch: Batch) -> torch.Tensor:
    return functional.cross_entropy(
        logits.flatten(0, -2).float(),
        batch.targets.flatten(),
        ignore_index=IGNORED,
        reduction="sum",
    )


def _logits(model: nn.Module, batch: Batch) -> torch.Tensor:
    """Give logits of (rows, tokens, vocabulary), or of (rows, labels)."""
    # Encoders know no cache; the configuration of a classifier has it off.
    more = {} if batch.is_labelled else {"use_cache": False}
    logits: torch.Tensor = model(
        input_ids=batch.input_ids, attention_mask=batch.attention_mask, **more
    ).logits
    return logits
