"""What a policy is asked."""

from dataclasses import dataclass

from pfi_coordinator.domain.facts import ClientFacts
from pfi_coordinator.domain.selection_rules import SelectionRules


@dataclass(frozen=True, slots=True)
class Choice:
    """What a policy chooses from. The same choice gives the same clients.

    Attributes:
        candidates: Those that may be selected; their order does not matter.
        count: Most clients to select.
        rules: What the run says.
        seed: Seed of the run.
        number: Round number.
        moved: By how many steps the pacer has moved the preferred duration.
    """

    candidates: tuple[ClientFacts, ...]
    count: int
    rules: SelectionRules
    seed: int
    number: int
    moved: int = 0
