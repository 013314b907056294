"""What the experiment is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent
FILE = FOLDER / "config.yaml"


@dataclass(frozen=True)
class ProblemSettings:
    """The federated problem.

    Attributes:
        clients: Clients, all of which take part in every round.
        skew: Share of a client's rows that comes from two classes of its own.
        held_out: Share of all images that no client has.
        rounds: Rounds of training.
        local_steps: Full-batch gradient steps of each client in a round.
        learning_rate: Of the local steps.
    """

    clients: int
    skew: float
    held_out: float
    rounds: int
    local_steps: int
    learning_rate: float


@dataclass(frozen=True)
class AttackSettings:
    """One attack.

    Attributes:
        attack: Name in `attacks.ATTACKS`.
        how: Its parameters.
    """

    attack: str
    how: Mapping[str, float]


@dataclass(frozen=True)
class Judgement:
    """When a rule has survived, and when the mean has failed.

    Attributes:
        share: Highest share of attackers that rules are held to.
        defended: Accuracy that each rule may lose, of what the mean reaches without attackers.
        failed: Accuracy by which the mean has failed.
    """

    share: float
    defended: Mapping[str, float]
    failed: float


@dataclass(frozen=True)
class Config:
    """The content of config.yaml.

    Attributes:
        seeds: One repetition each.
        shares: Shares of attackers.
        problem: The federated problem.
        attacks: Each attack, by its name for people.
        rules: The part `aggregate` of a run specification, by a name for people.
        judgement: What the experiment aims at.
    """

    seeds: Sequence[int]
    shares: Sequence[float]
    problem: ProblemSettings
    attacks: Mapping[str, AttackSettings]
    rules: Mapping[str, Mapping[str, Any]]
    judgement: Judgement


def load_config(path: Path = FILE) -> Config:
    """Reads the configuration."""
    document = yaml.safe_load(path.read_text())
    return Config(
        seeds=document["seeds"],
        shares=document["shares"],
        problem=ProblemSettings(**document["problem"]),
        attacks={name: AttackSettings(**each) for name, each in document["attacks"].items()},
        rules=document["rules"],
        judgement=Judgement(**document["judgement"]),
    )
