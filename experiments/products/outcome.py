"""What one run gave."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Outcome:
    """One run.

    Attributes:
        seed: The seed of the repetition.
        product: Product of factors.
        several: Whether clients had several ranks.
        losses: Mean token loss (nats) of each client on the rows that it held out, with the last
            shared adapter.
        losses_backbone: The same with the backbone alone.
        discarded_energy: What the cut to the rank took in each round.
    """

    seed: int
    product: str
    several: bool
    losses: Sequence[float]
    losses_backbone: Sequence[float]
    discarded_energy: Sequence[float]

    def document(self) -> dict[str, Any]:
        """The outcome as JSON can hold it."""
        return asdict(self)


def outcome_of(seed: int, run: Mapping[str, Any], discarded_energy: Sequence[float]) -> Outcome:
    """Reads a run as the admin API describes it."""
    product, _, ranks = run["name"].partition("-")
    evaluation = sorted(run["evaluation"], key=lambda entry: str(entry["display_name"]))
    metrics = [entry["metrics"] for entry in evaluation]
    return Outcome(
        seed=seed,
        product=product,
        several=ranks == "several",
        losses=[each["eval_loss_shared"] for each in metrics],
        losses_backbone=[each["eval_loss_backbone"] for each in metrics],
        discarded_energy=discarded_energy,
    )
