"""Puts token rows together into tensors."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from pfi_client_agent.adapters.learning.tokenization import IGNORED, TokenRow


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one forward pass, filled up at the end to the longest.

    Shapes:
        input_ids, attention_mask, targets: (rows, tokens). `targets[i, t]` is the label of token
        t + 1, or IGNORED.

    Attributes:
        target_count: Tokens that carry loss.
    """

    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    targets: torch.Tensor
    target_count: int


def collate(rows: Sequence[TokenRow], filler: int, device: torch.device) -> Batch:
    """Make a batch.

    Args:
        rows: At least one row.
        filler: Token id that fills rows up; it is masked out.
        device: Where the tensors are put.
    """
    longest = max(len(row.ids) for row in rows)
    gaps = [longest - len(row.ids) for row in rows]
    ids = [[*row.ids, *[filler] * gap] for row, gap in zip(rows, gaps, strict=True)]
    mask = [[1] * len(row.ids) + [0] * gap for row, gap in zip(rows, gaps, strict=True)]
    targets = [
        [*row.labels[1:], *[IGNORED] * (gap + 1)] for row, gap in zip(rows, gaps, strict=True)
    ]
    return Batch(
        input_ids=torch.tensor(ids, device=device),
        attention_mask=torch.tensor(mask, device=device),
        targets=torch.tensor(targets, device=device),
        target_count=sum(label != IGNORED for row in targets for label in row),
    )
