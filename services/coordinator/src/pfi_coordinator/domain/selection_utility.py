r"""The policy `utility`: clients whose rows still teach the adapter much, and that are fast.

Source: Lai et al. 2021, "Oort: Efficient Federated Learning via Guided Participant Selection"
(OSDI), section 4 and algorithm 1. In round R client i has the score

    (norm(clip(U_i)) + sqrt(0.1 ln R / L_i)) * (T / t_i)^alpha  with the last factor if t_i > T

    U_i   |B_i| sqrt(1 / |B_i| sum of squared losses), which the client reported last;
          clipped at a high quantile of the candidates' and scaled to 0..1
    L_i   the last round that it reported: who was not seen for long is uncertain
    T     the preferred duration, t_i the client's last one, alpha the penalty

A decaying share epsilon of the cohort are clients that were never tried, faster ones rather. The
others are drawn in proportion to their score among those whose score is at least the cut-off times
that of the last one needed. Clients that were selected very often come last.

Different from the paper, which says T is the developer's: T is a quantile of the candidates' own
durations, as in the authors' code, and the pacer moves the quantile. Windows compare the mean
utility of a round's reports, so that a smaller cohort does not look like less utility.
"""

import math
from collections.abc import Sequence

from pfi_coordinator.domain.choice import Choice
from pfi_coordinator.domain.draws import rank, weighted_sample
from pfi_coordinator.domain.facts import ClientFacts
from pfi_coordinator.domain.selection_rules import UtilityRules
from pfi_coordinator.domain.state import Pacer

_CONFIDENCE = 0.1
_FLAT = 1.1
"""A window with at most so many times the utility of the one before is flat, or falls."""
_SHARP = 6.0
"""One with so many times as much needs no patience with slow clients."""


def by_utility(choice: Choice) -> tuple[str, ...]:
    """Selects `count` candidates by Oort, or all when they are fewer."""
    rules, number, count = choice.rules.utility, choice.number, choice.count
    spent = _blacklisted(choice, rules)
    fresh = [facts for facts in choice.candidates if facts.client not in spent]
    untried = [facts for facts in fresh if facts.utility is None]
    tried = [facts for facts in fresh if facts.utility is not None]
    explored = min(math.ceil(round(count * exploration(rules, number), 9)), len(untried))
    exploited = min(count - explored, len(tried))
    explored = min(count - exploited, len(untried))
    scores = score_clients(tried, rules, number, rules.pace + choice.moved * rules.pace_step)
    selected = (*_exploit(scores, exploited, choice), *_explore(untried, explored, choice))
    last = sorted(spent, key=lambda client: rank(choice.seed, number, client))
    return (*selected, *last[: count - len(selected)])


def exploration(rules: UtilityRules, number: int) -> float:
    """Gives the share of a round's cohort that was never tried."""
    decayed = rules.exploration * rules.exploration_decay ** (number - 1)
    return max(decayed, min(rules.exploration, rules.exploration_minimum))


def score_clients(
    tried: Sequence[ClientFacts], rules: UtilityRules, number: int, pace: float
) -> dict[str, float]:
    """Gives the score of each client that has reported a utility; see the module."""
    if not tried:
        return {}
    clip = _quantile([facts.utility or 0.0 for facts in tried], rules.clip_quantile)
    clipped = {facts.client: min(facts.utility or 0.0, clip) for facts in tried}
    lowest = min(clipped.values())
    spread = clip - lowest
    preferred = preferred_seconds(tried, pace)
    scores = {}
    for facts in tried:
        norm = (clipped[facts.client] - lowest) / spread if spread > 0 else 1.0
        last = max(facts.reported_round, 1)
        uncertainty = math.sqrt(_CONFIDENCE * math.log(max(number, 1)) / last)
        scores[facts.client] = (norm + uncertainty) * _speed(facts, preferred, rules.penalty)
    return scores


def preferred_seconds(tried: Sequence[ClientFacts], pace: float) -> float:
    """Gives T: a quantile of the durations that are known; infinite from 1 on and without any."""
    known = [facts.seconds for facts in tried if facts.seconds is not None]
    return math.inf if pace >= 1 or not known else _quantile(known, pace)


def paced(pacer: Pacer, rules: UtilityRules, number: int, utility: float) -> Pacer:
    """Moves the preferred duration when a window of rounds achieved little more than the last.

    Source: algorithm 1 of the paper above, and the authors' code for when it is flat.

    Args:
        pacer: As it was.
        rules: Parameters.
        number: The round that was published.
        utility: Mean statistical utility that its clients reported.
    """
    window = rules.pace_window
    utilities = (*pacer.utilities, utility)[-2 * window :]
    moved = pacer.moved
    if number % window == 0 and len(utilities) == 2 * window:
        before, now = sum(utilities[:window]), sum(utilities[window:])
        moved += int(now <= _FLAT * before) - int(now >= _SHARP * before)
        moved = min(max(moved, 0), math.ceil((1 - rules.pace) / rules.pace_step))
    return Pacer(moved, utilities)


def _exploit(scores: dict[str, float], count: int, choice: Choice) -> tuple[str, ...]:
    if count <= 0:
        return ()
    cut_off = sorted(scores.values(), reverse=True)[count - 1] * choice.rules.utility.cut_off
    above = [(client, score) for client, score in scores.items() if score >= cut_off]
    return weighted_sample(above, count, f"{choice.seed}|{choice.number}|exploit")


def _explore(untried: Sequence[ClientFacts], count: int, choice: Choice) -> tuple[str, ...]:
    """Draws by speed; one that is not known counts as the mean. Who was asked in vain waits."""
    known = [facts.steps_per_second for facts in untried if facts.steps_per_second is not None]
    usual = sum(known) / len(known) if known else 1.0
    drawn: tuple[str, ...] = ()
    for times in sorted({facts.selected for facts in untried}):
        weights = [
            (facts.client, usual if facts.steps_per_second is None else facts.steps_per_second)
            for facts in untried
            if facts.selected == times
        ]
        left = count - len(drawn)
        drawn += weighted_sample(weights, left, f"{choice.seed}|{choice.number}|explore")
    return drawn


def _blacklisted(choice: Choice, rules: UtilityRules) -> frozenset[str]:
    """Gives the clients that were selected too often, of very many those most often."""
    limit = rules.blacklist_after
    if limit is None:
        return frozenset()
    spent = [facts for facts in choice.candidates if facts.selected > limit]
    drawn = {facts.client: rank(choice.seed, choice.number, facts.client) for facts in spent}
    spent.sort(key=lambda facts: (-facts.selected, drawn[facts.client]))
    most = int(rules.blacklist_share * len(choice.candidates))
    return frozenset(facts.client for facts in spent[:most])


def _speed(facts: ClientFacts, preferred: float, penalty: float) -> float:
    if facts.seconds is None or facts.seconds <= preferred:
        return 1.0
    return float((preferred / facts.seconds) ** penalty)


def _quantile(values: Sequence[float], quantile: float) -> float:
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * quantile), len(ordered) - 1)]
