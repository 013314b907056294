"""What the sweep gave, and whether rules kept what they promise."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from experiments.robustness.config import Judgement

UNDEFENDED = "mean"


@dataclass(frozen=True)
class Point:
    """A rule under an attack by a share of the clients.

    Attributes:
        attack: Name of the attack.
        share: Share of attackers.
        rule: Name of the rule.
        accuracies: On held-out rows after the last round, of each seed.
    """

    attack: str
    share: float
    rule: str
    accuracies: Sequence[float]

    @property
    def mean(self) -> float:
        """Mean of the seeds."""
        return statistics.fmean(self.accuracies)

    def document(self) -> dict[str, Any]:
        """The point as JSON can hold it."""
        return asdict(self)


@dataclass(frozen=True)
class Verdict:
    """What a rule lost at most, up to the share that it is held to.

    Attributes:
        rule: Name of the rule.
        permitted: Accuracy that it may lose.
        lost: What it lost at most, in the mean of the seeds.
        attack: The attack under which it lost most.
        met: Whether it lost no more than permitted.
    """

    rule: str
    permitted: float
    lost: float
    attack: str
    met: bool


def verdicts(points: Sequence[Point], judgement: Judgement) -> Iterator[Verdict]:
    """Judges every defended rule by its worst attack."""
    best = unattacked(points)
    for rule, permitted in judgement.defended.items():
        tried = [p for p in points if p.rule == rule and 0 < p.share <= judgement.share]
        worst = min(tried, key=lambda point: point.mean)
        lost = best - worst.mean
        yield Verdict(rule, permitted, round(lost, 4), worst.attack, lost <= permitted)


def failures(points: Sequence[Point], judgement: Judgement) -> Mapping[str, float]:
    """Gives the smallest share of attackers by which the mean failed, by attack."""
    best = unattacked(points)
    failed: dict[str, float] = {}
    for point in sorted(points, key=lambda point: point.share):
        lost = best - point.mean
        if point.rule == UNDEFENDED and point.share > 0 and lost > judgement.failed:
            failed.setdefault(point.attack, point.share)
    return failed


def unattacked(points: Sequence[Point]) -> float:
    """Gives what the mean reaches without attackers."""
    return next(p.mean for p in points if p.rule == UNDEFENDED and p.share == 0)
