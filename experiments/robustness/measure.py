"""Sweeps attacks, shares, rules and seeds, and stores what came out."""

import time
from collections.abc import Iterator
from dataclasses import asdict

from rich.console import Console

from experiments.robustness.config import AttackSettings, Config
from experiments.robustness.federation import Assault, train
from experiments.robustness.outcome import Point, failures, verdicts
from experiments.robustness.problem import Problem, make_problem
from experiments.robustness.rules import Rule
from experiments.stored import Document, about


def measure(config: Config, console: Console) -> Document:
    """Trains one federation for each point and seed."""
    started = time.monotonic()
    points = list(_points(config, console))
    return about("robustness", started, config) | {
        "verdicts": [asdict(each) for each in verdicts(points, config.judgement)],
        "mean_failed_at": dict(failures(points, config.judgement)),
        "points": [point.document() for point in points],
    }


def _points(config: Config, console: Console) -> Iterator[Point]:
    problems = [make_problem(config.problem, seed) for seed in config.seeds]
    calm = {rule: _accuracies(config, problems, rule, _NO_ATTACK, 0.0) for rule in config.rules}
    for name, attack in config.attacks.items():
        console.print(name)
        for share in config.shares:
            for rule in config.rules:
                found = calm[rule] if not share else None
                found = found or _accuracies(config, problems, rule, attack, share)
                yield Point(name, share, rule, found)


_NO_ATTACK = AttackSettings("label_flip", {})


def _accuracies(
    config: Config, problems: list[Problem], rule: str, attack: AttackSettings, share: float
) -> list[float]:
    clients = config.problem.clients
    assault = Assault(attack, round(share * clients))
    made = Rule(config.rules[rule], clients, problems[0].size)
    return [
        round(train(problem, made, assault, seed)[-1], 4)
        for problem, seed in zip(problems, config.seeds, strict=True)
    ]
