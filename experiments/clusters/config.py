"""What the experiment is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).resolve().parent
FILE = FOLDER / "config.yaml"


@dataclass(frozen=True)
class Config:
    """The content of config.yaml.

    Attributes:
        seeds: One repetition each.
        group_sizes: Clients of each planted group.
        rows: Rows of each client.
        run: Parts of both runs' specification.
        cluster: What the run with clusters has beyond them.
    """

    seeds: Sequence[int]
    group_sizes: Sequence[int]
    rows: int
    run: Mapping[str, Any]
    cluster: Mapping[str, Any]

    @property
    def clients(self) -> int:
        """Clients in all."""
        return sum(self.group_sizes)

    def spec(self, name: str, backbone: Path, seed: int, *, clustered: bool) -> dict[str, Any]:
        """The specification of one of the two runs."""
        document = {
            **self.run,
            "name": name,
            "backbone": {"model": str(backbone)},
            "cohort": {"size": self.clients},
            "seed": seed,
        }
        return document | ({"cluster": dict(self.cluster)} if clustered else {})


def load_config(path: Path = FILE) -> Config:
    """Reads the configuration."""
    return Config(**yaml.safe_load(path.read_text()))
