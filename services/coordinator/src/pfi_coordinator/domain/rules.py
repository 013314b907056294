"""The few facts of a run specification that rounds are decided by."""

from dataclasses import dataclass

MAXIMUM_ATTEMPTS = 3
"""How often a round is opened before its run fails."""

SETTLE_GRACE_SECONDS = 60.0
"""How long a published round keeps receipts for clients that have not reported yet."""


@dataclass(frozen=True, slots=True)
class RunRules:
    """What the round machine needs to know of a run.

    Attributes:
        rounds: Rounds after which the run is evaluated.
        selected_count: Clients that are selected when enough are eligible (N of the line's round).
        size: Updates that seal a round at once.
        minimum: Fewest updates that may be published.
        deadline_seconds: How long a round collects, and how long it waits for a whole cohort.
        seed: Seed of the run; selection is drawn from it.
        encoding: Upload encoding that a client must support, in lower case (`int8_block`).
    """

    rounds: int
    selected_count: int
    size: int
    minimum: int
    deadline_seconds: float
    seed: int
    encoding: str
