"""Chooses the rows that are trained and evaluated on, and makes batches of them."""

from collections.abc import Iterator
from itertools import islice

from pfi_client_agent.adapters.learning.batches import Batch
from pfi_client_agent.adapters.learning.objective import Objective
from pfi_client_agent.adapters.learning.tokenization import TokenRow
from pfi_client_agent.domain.row_order import row_order
from pfi_client_agent.domain.split import Split, TooFewRowsError
from pfi_client_agent.domain.training import StepOptions

_EVALUATED_TOGETHER = 16


class TrainingRows:
    """Batches of one training, and which rows went into them.

    Args:
        objective: How rows become batches.
        split: Rows of the run.
    """

    def __init__(self, objective: Objective, split: Split) -> None:
        self._objective = objective
        self._rows = list(split.training.items())
        self._visited: set[bytes] = set()

    @property
    def distinct_rows(self) -> int:
        """Distinct rows in the batches so far."""
        return len(self._visited)

    def steps(self, options: StepOptions) -> Iterator[list[Batch]]:
        """Yield the micro-batches of each optimiser step, in the order of the seed.

        Raises:
            TooFewRowsError: No row holds a token to learn from.
        """
        rows = self._ordered(options.seed)
        for _ in range(options.steps):
            yield [
                self._objective.batch(list(islice(rows, options.batch_size)))
                for _ in range(options.gradient_accumulation)
            ]

    def _ordered(self, seed: int) -> Iterator[TokenRow]:
        if not self._rows:
            raise TooFewRowsError("there is no training row")
        skipped = 0
        for number in row_order(len(self._rows), seed):
            digest, row = self._rows[number]
            tokens = self._objective.writer.tokens(digest, row)
            if tokens is not None:
                skipped = 0
                self._visited.add(digest)
                yield tokens
            elif (skipped := skipped + 1) >= 2 * len(self._rows):
                raise TooFewRowsError("no training row holds a token to learn from")


def held_out_batches(objective: Objective, split: Split, limit: int) -> tuple[list[Batch], int]:
    """Make the batches of an evaluation; gives them and the number of rows in them.

    Args:
        objective: How rows become batches.
        split: Rows of the run.
        limit: Most held-out rows; those with the lowest hashes are taken.

    Raises:
        TooFewRowsError: No held-out row holds a token with a loss.
    """
    written = (objective.writer.tokens(*item) for item in islice(split.held_out.items(), limit))
    rows = sorted((row for row in written if row is not None), key=lambda row: len(row.ids))
    if not rows:
        raise TooFewRowsError("no held-out row holds a token with a loss")
    batches = [
        objective.batch(rows[start : start + _EVALUATED_TOGETHER])
        for start in range(0, len(rows), _EVALUATED_TOGETHER)
    ]
    return batches, len(rows)
