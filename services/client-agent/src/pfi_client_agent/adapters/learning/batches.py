"""Puts token rows together into tensors."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from pfi_client_agent.adapters.learning.tokenization import IGNORED, TokenRow


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of one forward pass, filled up at the end to the longest.

    Shapes:
        input_ids, attention_mask: (rows, tokens).
        targets: (rows, tokens), where `targets[i, t]` is the label of token t + 1 or IGNORED; for a
        classifier (rows,), the number of each row's label.

    Attributes:
        target_count: Tokens that carry loss; for a classifier, rows.
        token_count: Tokens, those that fill rows up excluded.
    """

    input_ids: torch.Tensor
    attention_mask: torch.Tensor
    targets: torch.Tensor
    target_count: int
    token_count: int

    @property
    def is_labelled(self) -> bool:
        """True when every row has one target, as a classifier's has."""
        return int(self.targets.dim()) == 1


def collate(rows: Sequence[TokenRow], filler: int, device: torch.device) -> Batch:
    """Make a batch.

    Args:
        rows: At least one row.
        filler: Token id that fills rows up; it is masked out.
        device: Where the tensors are put.
    """
    gaps = _gaps(rows)
    targets = [
        [*row.labels[1:], *[IGNORED] * (gap + 1)] for row, gap in zip(rows, gaps, strict=True)
    ]
    return Batch(
        *_inputs(rows, gaps, filler, device),
        targets=torch.tensor(targets, device=device),
        target_count=sum(label != IGNORED for row in targets for label in row),
        token_count=sum(len(row.ids) for row in rows),
    )


def collate_labelled(rows: Sequence[TokenRow], filler: int, device: torch.device) -> Batch:
    """Make a batch of a classifier: the first label of each row is the number of its class."""
    return Batch(
        *_inputs(rows, _gaps(rows), filler, device),
        targets=torch.tensor([row.labels[0] for row in rows], device=device),
        target_count=len(rows),
        token_count=sum(len(row.ids) for row in rows),
    )


def _gaps(rows: Sequence[TokenRow]) -> list[int]:
    longest = max(len(row.ids) for row in rows)
    return [longest - len(row.ids) for row in rows]


def _inputs(
    rows: Sequence[TokenRow], gaps: Sequence[int], filler: int, device: torch.device
) -> tuple[torch.Tensor, torch.Tensor]:
    ids = [[*row.ids, *[filler] * gap] for row, gap in zip(rows, gaps, strict=True)]
    mask = [[1] * len(row.ids) + [0] * gap for row, gap in zip(rows, gaps, strict=True)]
    return torch.tensor(ids, device=device), torch.tensor(mask, device=device)
