"""The text of README.md, from results.json."""

import statistics

from tools.reference.tables import table

from experiments.page_parts import spread, where
from experiments.products.config import FOLDER
from experiments.stored import Document

PAGE = FOLDER / "README.md"
PLOT = FOLDER / "loss_per_client.png"
RANKS = {False: "one rank", True: "several ranks"}
_HEAD = """# Products of factors: what does each lose?

Written from `results.json` by `python -m experiments.products --page`; do not edit.

{clients} clients, each with habits and facts of its own, train {rounds} rounds with each product of
factors on a federation of real processes: once all with rank {rank}, and once with
{classes} in turn, of which {rank_for}. For each of {seeds} seeds data are drawn anew. A stack's
shared adapter has rank {maximum}. Numbers of so small a backbone say how products relate here, not
how they would elsewhere; the [page on products](../../docs/explanation/products.md) says why.

```sh
make experiment NAME=products
```

`config.yaml` has the settings.
"""


def page_text(document: Document) -> str:
    """The page."""
    return "\n".join([_head(document), _losses(document), _energies(document), where(document)])


def values(document: Document, field: str, product: str, *, several: bool) -> list[float]:
    """The numbers of a field, of every run of a kind."""
    return [
        number
        for run in document["runs"]
        if (run["product"], run["several"]) == (product, several)
        for number in run[field]
    ]


def kinds(document: Document) -> list[tuple[str, bool]]:
    """Products with one rank, then with several."""
    return [(name, several) for several in RANKS for name in document["config"]["products"]]


def _head(document: Document) -> str:
    config = document["config"]
    rank_for = (f"a {name} trains rank {rank}" for name, rank in config["rank_for"].items())
    return _HEAD.format(
        clients=config["clients"],
        rounds=config["run"]["stop"]["rounds"],
        rank=config["run"]["adapter"]["rank"],
        classes=" and ".join(config["classes"]),
        rank_for=", ".join(rank_for),
        seeds=len(config["seeds"]),
        maximum=config["products"]["stack"]["maximum_rank"],
    )


def _losses(document: Document) -> str:
    backbone = [number for run in document["runs"] for number in run["losses_backbone"]]
    rows = []
    for name, several in kinds(document):
        found = values(document, "losses", name, several=several)
        rows.append(
            (name, RANKS[several], *spread(found), _better(document, name, several=several))
        )
    return "\n".join(
        [
            "## Loss\n",
            "Mean token loss (nats) on each client's held-out rows, with the last adapter; the last"
            " column says for how many clients it is lower than with `factors`.\n",
            table(
                ("product", "clients", "mean", "deviation", "lowest", "highest", "below `factors`"),
                [("backbone alone", "", *spread(backbone), ""), *rows],
            ),
            "![Loss of each client with each product](loss_per_client.png)\n",
        ]
    )


def _better(document: Document, name: str, *, several: bool) -> str:
    """For how many clients a product's loss is below the one with the mean of factors."""
    if name == "factors":
        return ""
    found, plain = (values(document, "losses", each, several=several) for each in (name, "factors"))
    lower = sum(one < other for one, other in zip(found, plain, strict=True))
    return f"{lower} of {len(plain)}"


def _energies(document: Document) -> str:
    rows = []
    for name, several in kinds(document):
        found = values(document, "discarded_energy", name, several=several)
        if name != "factors":
            mean, highest = statistics.fmean(found), max(found)
            rows.append((name, RANKS[several], f"{mean:.2%}", f"{highest:.2%}"))
    return "\n".join(
        [
            "## Discarded energy\n",
            "Share of the squared norm of the merged products that the cut to the rank took.\n",
            table(("product", "clients", "mean of rounds", "highest"), rows),
        ]
    )
