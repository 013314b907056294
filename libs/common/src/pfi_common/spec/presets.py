"""Named compositions from the literature. A preset fills defaults; explicit values win."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_PLAIN_SERVER = {"name": "sgd", "learning_rate": 1.0, "momentum": 0.0}
_ADAPTIVE_PAPER = "Reddi et al. 2021, Adaptive Federated Optimization"


@dataclass(frozen=True)
class Preset:
    """Defaults and where they come from.

    Attributes:
        paper: The publication.
        defaults: Parts of a run specification, as a document.
    """

    paper: str
    defaults: Mapping[str, Mapping[str, Any]]


PRESETS: Mapping[str, Preset] = {
    "fedavg": Preset(
        paper=(
            "McMahan et al. 2017, Communication-Efficient Learning of Deep Networks from"
            " Decentralized Data"
        ),
        defaults={
            "local": {"proximal_mu": 0.0},
            "aggregate": {"rule": "mean"},
            "server_optimizer": _PLAIN_SERVER,
        },
    ),
    "fedprox": Preset(
        # The paper tunes mu in {0.001, 0.01, 0.1, 1}; none works everywhere.
        paper="Li et al. 2020, Federated Optimization in Heterogeneous Networks",
        defaults={
            "local": {"proximal_mu": 0.01},
            "aggregate": {"rule": "mean"},
            "server_optimizer": _PLAIN_SERVER,
        },
    ),
    "fedavgm": Preset(
        paper=(
            "Hsu et al. 2019, Measuring the Effects of Non-Identical Data Distribution for"
            " Federated Visual Classification"
        ),
        defaults={
            "aggregate": {"rule": "mean"},
            "server_optimizer": {"name": "sgd", "learning_rate": 1.0, "momentum": 0.9},
        },
    ),
    # The paper tunes the server's learning rate from 1e-3 to 10, and none works everywhere; LoRA
    # matrices begin at about 0.02, so the lowest is taken.
    "fedadam": Preset(
        paper=_ADAPTIVE_PAPER,
        defaults={
            "aggregate": {"rule": "mean"},
            "server_optimizer": {"name": "adam", "learning_rate": 1e-3},
        },
    ),
    "fedyogi": Preset(
        paper=_ADAPTIVE_PAPER,
        defaults={
            "aggregate": {"rule": "mean"},
            "server_optimizer": {"name": "yogi", "learning_rate": 1e-3},
        },
    ),
    "fedadagrad": Preset(
        paper=_ADAPTIVE_PAPER,
        defaults={
            "aggregate": {"rule": "mean"},
            "server_optimizer": {"name": "adagrad", "learning_rate": 1e-3},
        },
    ),
}


def with_preset(document: Mapping[str, Any]) -> dict[str, Any]:
    """Fills what a document leaves open from the preset that it names, if there is such a preset.

    A part that chooses another variant than the preset (another server optimiser) takes nothing of
    the preset's.
    """
    filled = dict(document)
    name = document.get("preset")
    preset = PRESETS.get(name) if isinstance(name, str) else None
    for part, defaults in preset.defaults.items() if preset else ():
        given = document.get(part, {})
        if isinstance(given, Mapping) and given.get("name", defaults.get("name")) == defaults.get(
            "name"
        ):
            filled[part] = {**defaults, **given}
    return filled
