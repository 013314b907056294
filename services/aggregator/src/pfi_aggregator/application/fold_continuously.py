"""Keeps folding committed updates of open and sealed rounds."""

from dataclasses import dataclass

from pfi_aggregator.application.blocking import in_thread
from pfi_aggregator.application.fold_ahead import FoldAhead
from pfi_aggregator.application.round_bells import RoundBells


@dataclass(frozen=True)
class FoldContinuously:
    """Keeps folding, one update at a time, so that uploads always find a free core."""

    ahead: FoldAhead
    bells: RoundBells

    async def run(self) -> None:
        """Folds until it is cancelled; then the update that is being folded is still finished."""
        while True:
            changed = self.bells.any_bell()
            while await in_thread(self.ahead.fold_next):
                pass
            await changed.wait()
