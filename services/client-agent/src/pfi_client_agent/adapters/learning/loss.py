"""The loss: summed over targets, so that means over any division into batches agree."""

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn import functional

from pfi_client_agent.adapters.learning.batches import Batch
from pfi_client_agent.adapters.learning.tokenization import IGNORED
from pfi_client_agent.domain.training import Score


def target_losses(model: nn.Module, batch: Batch) -> torch.Tensor:
    """Give the cross entropy of each learnt token, or of each label (nats); 0 for ignored ones.

    Shapes:
        result: that of `batch.targets`, float32
    """
    losses = _cross_entropy(_logits(model, batch), batch, "none")
    return losses.view_as(batch.targets)


def squared_row_losses(losses: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Sum the squares of the rows' losses; a row's loss is the mean over its targets (nats^2).

    Args:
        losses: What `target_losses` gave.
        batch: Its batch.

    Shapes:
        result: scalar, float32
    """
    rows = losses.detach().flatten(1) if losses.dim() > 1 else losses.detach().unsqueeze(1)
    learnt = (batch.targets != IGNORED).view_as(rows).sum(1).clamp(min=1)
    return (rows.sum(1) / learnt).square().sum()


def score(model: nn.Module, batches: Iterable[Batch]) -> Score:
    """Average the loss over the targets of all batches, and count what is predicted rightly."""
    total, right, count, labelled = 0.0, 0, 0, False
    with torch.no_grad():
        for batch in batches:
            logits = _logits(model, batch)
            total += float(_cross_entropy(logits, batch, "sum"))
            count += batch.target_count
            if batch.is_labelled:
                labelled = True
                right += int((logits.argmax(-1) == batch.targets).sum())
    return Score(total / count, right / count if labelled else None)


def _cross_entropy(logits: torch.Tensor, batch: Batch, reduction: str) -> torch.Tensor:
    return functional.cross_entropy(
        logits.flatten(0, -2).float(),
        batch.targets.flatten(),
        ignore_index=IGNORED,
        reduction=reduction,
    )


def _logits(model: nn.Module, batch: Batch) -> torch.Tensor:
    """Give logits of (rows, tokens, vocabulary), or of (rows, labels)."""
    # Encoders know no cache; the configuration of a classifier has it off.
    more = {} if batch.is_labelled else {"use_cache": False}
    logits: torch.Tensor = model(
        input_ids=batch.input_ids, attention_mask=batch.attention_mask, **more
    ).logits
    return logits
