"""What events tell of single clients."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClientFacts:
    """What is known of a candidate from earlier rounds of the run.

    Attributes:
        client: Client id.
        selected: Rounds that it was selected for.
        selected_round: The last of them; 0 for none.
        reported_round: Last round whose task it reported; 0 for none.
        seconds: How long its last update took.
        utility: Statistical utility that it reported last.
        dropped: How often it dropped out.
        steps_per_second: Speed that it reported last, in any run.
    """

    client: str
    selected: int = 0
    selected_round: int = 0
    reported_round: int = 0
    seconds: float | None = None
    utility: float | None = None
    dropped: int = 0
    steps_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class ClientReport:
    """What a client reported with its result, as far as selection asks for it."""

    client: str
    utility: float | None = None
    steps_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class CommittedUpdate:
    """A durable update, as the aggregator reports it."""

    client: str
    clipped: bool = False
    capped: bool = False
