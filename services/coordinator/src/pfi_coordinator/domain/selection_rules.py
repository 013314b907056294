"""What a run says about how its clients are selected."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class UtilityRules:
    """Parameters of the policy `utility`; see `selection_utility`.

    Attributes:
        exploration: Share of the first cohort that was never tried.
        exploration_decay: What the share is multiplied by after each round.
        exploration_minimum: Lowest share.
        clip_quantile: Quantile of the utilities above which none counts more.
        cut_off: Share of the last needed client's score from which on clients are drawn.
        penalty: Exponent of (preferred duration / duration) for slow clients.
        pace: Quantile of the durations that is the preferred duration of the first rounds.
        pace_step: By how much the pacer moves the quantile.
        pace_window: Rounds whose utilities the pacer compares with those of as many before.
        blacklist_after: Selections after which a client comes last; None for never.
        blacklist_share: Largest share of the candidates that comes last.
    """

    exploration: float = 0.9
    exploration_decay: float = 0.98
    exploration_minimum: float = 0.2
    clip_quantile: float = 0.95
    cut_off: float = 0.95
    penalty: float = 2.0
    pace: float = 0.5
    pace_step: float = 0.1
    pace_window: int = 20
    blacklist_after: int | None = 10
    blacklist_share: float = 0.3


@dataclass(frozen=True, slots=True)
class SelectionRules:
    """How a cohort is selected, and kept up.

    Attributes:
        policy: Name in `selection.POLICIES`.
        fairness_cap: Most times that a client is selected, as a multiple of the mean over the
            candidates, while others wait; None for no limit.
        utility: Parameters of the policy `utility`.
        replace: Whether others take the places of clients that drop out of an open round.
        absence_seconds: How long a client may be without session before its place is taken.
    """

    policy: str = "random"
    fairness_cap: float | None = None
    utility: UtilityRules = UtilityRules()
    replace: bool = False
    absence_seconds: float = 60.0

    @property
    def needs_history(self) -> bool:
        """Whether what clients did in earlier rounds decides."""
        return self.policy != "random" or self.fairness_cap is not None


AT_RANDOM = SelectionRules()
"""Any eligible client, without limit; a round goes on with the cohort that it has."""


@dataclass(frozen=True, slots=True)
class DerivedDeadline:
    """How the deadline follows from what rounds were like.

    Attributes:
        shortest_seconds: Shortest deadline.
        longest_seconds: Longest deadline.
        quantile: Of the durations of updates.
        factor: The deadline is so many times that quantile.
    """

    shortest_seconds: float
    longest_seconds: float
    quantile: float = 0.9
    factor: float = 2.0
