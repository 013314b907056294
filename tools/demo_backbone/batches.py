"""Training batches: conversations about facts, and documentation text."""

from dataclasses import dataclass
from random import Random

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from pfi_cli.demo.facts import FactWorld, draw_contextless, draw_conversation
from tools.demo_backbone.tokenization import BOT, END

_CONTEXTLESS_SHARE = 0.05
_TEXT_SHARE = 0.18
# Reading is learned from answers alone; the other tokens keep the language alive.
_ANSWER_WEIGHT, _FIRST_ANSWER_WEIGHT = 1.0, 3.0
# A number starts with the token of its space, which says nothing; the second one decides.
_FIRST_TOKENS = 2
_PROMPT_WEIGHT, _TEXT_WEIGHT = 0.1, 0.25


@dataclass(frozen=True)
class Batch:
    """Right-padded token ids and the weight of each token as a target.

    Shapes: both (rows, length).
    """

    ids: Tensor
    weights: Tensor

    @property
    def tokens(self) -> int:
        """Count the tokens that are not padding."""
        return int((self.weights > 0).sum())


@dataclass(frozen=True)
class FactDraws:
    """How conversations about facts are drawn.

    Attributes:
        world: Where facts come from.
        facts: Fewest and most facts of a context.
    """

    world: FactWorld
    facts: tuple[int, int]


class BatchSource:
    """Draws batches without end; the same seed gives the same batches."""

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        documents: tuple[str, ...],
        draws: FactDraws,
        seed: int,
    ) -> None:
        """Create the source.

        Args:
            tokenizer: Has the chat template.
            documents: Texts to draw from.
            draws: How conversations are drawn.
            seed: Seed of all draws.
        """
        self._tokenizer = tokenizer
        self._documents = documents
        self._draws = draws
        self._random = Random(seed)
        self._bot = tokenizer.convert_tokens_to_ids(BOT)
        self._end = tokenizer.convert_tokens_to_ids(END)

    def draw(self, rows: int) -> Batch:
        """Draw one batch."""
        return self._pad([self._row() for _ in range(rows)])

    def _row(self) -> tuple[list[int], list[float]]:
        chance = self._random.random()
        if chance < _TEXT_SHARE:
            return self._text()
        if chance < _TEXT_SHARE + _CONTEXTLESS_SHARE:
            return self._conversation(draw_contextless(self._random, self._draws.world))
        facts = self._random.randint(*self._draws.facts)
        drawn = draw_conversation(self._random, self._draws.world, facts=facts, turns=5)
        return self._conversation(drawn)

    def _text(self) -> tuple[list[int], list[float]]:
        text = self._random.choice(self._documents)
        ids = [*self._tokenizer.encode(text)[:200], self._end]
        return ids, [_TEXT_WEIGHT] * len(ids)

    def _conversation(self, messages: list[dict[str, str]]) -> tuple[list[int], list[float]]:
        text = self._tokenizer.apply_chat_template(messages, tokenize=False)
        ids = self._tokenizer.encode(text)
        return ids, answer_weights(ids, self._bot, self._end)

    def _pad(self, rows: list[tuple[list[int], list[float]]]) -> Batch:
        length = max(len(ids) for ids, _ in rows)
        ids = torch.zeros(len(rows), length, dtype=torch.long)
        weights = torch.zeros(len(rows), length)
        for index, (row_ids, row_weights) in enumerate(rows):
            ids[index, : len(row_ids)] = torch.tensor(row_ids)
            weights[index, : len(row_ids)] = torch.tensor(row_weights)
        return Batch(ids, weights)


def answer_weights(ids: list[int], bot_id: int, end_id: int) -> list[float]:
    """Weigh each token as a target; the start of an answer decides which fact was read."""
    weights: list[float] = []
    position = -1
    for token in ids:
        position = 0 if token == bot_id else position + 1 if position >= 0 else -1
        weights.append(_weight(position))
        if token == end_id:
            position = -1
    return weights


def _weight(position: int) -> float:
    if position <= 0:
        return _PROMPT_WEIGHT
    return _FIRST_ANSWER_WEIGHT if position <= _FIRST_TOKENS else _ANSWER_WEIGHT
