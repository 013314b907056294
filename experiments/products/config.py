"""What the experiment is made of."""

from collections.abc import Iterator, Mapping, Sequence
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
        clients: Clients in all.
        rows: Rows of each client.
        classes: Device classes of the clients, in turn.
        run: Parts of every run's specification.
        products: Part `aggregate` of each product.
        rank_for: Part `adapter.rank_for` of the runs with several ranks.
    """

    seeds: Sequence[int]
    clients: int
    rows: int
    classes: Sequence[str]
    run: Mapping[str, Any]
    products: Mapping[str, Mapping[str, Any]]
    rank_for: Mapping[str, int]

    def specs(self, backbone: Path, seed: int) -> Iterator[dict[str, Any]]:
        """The specifications of one repetition, named `<product>-<ranks>`."""
        for ranks, rank_for in (("one", {}), ("several", self.rank_for)):
            for product, aggregate in self.products.items():
                yield {
                    **self.run,
                    "name": f"{product}-{ranks}",
                    "backbone": {"model": str(backbone)},
                    "adapter": {**self.run["adapter"], "rank_for": dict(rank_for)},
                    "aggregate": dict(aggregate),
                    "cohort": {"size": self.clients},
                    "seed": seed,
                }


def load_config(path: Path = FILE) -> Config:
    """Reads the configuration."""
    return Config(**yaml.safe_load(path.read_text()))
