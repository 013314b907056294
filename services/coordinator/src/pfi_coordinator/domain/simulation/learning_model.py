"""A model of learning, not a measurement: how the loss falls with rounds and their updates."""

from dataclasses import dataclass

from pfi_coordinator.domain.simulation.numbers import number


@dataclass(frozen=True)
class LearningModel:
    """A power law in the progress made.

    A round that counts n updates makes n / (n + half_updates) of the progress that a round of
    infinitely many would: more updates help less and less (Charles et al. 2021, "On Large-Cohort
    Training for Federated Learning", section 4). After a progress of p rounds the loss is

        floor_loss + (first_loss - floor_loss) * (1 + p / rounds)^-exponent.

    Fit the numbers to a run of yours before you trust a time to target.
    """

    first_loss: float = number(3.0, "loss of the backbone alone")
    floor_loss: float = number(1.5, "loss that no number of rounds goes below")
    rounds: float = number(5.0, "progress, in rounds, after which the law begins to bend", 1e-6)
    exponent: float = number(0.6, "how steep the law is", 1e-6, 10.0)
    half_updates: float = number(10.0, "updates of a round that make half of its progress")

    def progress(self, updates: int) -> float:
        """Gives what a round that counted so many updates adds, from 0 to 1."""
        return updates / (updates + self.half_updates) if updates else 0.0

    def loss(self, progress: float) -> float:
        """Gives the loss after so much progress."""
        span = self.first_loss - self.floor_loss
        return float(self.floor_loss + span * (1.0 + progress / self.rounds) ** -self.exponent)
