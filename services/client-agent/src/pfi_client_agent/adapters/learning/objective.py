"""What is learnt of rows: their next tokens, or their labels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from pfi_client_agent.adapters.learning.backbone import LoadedBackbone
from pfi_client_agent.adapters.learning.batches import Batch, collate, collate_labelled
from pfi_client_agent.adapters.learning.label_tokenization import LabelTokenizer
from pfi_client_agent.adapters.learning.tokenization import RowTokenizer, TokenRow
from pfi_client_agent.domain.classification import Classification
from pfi_client_agent.domain.rows import Row


class RowWriter(Protocol):
    """Writes rows as tokens."""

    def tokens(self, digest: bytes, row: Row) -> TokenRow | None:
        """Give a row's tokens; None when nothing of it can be learnt."""
        ...


@dataclass(frozen=True)
class Objective:
    """How rows become batches of one backbone.

    Attributes:
        backbone: The backbone.
        writer: Writes rows as tokens.
        collate: Puts them together.
    """

    backbone: LoadedBackbone
    writer: RowWriter
    collate: Callable[[Sequence[TokenRow], int, torch.device], Batch]

    def batch(self, rows: Sequence[TokenRow]) -> Batch:
        """Make a batch where the backbone is."""
        return self.collate(rows, self.backbone.filler, self.backbone.device)


def objective_of(
    backbone: LoadedBackbone, maximum_tokens: int, classification: Classification | None
) -> Objective:
    """Choose what is learnt.

    Args:
        backbone: The backbone.
        maximum_tokens: Longest row; longer ones are cut at the end.
        classification: What a classifier tells apart; None for a language model.
    """
    maximum = backbone.maximum_tokens(maximum_tokens)
    if classification is None:
        return Objective(backbone, RowTokenizer(backbone.tokenizer, maximum), collate)
    writer = LabelTokenizer(backbone.tokenizer, maximum, classification.labels, backbone.filler)
    return Objective(backbone, writer, collate_labelled)
